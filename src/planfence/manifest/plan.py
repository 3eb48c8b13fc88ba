"""The plan: one goal, its themes, roles and tasks. Data only; `planfile` reads it."""

from __future__ import annotations

from collections.abc import Mapping

from planfence.change.change import Action
from planfence.gitio import paths
from planfence.manifest.budget import Budget
from planfence.records import dataclass, field

#: The stages of a task, in order.
STAGES = ("plan", "implement", "review", "done")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One line of a task's `files`: a pattern, and what may happen to what it names (None: anything)."""

    path: str
    change: Action | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion: met by a command that exits 0, or by a reviewer's word of evidence."""

    id: str
    text: str
    run: str = ""
    review: bool = False


@dataclass(frozen=True, slots=True)
class Theme:
    """A kind of change: the paths that belong to it, and the Conventional Commits types that may carry it."""

    name: str
    paths: tuple[str, ...]
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One sub-goal, the unit of a commit. ``estimate_min`` is in minutes; ``roles`` maps a stage to a model."""

    id: str
    title: str
    theme: str
    estimate_min: float
    files: tuple[FileEntry, ...]
    acceptance: tuple[Criterion, ...] = ()
    depends_on: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = Budget()
    #: The patterns of `files`, in order; those that name one path; and whether any line states a `change`.
    patterns: tuple[str, ...] = field(init=False, repr=False, compare=False)
    named: frozenset[str] = field(init=False, repr=False, compare=False)
    states_changes: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A range asks these of every commit.
        object.__setattr__(self, "patterns", tuple(entry.path for entry in self.files))
        object.__setattr__(self, "named", frozenset(filter(paths.is_literal, self.patterns)))
        object.__setattr__(self, "states_changes", any(entry.change is not None for entry in self.files))

    def entries(self, path: str) -> tuple[FileEntry, ...]:
        """The lines of `files` that name this path."""
        return tuple(entry for entry in self.files if paths.matches((entry.path,), path))


@dataclass(frozen=True, slots=True)
class Risk:
    """What could go wrong, and what is done about it."""

    risk: str
    mitigation: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What every candidate must keep to: words for a reviewer, and a command that exits 0 if it holds."""

    text: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan. ``version`` rises by one with each amendment."""

    id: str
    version: int
    goal: str
    tasks: tuple[Task, ...]
    themes: Mapping[str, Theme] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    out_of_scope: tuple[str, ...] = ()
    risks: tuple[Risk, ...] = ()
    rollback: str = ""
    constraints: tuple[Constraint, ...] = ()
    #: What all its tasks together may cost.
    budget: Budget = Budget()

    def task(self, task_id: str) -> Task | None:
        """The task of this id, or None."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def limits(self, task: Task, default: Budget) -> bool:
        """Whether anything limits what a task costs: itself, the policy's ``default``, or the plan's own sum."""
        return bool(task.budget.under(default) or self.budget)

    def model_for(self, task: Task, stage: str) -> str:
        """Which model holds the role of this stage in this task; empty if nobody is named."""
        return task.roles.get(stage, self.roles.get(stage, ""))

    def themes_of(self, path: str) -> tuple[str, ...]:
        """The names of the themes that claim this path."""
        return tuple(theme.name for theme in self.themes.values() if paths.matches(theme.paths, path))
