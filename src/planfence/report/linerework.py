"""How many of a task's lines another task changed again soon: every line has an owner, and diffs are replayed.

Each change is a first-parent step of the history, oldest first, with its hunks without context (`-U0`). A line that is
taken away or replaced within the window, by another task than the one that wrote it, counts against its owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

Owner = tuple[str, int] | None


class HunkRange(NamedTuple):
    """`@@ -old,gone +new,come @@`: 1-based first lines and counts, as in a unified diff without context."""

    path: str
    old: int
    gone: int
    new: int
    come: int


class TaskCommit(NamedTuple):
    """One commit of the history: its time (seconds since the epoch), its task ("" for none), its hunks."""

    epoch: int
    task: str
    hunks: tuple[HunkRange, ...]


def replay(steps: Iterable[TaskCommit], window_s: int) -> dict[str, tuple[int, int]]:
    """By task the lines that it added, and those that another changed again within the window.

    A file that began before the history has lines without owners.
    """
    files: dict[str, list[Owner]] = defaultdict(list)
    added: dict[str, int] = defaultdict(int)
    redone: dict[str, int] = defaultdict(int)
    for step in steps:
        for hunk in sorted(step.hunks, key=lambda hunk: (hunk.path, -hunk.old)):
            owners = files[hunk.path]
            # Where nothing goes, the hunk says after which line something comes.
            start = hunk.old - 1 if hunk.gone else hunk.old
            owners.extend([None] * (start + hunk.gone - len(owners)))
            for owner in owners[start : start + hunk.gone]:
                if owner is not None and owner[0] != step.task and step.epoch <= owner[1] + window_s:
                    redone[owner[0]] += 1
            owners[start : start + hunk.gone] = [(step.task, step.epoch) if step.task else None] * hunk.come
            if step.task:
                added[step.task] += hunk.come
    return {task: (count, redone[task]) for task, count in added.items()}
