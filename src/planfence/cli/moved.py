"""How every stage move tells its outcome."""

from __future__ import annotations

import click

from planfence.errors import ExitCode
from planfence.gate.stage import Moved
from planfence.render.stage_text import findings_text


def tell(moved: Moved, done: str, refused: str) -> int:
    """Print what came of a move, its notes on standard error; return the exit code."""
    for note in moved.notes:
        click.echo(f"planfence: {note}", err=True)
    if moved.report.findings:
        click.echo(findings_text(moved.report.findings), err=moved.refused)
    if moved.refused:
        click.echo(f"{moved.scene.name}: {refused}, {len(moved.report.errors)} in the way", err=True)
        return ExitCode.FINDINGS
    click.echo(done)
    return ExitCode.CLEAN
