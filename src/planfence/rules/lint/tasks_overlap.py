"""Two tasks touch the same files, and neither waits for the other.

## What it checks
Whether some path is allowed by the `files` of two tasks of which neither depends on the other, directly or
through others. `deny` is not counted: it takes files away from one task only.

## Why is this bad?
Two agents that work at once on one file undo each other's work, or fight over its merge.

## Fix
Let the later one wait (`depends_on`), or give the files to one of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence

from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.gitio.globs import overlap
from planfence.manifest.plan import Task
from planfence.rules.lint.base import LintContext, LintRule

#: So many findings are shown of one plan, and so many pairs of patterns looked at: if every two tasks overlap, their
#: number is about the square of that of the tasks.
_SHOWN = 1000
_LOOKED_AT = 1_000_000


def check(ctx: LintContext) -> Iterator[Finding]:
    known, waits, told = _PatternIndex(), _Waits(ctx.plan.tasks), 0
    for number, (path, later) in enumerate(ctx.numbered()):
        shared: dict[int, tuple[int, str, str]] = {}
        for index, pattern in enumerate(later.patterns):
            for other, holders in known.overlapping(pattern):
                for earlier in _bits(holders & ~waits.related(number), _SHOWN - told):
                    shared.setdefault(earlier, (index, pattern, other))
        for earlier, (index, pattern, other) in sorted(shared.items()):
            same = f"`{pattern}`" if pattern == other else f"`{other}` and `{pattern}`"
            name = ctx.plan.tasks[earlier].id
            message = f"tasks {name} and {later.id} both touch {same}, and neither waits for the other"
            fix = f'add `depends_on = ["{name}"]` to {later.id}'
            yield RULE.at(ctx, (*path, "files", index, "path"), message, fix)
        told += len(shared)
        if told >= _SHOWN:
            yield RULE.at(ctx, ("tasks",), "there may be more tasks that overlap", "begin with those that are named")
            return
        if known.looked_at > _LOOKED_AT:
            message = f"the tasks from {later.id} on were not compared: too many patterns begin alike"
            yield RULE.at(ctx, (*path, "files"), message, "write more of the path in front of the first wildcard")
            return
        known.add(number, later.patterns)


def _bits(number: int, most: int) -> Iterator[int]:
    """The places of the bits that are set, the lowest first, ``most`` at most."""
    while number and most > 0:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
        most -= 1


class _PatternIndex:
    """The patterns of the tasks so far, each with the tasks that list it (the bits of a number).

    Two patterns can name one path only if what stands before the first wildcard of the one begins what stands there in
    the other; so each is kept under that beginning. A path without a wildcard is all beginning.
    """

    def __init__(self) -> None:
        self.looked_at = 0
        self._at: dict[str, dict[str, tuple[str, int]]] = {}
        self._starts: list[str] = []

    def add(self, number: int, patterns: tuple[str, ...]) -> None:
        for pattern in patterns:
            start, end = _ends(pattern)
            if start not in self._at:
                self._at[start] = {}
                insort(self._starts, start)
            holders = self._at[start].get(pattern, (end, 0))[1]
            self._at[start][pattern] = end, holders | 1 << number

    def overlapping(self, pattern: str) -> Iterator[tuple[str, int]]:
        """The patterns that can name a path that this one names, with their tasks."""
        end = _ends(pattern)[1]
        for start in self._starts_like(pattern):
            self.looked_at += len(self._at[start])
            for other, (others, holders) in self._at[start].items():
                if (end.endswith(others) or others.endswith(end)) and overlap(pattern, other):
                    yield other, holders

    def _starts_like(self, pattern: str) -> Iterator[str]:
        start = _ends(pattern)[0]
        yield from (start[:length] for length in range(len(start) + 1) if start[:length] in self._at)
        if paths.is_literal(pattern):
            return
        for index in range(bisect_right(self._starts, start), len(self._starts)):
            if not self._starts[index].startswith(start):
                return
            yield self._starts[index]


def _ends(pattern: str) -> tuple[str, str]:
    """What every path that the pattern names begins and ends with. `**/` may stand for nothing, its slash too."""
    parts = re.split(r"[*?\[\]]", pattern)
    return parts[0], parts[-1].lstrip("/") if len(parts) > 1 else pattern


class _Waits:
    """Which tasks wait for which, directly or through others; found out at the first question."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._related: list[int] = []

    def related(self, task: int) -> int:
        """The tasks, as the bits of a number, that wait for this one or that it waits for."""
        if not self._related:
            number = {each.id: index for index, each in reversed(list(enumerate(self._tasks)))}
            direct = [[number[other] for other in each.depends_on if other in number] for each in self._tasks]
            back: list[list[int]] = [[] for _ in direct]
            for each, others in enumerate(direct):
                for other in others:
                    back[other].append(each)
            self._related = [one | other for one, other in zip(_reached(direct), _reached(back), strict=True)]
        return self._related[task]


def _reached(direct: list[list[int]]) -> list[int]:
    """For each node of a graph without circles (a plan with one is not linted) all that it leads to."""
    found = [0] * len(direct)
    done = [False] * len(direct)
    for start in range(len(direct)):
        waiting = [start]
        while waiting:
            node = waiting[-1]
            before = [] if done[node] else [other for other in direct[node] if not done[other]]
            if before:
                waiting += before
                continue
            waiting.pop()
            if not done[node]:
                done[node] = True
                for other in direct[node]:
                    found[node] |= found[other] | 1 << other
    return found


RULE = LintRule("LNT012", "tasks-overlap", Severity.ERROR, check)
