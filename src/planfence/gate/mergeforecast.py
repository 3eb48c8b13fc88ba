"""Which branches would conflict if they were merged, and in which order to merge them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from planfence.change.mergetrial import MergeResult, MergeTrials, Side
from planfence.errors import PlanfenceError
from planfence.gate.rows import Board, Row
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import Worktree, worktrees
from planfence.ledger.records import base_refs
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Clash:
    """Two sides that do not merge cleanly: the files that would conflict (none: they have no common commit)."""

    ours: str
    theirs: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForecastMerge:
    """One merge into the base, after those before it: the files that would then conflict (None: it can't be merged)."""

    branch: str
    tasks: tuple[str, ...]
    files: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """``clashes`` are all pairs that do not merge cleanly, those with the base first; ``order`` is how to merge.

    From the first step with conflicts on, it is git's half-merged files that are merged into.
    """

    base: str
    branches: tuple[str, ...]
    clashes: tuple[Clash, ...]
    order: tuple[ForecastMerge, ...]


def forecast(repository: Repository, found: Board) -> Forecast:
    """Try all merges of the worktrees' branches that the base lacks: of each into the base, and of each two.

    ``found`` is the board with all plans, and with the tasks that are done. Raises :class:`PlanfenceError` if the base
    is not here.
    """
    base = found.base
    refs = base_refs(repository, base)
    if not refs:
        raise PlanfenceError(f"there is no branch {base} to merge into", hint=f"git fetch origin {base}")
    trunk = Side(repository.git.text("rev-parse", f"{refs[0]}^{{commit}}"), base)
    sides = _sides(repository, trunk)
    tasks = {side.name: _tasks(found.rows, place) for side, place in sides}
    branches = [side for side, _ in sides]
    with MergeTrials(repository) as trials:
        clashes: list[Clash] = []
        onto = dict(zip(branches, trials.merges(trunk, branches), strict=True))
        for number, ours in enumerate([trunk, *branches]):
            theirs = branches[number:]
            outcomes = list(onto.values()) if ours is trunk else trials.merges(ours, theirs)
            clashes += [
                Clash(ours.name, other.name, each.files)
                for other, each in zip(theirs, outcomes, strict=True)
                if not each.clean
            ]
        order = _order(trials, trunk, onto, _behind(tasks, found.rows), clashes)
    merges = (ForecastMerge(name, tasks[name], files) for name, files in order)
    return Forecast(base, tuple(side.name for side in branches), tuple(clashes), tuple(merges))


def _sides(repository: Repository, trunk: Side) -> list[tuple[Side, Worktree]]:
    """The worktrees whose HEAD has commits that the base lacks; two at the same commit are one."""
    found: dict[str, tuple[Side, Worktree]] = {}
    for each in worktrees(repository):
        if each.head and repository.git.text("rev-list", "-n1", each.head, f"^{trunk.commit}"):
            found.setdefault(each.head, (Side(each.head, each.branch or each.head[:12]), each))
    return sorted(found.values(), key=lambda pair: pair[0].name)


def _tasks(rows: Iterable[Row], place: Worktree) -> tuple[str, ...]:
    return tuple(row.task for row in rows if row.worktree == place.top)


def _order(
    trials: MergeTrials,
    trunk: Side,
    onto: Mapping[Side, MergeResult],
    behind: Mapping[str, set[str]],
    clashes: Sequence[Clash],
) -> list[tuple[str, tuple[str, ...] | None]]:
    """Dependencies first, then the fewest files in conflict with what is merged by then, then with what is left.

    Returns each branch with the files that would conflict then, as :class:`ForecastMerge` has them.
    """
    left, now, order = dict(onto), trunk, list[tuple[str, tuple[str, ...] | None]]()
    while left:
        names = {side.name for side in left}
        ranks = {
            side: (
                not names.isdisjoint(behind[side.name]),
                outcome.unrelated,
                len(outcome.files),
                _later(side.name, names, clashes),
                side.name,
            )
            for side, outcome in left.items()
        }
        best = min(left, key=ranks.__getitem__)
        outcome = left.pop(best)
        order.append((best.name, None if outcome.unrelated else outcome.files))
        if not outcome.unrelated and left:
            now = Side(trials.committed(outcome.tree, (now.commit, best.commit)), trunk.name)
            left = dict(zip(left, trials.merges(now, list(left)), strict=True))
    return order


def _behind(tasks: Mapping[str, Sequence[str]], rows: Iterable[Row]) -> dict[str, set[str]]:
    """By branch, the others that have a task on which one of its own depends."""
    needs = {row.task: row.needs for row in rows}
    waits = {name: {task for each in mine for task in needs[each]} - {*mine} for name, mine in tasks.items()}
    return {name: {other for other in tasks if not waits[name].isdisjoint(tasks[other])} for name in tasks}


def _later(name: str, left: set[str], clashes: Sequence[Clash]) -> int:
    """How many files it would put in conflict with the branches that are left."""
    pairs = (each for each in clashes if name in (each.ours, each.theirs) and {each.ours, each.theirs} <= left)
    return sum(len(each.files) for each in pairs)
