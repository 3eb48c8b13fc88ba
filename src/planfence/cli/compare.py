"""`planfence compare`: two candidates for one task."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.cli.live import Live
from planfence.errors import ExitCode
from planfence.gate import compare as use
from planfence.render import comparison
from planfence.terminal import emit


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--task", default="", help="The task (PLAN/TASK); otherwise the one that their commits name.")
def command(first: str, second: str, task: str) -> int:
    """Compare two candidate branches for one task: tests first, then constraints, then the lower risk.

    Exit codes: 0 one of them is to be taken, 1 a tie or neither.
    """
    live = Live(err=True)
    with live as told:
        found = use.compare(here(), first, second, told, task=task)
    emit(comparison.table(*found.candidates, found.verdict, found.task))
    if found.warning:
        live.say(found.warning)
    return int(ExitCode.CLEAN if found.verdict.winner else ExitCode.FINDINGS)
