"""`planfence start`: begin a task in this worktree."""

from __future__ import annotations

import math
import os
import select
import sys
import time
from pathlib import Path
from typing import BinaryIO

import click

from planfence.cli.common import here, tell, tell_request
from planfence.errors import PlanfenceError
from planfence.files.plain import read_given
from planfence.gate import stage
from planfence.gate.requests import ask_role, ask_share
from planfence.gate.taskworktree import start_apart
from planfence.gitio.repository import branch_of
from planfence.judge.situation import Scene, look
from planfence.log.reader import number
from planfence.plan.advise import advice
from planfence.report.forecast import to_ask
from planfence.rules.ways import quote
from planfence.terminal import emit, say

#: A terminal does not prove a person: after so many seconds without an answer the plan's estimate is taken.
ANSWER_S = 30
_TRIES = 3


@click.command()
@click.argument("task")
@click.option(
    "--worktree",
    "folder",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[DIR]",
    help="Make a branch and a worktree for it (beside the main one, or DIR), and start it there.",
)
@click.option("--prompt", type=click.File("rb"), help="Keep this prompt with the entry; `-` reads standard input.")
@click.option(
    "--take-over", default="", metavar="WHY", help="Take over the implementer's role; recorded with its reason."
)
@click.option(
    "--estimate",
    type=click.FloatRange(1, 100_000),
    metavar="MINUTES",
    help="Your forecast, instead of the plan's. Never asks.",
)
@click.option(
    "--share",
    multiple=True,
    metavar="PATH",
    help="Let TASK change a file that another active task claims; may be repeated, needs --why.",
)
@click.option("--why", default="", help="Why both tasks must change what is shared; recorded.")
def command(
    task: str,
    folder: str | None,
    prompt: BinaryIO | None,
    take_over: str,
    estimate: float | None,
    share: tuple[str, ...],
    why: str,
) -> int:
    """Begin TASK (`PLAN/TASK`), or go back to it: it is then this worktree's active task.

    It claims the files that its plan lists. If another active task claims one of them (of any plan, worktree or synced
    clone), it is not started, unless a person shares the file. If a model asks for that, a request waits for a person.

    A person at a terminal is asked for a forecast while a trial runs, or if the plan's is more than two weeks old;
    an empty answer, or none in half a minute, takes the plan's.
    """
    repository = here()
    scene = look(repository, task)
    if estimate is not None and math.isnan(estimate):
        raise PlanfenceError("nan is no number of minutes", hint="--estimate 45")
    if estimate is None and prompt is None and (planned := _to_ask(scene)) is not None:
        estimate = _ask(planned)
        scene = look(repository, task)  # the answer may have taken a while
    data = b"" if prompt is None else read_given(prompt, "the prompt")
    if take_over and (asked := ask_role(scene, "take-over", "", take_over)) is not None:
        return tell_request(asked)
    if share and (asked := ask_share(scene, share, why)) is not None:
        return tell_request(asked)
    wish = stage.StartOptions(data, take_over, estimate or 0.0, share, why)
    if folder is None:
        return told(stage.start(scene, wish), wish)
    moved = start_apart(scene, Path(folder).absolute() if folder else None, wish)
    return told(moved, wish, f"cd {quote(moved.scene.repository.top_name)}")


def told(moved: stage.Moved, wish: stage.StartOptions, *more: str) -> int:
    """Say what came of a start, and what is worth knowing at one; return the exit code."""
    scene = moved.scene
    if not moved.refused:
        for said in advice(scene.repository, scene.policy, scene.plan, [scene.task]):
            say(f"planfence: worth it? {said}", err=True)
        branch = branch_of(scene.repository)
        if branch and scene.policy.guards(branch):
            own = f"`planfence start {scene.name} --worktree` makes one, after `planfence finish --leave`"
            say(f"planfence: {branch} is protected: a task is better worked on on a branch of its own; {own}", err=True)
    holder = scene.state.holder(scene.plan, scene.task, str(moved.stage)) or scene.model
    held = f"stage {moved.stage}, held by {scene.model if wish.take_over else holder}"
    minutes = wish.estimate or scene.task.estimate_min
    return tell(
        moved, f"{scene.name} is active: {scene.task.title}", "not started", f"{held}, estimated {minutes:g} min", *more
    )


def _to_ask(scene: Scene) -> float | None:
    """The plan's estimate, if a person at a terminal is to say what they think of it."""
    at_terminal = os.name == "posix" and sys.stdin.isatty() and sys.stderr.isatty()
    return to_ask(scene, int(time.time())) if at_terminal else None


def _ask(planned: float) -> float:
    """Ask for a forecast; 0 if there is no answer, or none that is a number of minutes."""
    for _ in range(_TRIES):
        emit(f"your forecast, in minutes of work [{planned:g}]: ", err=True)
        ready, _, _ = select.select([sys.stdin], [], [], ANSWER_S)
        if not ready:
            emit(f"\nno answer: the plan's {planned:g} min\n", err=True)
            return 0.0
        answer = sys.stdin.readline().strip()
        minutes = number(answer) or 0.0
        if not answer or 1 <= minutes <= 100_000:
            return minutes
        say("a number of minutes, such as 45", err=True)
    say(f"the plan's {planned:g} min", err=True)
    return 0.0
