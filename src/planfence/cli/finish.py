"""`planfence finish`: close a task whose review is done."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell
from planfence.errors import ExitCode, PlanfenceError
from planfence.gate import stage
from planfence.gate.taskworktree import finish_and_remove
from planfence.judge.situation import look
from planfence.rules.ways import quote
from planfence.terminal import say


@click.command()
@click.argument("task", default="")
@click.option("--leave", is_flag=True, help="Only stop working on it in this worktree; its stage stays.")
@click.option("--remove", is_flag=True, help="Then take its worktree away, if it is merged and nothing is in it.")
def command(task: str, *, leave: bool, remove: bool) -> int:
    """Close TASK (the active one): its review is done, its clock stops, no task is active."""
    if remove:
        if leave:
            raise PlanfenceError("--remove finishes a task, --leave does not", hint="choose one")
        return _remove(task)
    moved = stage.finish(look(here(), task), leave=leave)
    return tell(moved, f"{moved.scene.name}: {'left' if leave else 'finished'}, stage {moved.stage}", "not finished")


def _remove(task: str) -> int:
    done = finish_and_remove(here(), task)
    code = 0
    if done.moved is not None:
        code = tell(done.moved, f"{done.task}: finished, stage {done.moved.stage}", "not finished")
        if done.moved.refused:
            return code
    if done.kept:
        say(f"{done.top} stays:", err=True)
        for reason in done.kept:
            say(f"  {reason}", err=True)
        return int(ExitCode.FINDINGS)
    say(f"{done.top} is removed" + (f", and its branch {done.branch}" if done.branch else ""))
    say(f"cd {quote(done.main)}")
    return code
