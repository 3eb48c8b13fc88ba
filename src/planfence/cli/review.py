"""`planfence review`: the reviewer's answers, each with a word of evidence."""

from __future__ import annotations

import shlex
import sys
from typing import BinaryIO

import click

from planfence.cli.common import answered, confirmed, here, tell
from planfence.errors import ExitCode, PlanfenceError
from planfence.files.plain import read_given
from planfence.gate import reviews
from planfence.gate.gate import proof_of
from planfence.judge.situation import look
from planfence.ledger import reviewing
from planfence.ledger.reviewing import Point
from planfence.render import prove
from planfence.terminal import emit, say


@click.command("review")
@click.argument("task", default="")
@click.option("--checklist", is_flag=True, help="Print the checklist, to be filled in and given with --file.")
@click.option("--file", "filled", type=click.File("rb"), help="A filled-in checklist; `-` reads standard input.")
@click.option("--json", "given", type=click.File("rb"), help="An agent's answer; `-` reads standard input.")
def command(task: str, checklist: bool, filled: BinaryIO | None, given: BinaryIO | None) -> int:
    """Answer the review of TASK (`PLAN/TASK`; the active one): at the terminal, by a file, or by an agent's JSON."""
    repository = here()
    if checklist:
        scene = look(repository, task)
        first = "".join(f"# {line}\n" for line in prove.for_review(proof_of(scene), scene.task.title))
        emit(first + reviewing.checklist(scene.task))
        return int(ExitCode.CLEAN)
    notes = ""
    if filled is not None and given is not None:
        raise PlanfenceError("both --file and --json were given", hint="give one of them")
    if filled is not None:
        answers = reviewing.read_text(read_given(filled, "the checklist").decode("utf-8", "surrogateescape"))
    elif given is not None:
        answers, notes = reviewing.read_json(read_given(given, "the review"))
    elif sys.stdin.isatty():
        scene = look(repository, task)
        emit("".join(f"{line}\n" for line in prove.for_review(proof_of(scene), scene.task.title)))
        answers = reviews.ask(scene.task, _asked)
    else:
        raise PlanfenceError("nobody is at the terminal to answer", hint="give --file or --json")
    moved = reviews.record(look(repository, task), answers, notes)
    unmet = [answer for answer in answers if not answer.met]
    said = f"{moved.scene.name}: {len(answers)} answers recorded by {moved.scene.model}"
    more = ["all met: planfence finish"]
    if unmet:
        why = shlex.quote(f"{unmet[0].criterion}: {unmet[0].evidence}")
        more = [f"not met: {answer.criterion}: {answer.evidence}" for answer in unmet]
        more.append(f"send it back: planfence rework --why {why}")
    return tell(moved, said, "review not recorded", *more)


def _asked(point: Point) -> tuple[bool, str]:
    met = confirmed(f"{point.id}: {point.text}. Met?")
    while not (evidence := answered("  what did you look at")):
        say("  a word of evidence is needed: a file and line, or a command and what it said", err=True)
    return met, evidence
