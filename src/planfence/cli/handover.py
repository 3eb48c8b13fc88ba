"""`planfence handover`: give the role of a task's present stage to another."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell
from planfence.gate import stage


@click.command()
@click.argument("task", default="")
@click.option("--to", required=True, metavar="MODEL", help="Who holds the role from here on; `human` is one.")
@click.option("--why", required=True, help="The reason; kept with the entry.")
def command(task: str, to: str, why: str) -> int:
    """Give the role of TASK's present stage to MODEL."""
    moved = stage.hand_over(here(), why, to, task)
    return tell(moved, f"{moved.scene.name}: {moved.stage} is held by {to}", "not handed over")
