"""What a plan lint rule is, and what it may look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.manifest.tomlsource import Path, TomlSource
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class RepositoryPaths:
    """The paths that the repository holds, and the folders that they are in."""

    paths: frozenset[str]
    folders: frozenset[str]

    @classmethod
    def of(cls, paths: frozenset[str]) -> RepositoryPaths:
        """Build it from the paths alone."""
        folders: set[str] = set()
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        return cls(paths, frozenset(folders))


@dataclass(frozen=True, slots=True)
class LintContext:
    """One plan and what it is held against. ``source`` knows the places, ``tree`` is None if it is not known."""

    plan: Plan
    policy: Policy
    source: TomlSource
    tree: RepositoryPaths | None = None

    def numbered(self) -> Iterator[tuple[Path, Task]]:
        """The tasks, each with its path in the source."""
        for number, task in enumerate(self.plan.tasks):
            yield ("tasks", number), task


LintCheck = Callable[[LintContext], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """One lint rule: code and name are never reused; ``severity`` is the default; its module is its documentation."""

    code: str
    name: str
    severity: Severity
    check: LintCheck

    def at(self, ctx: LintContext, path: Path, message: str, *fixes: str, weight: Severity | None = None) -> Finding:
        """Report something about what stands at this path of the plan (if it is missing: its parent).

        ``weight`` where it weighs less than the rule.
        """
        place = ctx.source.value(path)
        return Finding(
            self.code,
            self.name,
            weight or self.severity,
            message,
            path=ctx.source.path,
            line=place.line,
            column=place.column,
            fixes=fixes,
        )

    @property
    def documentation(self) -> str:
        """The rule's own documentation, from its module."""
        return (sys.modules[self.check.__module__].__doc__ or "").strip()
