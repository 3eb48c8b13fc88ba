"""`planfence finish`: close a task whose review is done."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell
from planfence.gate import stage


@click.command()
@click.argument("task", default="")
@click.option("--leave", is_flag=True, help="Only stop working on it in this worktree; its stage stays.")
def command(task: str, leave: bool) -> int:
    """Close TASK (the active one): its review is done, its clock stops, no task is active."""
    moved = stage.finish(here(), task, leave=leave)
    return tell(moved, f"{moved.scene.name}: {'left' if leave else 'finished'}, stage {moved.stage}", "not finished")
