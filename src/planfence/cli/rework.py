"""`planfence rework`: send a task back from review to implement."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell
from planfence.gate import stage
from planfence.judge.situation import look


@click.command()
@click.argument("task", default="")
@click.option("--why", required=True, help="What must change; kept with the entry.")
@click.option("--to", default="", metavar="MODEL", help="Who implements the next round.")
def command(task: str, why: str, to: str) -> int:
    """Send TASK (the active one) back from review to implement."""
    moved = stage.rework(look(here(), task), why, to=to)
    return tell(
        moved,
        f"{moved.scene.name}: sent back, round {moved.scene.state.round + 1} of rework"
        + (f", held by {to}" if to else ""),
        "not sent back",
    )
