"""Which tasks hold which paths: a pure function of the ledger's starts.

A task that was begun claims the paths that its plan lists, until it is done. The claim stands in the start's own
record, so that every clone that has the record knows it, whichever branch has the plan. If two starts that did not
know of each other claim one path, the one with the earlier date is the first; the digest decides between equal dates.
A date is what its writer says, but a claim opens no gate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from planfence.gitio import paths
from planfence.ledger.transitions import Claim, Move, MoveKind
from planfence.manifest.plan import Plan, Task
from planfence.records import dataclass

#: A record's date, in UTC.
DATE = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Hold:
    """One task's claim, as its last start says it.

    ``since`` is when it began (UTC, as its writer says), ``start`` the last start, ``starts`` the digests of all that
    belong to it, ``shared`` the patterns that any of them shares, ``last`` the date of the task's last record.
    """

    task: str
    since: str
    start: Move
    starts: frozenset[str]
    shared: tuple[str, ...]
    last: str

    @property
    def claim(self) -> Claim:
        """What the last start claims."""
        return self.start.claim or Claim(())

    @property
    def model(self) -> str:
        """Who started it."""
        return self.start.model

    def names(self, path: str) -> bool:
        """Whether it claims this path."""
        return bool(path) and paths.matches(self.claim.files, path) and not paths.matches(self.claim.deny, path)

    def shares(self, path: str) -> bool:
        """Whether a person lets others touch this path too."""
        return paths.matches(self.shared, path)

    def like(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Its patterns that can name a path which one of these names too."""
        return _like(self.claim.files, patterns)

    def came_before(self, other: Hold) -> bool:
        """Whether it is the first of two."""
        return _age(self) < _age(other)


class Holds:
    """All claims of one reading of the ledger, read when somebody asks.

    ``known`` says of a move whether it is believed: what is not neither claims anything nor ends a claim. It is asked
    only of the tasks that matter. ``active`` says of a claim when something was last done for its task
    (seconds since the epoch), which is asked only if the ledger alone calls it stale. A claim is stale ``stale_h``
    hours later (0: never) at the time ``now``.
    """

    def __init__(
        self,
        moves: Iterable[Move],
        *,
        known: Callable[[Move], bool] = lambda _: True,
        active: Callable[[Hold], float] = lambda _: 0.0,
        stale_h: float = 0,
        now: float = 0.0,
    ) -> None:
        self._moves, self._known, self._active = tuple(moves), known, active
        self._stale_s, self._now = min(stale_h, 400_000) * 3600, now  # further back no date is
        self._tasks: dict[str, list[Move]] | None = None
        self._over: dict[str, list[Move]] = {}
        self._read: dict[str, tuple[Hold, ...]] = {}
        self._stale: dict[str, bool] = {}

    @property
    def all(self) -> tuple[Hold, ...]:
        """Every claim that has not ended, those included that are stale; the first first."""
        return tuple(sorted((hold for task in self._by_task() for hold in self._holds(task)), key=_age))

    def of(self, task: str) -> Hold | None:
        """The task's own claim, the first where two clones began it."""
        return min(self._holds(task), key=_age, default=None)

    def beside(self, name: str, plan: Plan, task: Task) -> tuple[Hold, ...]:
        """The claims of other tasks that can name a path of this one, and neither wait for it nor are waited for."""
        others = [
            other
            for other, moves in self._by_task().items()
            if other != name and not ordered(plan, task, other) and _like(_claimed(moves), task.patterns)
        ]
        found = (hold for other in others for hold in self._holds(other) if hold.like(task.patterns))
        return tuple(sorted(found, key=_age))

    def _by_task(self) -> dict[str, list[Move]]:
        if self._tasks is None:
            self._tasks = {}
            for move in self._moves:
                self._tasks.setdefault(move.task, []).append(move)
                for digest in move.claim.over if move.claim else ():
                    self._over.setdefault(digest, []).append(move)
        return self._tasks

    def _holds(self, task: str) -> tuple[Hold, ...]:
        if task not in self._read:
            mine = self._by_task().get(task, [])
            over = [each for move in mine if move.claim for each in self._over.get(move.digest, ())]
            # By identity: a copy of a record, with no signature, is equal to it.
            told = {id(move): move for move in (*mine, *over)}
            asked = {id(move): self._known(move) for move in (*filter(_is_end, mine), *over)}
            told = {key: move for key, move in told.items() if asked.get(key, True)}
            if holds_of(told.values()):  # most have ended, and of those one record was asked about
                told = {key: move for key, move in told.items() if key in asked or self._known(move)}
            self._read[task] = tuple(hold for hold in holds_of(told.values()) if hold.task == task)
        return self._read[task]

    def stale(self, hold: Hold) -> bool:
        """Whether nothing was done for it in the hours that the policy gives."""
        digest = hold.start.digest
        if digest not in self._stale:
            oldest = self._now - self._stale_s
            written = time.strftime(DATE, time.gmtime(oldest))  # such dates sort as they follow each other
            self._stale[digest] = bool(self._stale_s) and hold.last < written and self._active(hold) < oldest
        return self._stale[digest]


def _age(hold: Hold) -> tuple[str, str]:
    return hold.since, hold.start.digest


def _is_end(move: Move) -> bool:
    return move.kind is MoveKind.ADVANCE and move.stage == "done"


def _claimed(moves: Iterable[Move]) -> dict[str, None]:
    """Every pattern that any of these starts claims."""
    return dict.fromkeys(pattern for move in moves if move.claim for pattern in move.claim.files)


def _like(files: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    from planfence.gitio.globs import overlap  # most repositories have one claim at a time

    patterns = tuple(patterns)
    return tuple(own for own in files if any(overlap(own, other) for other in patterns))


def ordered(plan: Plan, task: Task, other: str) -> bool:
    """Whether one of a task of this plan and another task (`<plan>/<task>`) waits for the other, directly or not."""
    plan_id, _, task_id = other.partition("/")
    return plan_id == plan.id and (_leads(plan, task.id, task_id) or _leads(plan, task_id, task.id))


def _leads(plan: Plan, start: str, end: str) -> bool:
    waiting = [start]
    for name in waiting:
        found = plan.task(name)
        waiting += [each for each in (found.depends_on if found else ()) if each not in waiting]
    return end in waiting[1:]


def holds_of(moves: Iterable[Move]) -> tuple[Hold, ...]:
    """Return the claims that have not ended, the first first.

    A claim ends with a record that the task is done, if that record follows it or is about the same plan, and with
    another task's start that found it stale.
    """
    by_task: dict[str, dict[str, Move]] = {}
    for move in moves:
        if move.digest:
            by_task.setdefault(move.task, {})[move.digest] = move
    over = {digest for mine in by_task.values() for move in mine.values() if move.claim for digest in move.claim.over}
    found = [hold for name, mine in by_task.items() for hold in _task_holds(name, mine, over)]
    return tuple(sorted(found, key=_age))


def _task_holds(name: str, mine: Mapping[str, Move], over: set[str]) -> list[Hold]:
    starts = {digest: move for digest, move in mine.items() if move.kind is MoveKind.START and move.claim}
    if not starts:
        return []
    done = [move for move in mine.values() if _is_end(move)]
    ended = _before(mine, {move.digest for move in done} | (over & starts.keys()))
    closed = {move.added for move in done if move.added}
    alive = {digest: move for digest, move in starts.items() if digest not in ended and move.added not in closed}
    behind = {digest: _before(mine, {digest}) & alive.keys() for digest in alive}
    followed = {earlier for digest, found in behind.items() for earlier in found if earlier != digest}
    last = max(move.at for move in mine.values())
    holds = []
    for digest in alive.keys() - followed:
        own = [alive[each] for each in behind[digest]]
        shared = tuple(dict.fromkeys(each for move in own for each in (move.claim.shared if move.claim else ())))
        holds.append(Hold(name, min(move.at for move in own), alive[digest], frozenset(behind[digest]), shared, last))
    return holds


def _before(mine: Mapping[str, Move], digests: Iterable[str]) -> set[str]:
    """These moves and all that they follow."""
    waiting = [digest for digest in digests if digest in mine]
    found: set[str] = set()
    while waiting:
        digest = waiting.pop()
        if digest not in found:
            found.add(digest)
            waiting += [each for each in mine[digest].after if each in mine]
    return found
