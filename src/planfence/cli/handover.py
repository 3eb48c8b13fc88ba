"""`planfence handover`: give the role of a task's present stage to another."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell, tell_request
from planfence.gate import stage
from planfence.gate.requests import ask_role
from planfence.identity import checked
from planfence.judge.situation import look


@click.command()
@click.argument("task", default="")
@click.option("--to", required=True, metavar="MODEL", help="Who holds the role from here on; `human` is one.")
@click.option("--why", required=True, help="The reason; kept with the entry.")
def command(task: str, to: str, why: str) -> int:
    """Give the role of TASK's present stage to MODEL; if a model asks, a request waits for a person."""
    scene = look(here(), task)
    if (asked := ask_role(scene, "handover", checked(to, "--to"), why)) is not None:
        return tell_request(asked)
    moved = stage.hand_over(scene, why, to)
    return tell(moved, f"{moved.scene.name}: {moved.stage} is held by {to}", "not handed over")
