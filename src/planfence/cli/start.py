"""`planfence start`: begin a task in this worktree."""

from __future__ import annotations

from typing import BinaryIO

import click

from planfence.app import stage
from planfence.app.worth import advice
from planfence.cli.common import here
from planfence.cli.moved import tell


@click.command()
@click.argument("task")
@click.option("--prompt", type=click.File("rb"), help="Keep this prompt with the entry; `-` reads standard input.")
@click.option(
    "--take-over", default="", metavar="WHY", help="Take over the implementer's role; recorded with its reason."
)
def command(task: str, prompt: BinaryIO | None, take_over: str) -> int:
    """Begin TASK (`PLAN/TASK`), or go back to it: it is then this worktree's active task."""
    data = b"" if prompt is None else prompt.read()
    moved = stage.start(here(), task, prompt=data, take_over=take_over)
    name, model = moved.scene.name, moved.scene.model
    holder = moved.scene.state.holder(moved.scene.plan, moved.scene.task, str(moved.stage)) or model
    if not moved.refused:
        for said in advice(moved.scene.repository, moved.scene.policy, moved.scene.plan, [moved.scene.task]):
            click.echo(f"planfence: worth it? {said}", err=True)
    return tell(
        moved,
        f"{name} is active: {moved.scene.task.title}\n"
        f"stage {moved.stage}, held by {model if take_over else holder}, "
        f"estimated {moved.scene.task.estimate_min:g} min",
        "not started",
    )
