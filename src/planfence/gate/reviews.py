"""A review: asked point by point, answered with evidence, recorded by who gave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from planfence.gate import stage
from planfence.gate.stage import Moved
from planfence.judge.situation import Scene
from planfence.ledger import reviewing
from planfence.ledger.reviewing import Point
from planfence.ledger.transitions import Answer
from planfence.manifest.plan import Task


def record(scene: Scene, answers: Iterable[Answer], notes: str = "") -> Moved:
    """Check a review's answers and write them to the ledger; raises where one lacks its word of evidence."""
    checked = reviewing.check(answers, scene.task)
    told = _told(scene.task.title, checked, notes)
    return stage.answer(scene, {answer.criterion: answer for answer in checked}, told)


def _told(title: str, answers: Iterable[Answer], notes: str) -> bytes:
    lines = [f"# Review: {title}", ""]
    lines += [f"- [{'x' if each.met else ' '}] {each.criterion}: {each.evidence}" for each in answers]
    return "\n".join([*lines, "", notes, ""] if notes else [*lines, ""]).encode("utf-8", "surrogateescape")


def ask(task: Task, answer: Callable[[Point], tuple[bool, str]]) -> tuple[Answer, ...]:
    """Ask every point of a task's review; ``answer`` returns whether it is met, and the evidence."""
    return tuple(Answer(point.id, *answer(point)) for point in reviewing.points(task))
