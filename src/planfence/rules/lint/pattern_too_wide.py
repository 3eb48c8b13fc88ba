"""A task lists a pattern that allows nearly everything.

## What it checks
What each pattern of a task's `files` matches among the files that git tracks: more than a third of them, two at
least, are too many, and so is `**` in any repository. A pattern for files that are not there yet matches none. If
the files are not known, the pattern's shape counts: a whole folder at the top (`src/**`, `src/*`, `src/**/*.py`).
Patterns of themes and of `deny` may be wide.

## Why is this bad?
A task that may touch everything fences nothing in, and nobody can tell which work it stands for.

## Fix
List the files, or the folder one level down that the task is about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.gitio.globs import is_wide
from planfence.rules.lint.base import LintContext, LintRule

#: One of so many tracked files is the most that a pattern may match.
_SHARE = 3
_FIX = "list the files, or a folder further in"


def check(ctx: LintContext) -> Iterator[Finding]:
    tracked = _Tracked(ctx.tree.paths) if ctx.tree is not None else None
    known: dict[str, str] = {}
    for path, task in ctx.numbered():
        for index, entry in enumerate(task.files):
            pattern = entry.path
            if pattern not in known:
                known[pattern] = "" if paths.is_literal(pattern) else _excess(pattern, tracked)
            if known[pattern]:
                message = f"task {task.id}: `{pattern}` allows nearly everything{known[pattern]}"
                yield RULE.at(ctx, (*path, "files", index, "path"), message, _FIX)


class _Tracked:
    """The tracked files in the order of their names, and of their names read backwards."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        self._backwards = sorted(name[::-1] for name in self.names)

    def candidates(self, pattern: str) -> Sequence[str]:
        """What begins as the pattern does; nothing if that, or what ends as it does, is few: most need no more."""
        start = min(at for char in "*?[" if (at := pattern.find(char)) >= 0)
        end = max(pattern.rfind(char) for char in "*?]/") + 1
        found = _beginning(self.names, pattern[:start])
        ending = _beginning(self._backwards, pattern[end:][::-1])
        return self.names[slice(*found)] if all(self.too_many(last - first) for first, last in (found, ending)) else ()

    def too_many(self, count: int) -> bool:
        return count * _SHARE > len(self.names)


def _beginning(names: Sequence[str], start: str) -> tuple[int, int]:
    """Where, in sorted names, those that begin so stand."""
    return bisect_left(names, start), bisect_left(names, f"{start}\U0010ffff")


def _excess(pattern: str, tracked: _Tracked | None) -> str:
    """Return how much too much the pattern allows, in words; empty if it does not."""
    if tracked is None or not pattern.strip("*?/"):
        return " there may be" if is_wide(pattern) else ""
    found = sum(paths.matches((pattern,), path) for path in tracked.candidates(pattern))
    return f": {found} of {len(tracked.names)} files" if found > 1 and tracked.too_many(found) else ""


RULE = LintRule("LNT001", "pattern-too-wide", Severity.ERROR, check)
