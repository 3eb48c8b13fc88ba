"""What a plan allows in a task, and what another version of it would allow besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from planfence.change.change import Action
from planfence.gitio import paths
from planfence.gitio.pathsets import PathSet, first_outside
from planfence.manifest.budget import KINDS, UNLIMITED, Budget
from planfence.manifest.plan import Criterion, FileEntry, Plan, Task

#: The stages whose roles a plan gives.
_ROLES = ("plan", "implement", "review")


def wider(
    before: tuple[Plan, Task],
    after: tuple[Plan, Task],
    *,
    protected: Sequence[str] = (),
    done: Collection[str] = (),
    budget: Budget = UNLIMITED,
) -> Iterator[str]:
    """Say what a task may in ``after`` (a plan and its task) that it may not in ``before``.

    ``protected`` are the policy's patterns, whose paths a task must name literally; ``done`` the ids of the plan's
    tasks that are done, for which nothing waits; ``budget`` is the policy's, for a task without one of its own.
    """
    (old_plan, old), (new_plan, new) = before, after
    yield from _files(before, after)
    for path in sorted(new.named - old.named):
        if paths.matches(protected, path):
            yield f"{path}, which is protected, by its name"
    yield from _types(before, after)
    yield from (f"without waiting for {name}" for name in old.depends_on if name not in (*new.depends_on, *done))
    kept = set(map(_asked, new.acceptance))
    yield from (f"without the criterion {each.id} as it was" for each in old.acceptance if _asked(each) not in kept)
    for stage in _ROLES:
        holder = old_plan.model_for(old, stage)
        if holder and holder != new_plan.model_for(new, stage):
            yield f"another than {holder} holds its {stage} role"
    if new.estimate_min > old.estimate_min:
        yield f"{new.estimate_min:g} minutes instead of {old.estimate_min:g}"
    yield from _dearer("a budget", old.budget.under(budget), new.budget.under(budget))
    yield from _dearer("a plan's budget", old_plan.budget, new_plan.budget)
    rules = {(each.text, each.run) for each in new_plan.constraints}
    for each in old_plan.constraints:
        if (each.text, each.run) not in rules:
            yield f"without the constraint {each.text!r}"
    for text in old_plan.out_of_scope:
        if text not in new_plan.out_of_scope:
            yield f"{text!r} is no longer out of scope"


def _dearer(what: str, old: Budget, new: Budget) -> Iterator[str]:
    for name in new.wider_than(old):
        limit = new.of(name)
        more = f"of {limit:g}" if limit else "without end"
        yield f"{what} {more} instead of {old.of(name):g} {KINDS[name]}"


def _files(before: tuple[Plan, Task], after: tuple[Plan, Task]) -> Iterator[str]:
    for entry in after[1].files:
        # A policy may let themes mix, so that what only a theme bars may be new all the same.
        asked = (
            first_outside(_allowed(after, action, themed, entry), _allowed(before, action, themed))
            for action in (Action if entry.change is None else (entry.change,))
            for themed in (True, False)
        )
        path = next((path for path in asked if path is not None), None)
        if path is not None:
            such = "" if path == entry.path else f", such as {path}"
            yield f"{entry.path} {entry.change or 'any change'}{such}"


def _allowed(side: tuple[Plan, Task], action: Action, themed: bool, only: FileEntry | None = None) -> PathSet:
    """The paths that a task may do this to: listed, not denied, and, ``themed``, not another theme's alone."""
    plan, task = side
    listed = (only,) if only else task.files
    wanted = tuple(entry.path for entry in listed if entry.change in (None, action))
    if not themed:
        return PathSet(wanted, task.deny)
    own = plan.themes.get(task.theme)
    return PathSet(
        wanted=wanted,
        barred=task.deny,
        others=tuple(each for theme in plan.themes.values() if theme.name != task.theme for each in theme.paths),
        own=own.paths if own else (),
    )


def _types(before: tuple[Plan, Task], after: tuple[Plan, Task]) -> Iterator[str]:
    old, new = (plan.themes[task.theme].types if task.theme in plan.themes else () for plan, task in (before, after))
    if old and not new:
        yield "commits of every type"
    yield from (f"`{word}:` commits" for word in new if old and word not in old)


def _asked(criterion: Criterion) -> tuple[str, str, bool, str]:
    """What a criterion asks for; of one that a command decides, the words decide nothing."""
    return criterion.id, criterion.run, criterion.review, criterion.text if criterion.review else ""
