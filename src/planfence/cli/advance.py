"""`planfence advance`: move a task on to its next stage."""

from __future__ import annotations

import click

from planfence.boundary import push
from planfence.cli.common import here, tell
from planfence.gate import stage


@click.command()
@click.argument("task", default="")
def command(task: str) -> int:
    """Move TASK (the active one) on: from implement to review, from review to done."""
    repository = here()
    moved = stage.advance(repository, task)
    if not moved.refused:
        push.foresee(repository, moved.scene.head)
    return tell(moved, f"{moved.scene.name}: {moved.scene.stage} → {moved.stage}", f"stays in {moved.scene.stage}")
