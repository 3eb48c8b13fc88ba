"""Which records of the ledger are believed. It is decided first: what is not believed is never merged or sorted.

Every record that moves a task is believed by the same rule. It must be about this line of history's plan of that name;
one of 0.1.0, which says nothing of its place, is believed under `evidence = "local"` alone. Under `signed` it also
bears the signature of a listed key, and follows only moves of the task that are believed themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from planfence.ledger.evidence import GateRun
from planfence.ledger.lineage import EARLIER, Lineage
from planfence.ledger.transitions import Move
from planfence.records import replace

#: Why a move is not believed, as `problems` say it.
UNBOUND = "written before records said where they belong (0.1.0): record them again"
UNSIGNED = "signed by no listed key"
LOOSE = "after a record that is missing or not believed: `planfence sync` may bring it"

#: The principal whose listed key signed what was read at a ledger's commit; empty if none did.
Signer = Callable[[str], str]


class Belief:
    """What is believed of one reading of the ledger, asked task by task.

    ``lineage`` is None if there is no commit yet, ``signer`` unless only signed records are believed. ``problems``
    begins with what is known already.
    """

    def __init__(
        self, moves: Iterable[Move], lineage: Lineage | None, signer: Signer | None = None, problems: Iterable[str] = ()
    ) -> None:
        self._by_task: dict[str, list[Move]] = {}
        for move in moves:
            self._by_task.setdefault(move.task, []).append(move)
        self._lineage, self._signer = lineage, signer
        self._known: dict[str, tuple[Move, ...]] = {}
        #: What is worth saying of the tasks that were asked about; it grows.
        self.problems: list[str] = list(problems)

    @property
    def tasks(self) -> Iterator[str]:
        """The tasks that any record names, believed or not."""
        return iter(self._by_task)

    def moves(self, task: str) -> tuple[Move, ...]:
        """Return the moves of a task that are believed, in no order that means anything."""
        if task not in self._known:
            self._known[task] = self._believed(task)
        return self._known[task]

    def _believed(self, task: str) -> tuple[Move, ...]:
        refused: Counter[str] = Counter()
        kept: dict[Move, Move] = {}
        for move in self._by_task.get(task, ()):
            why = self._foreign(move)
            signer = "" if why or self._signer is None else self._signer(move.entry)
            if not why and self._signer is not None and not signer:
                why = UNSIGNED
            if why:
                refused[why] += 1
            else:
                kept.setdefault(move, replace(move, signer=signer))
        found = list(kept.values())
        if self._signer is not None:
            found, loose = _chained(found)
            refused[LOOSE] += len(loose)
        self._say(task, refused, known=bool(found))
        return tuple(found)

    def _say(self, task: str, refused: Counter[str], *, known: bool) -> None:
        """Say what explains a gate that is closed; that a name was another plan's before is no problem."""
        for why, count in sorted(refused.items()):
            if count and why != EARLIER and (self._signer is not None or not known):
                self.problems.append(f"{count} of the ledger's records of {task} not believed: {why}")

    def _foreign(self, move: Move) -> str:
        if not move.added:
            return "" if self._signer is None else UNBOUND
        if self._lineage is None:
            return "" if self._signer is None else "there is no commit to hold them against"
        return self._lineage.foreign(move, strict=self._signer is not None)


def _chained(moves: list[Move]) -> tuple[list[Move], list[Move]]:
    """Part the moves whose every predecessor is among them from the others."""
    loose: list[Move] = []
    while True:
        digests = {move.digest for move in moves}
        gone = [move for move in moves if not digests.issuperset(move.after)]
        if not gone:
            return moves, loose
        loose += gone
        moves = [move for move in moves if digests.issuperset(move.after)]


def last_of(moves: Iterable[Move]) -> tuple[str, ...]:
    """Return the digests of the moves that no other follows: what the next one follows."""
    moves = tuple(moves)
    followed = {digest for move in moves for digest in move.after}
    return tuple(sorted({move.digest for move in moves if move.digest} - followed))


def believed_runs(runs: Iterable[GateRun], signer: Signer | None) -> tuple[GateRun, ...]:
    """Return the test runs that are believed: a run names its tree, and counts wherever that tree is."""
    if signer is None:
        return tuple(runs)
    told = (replace(run, signer=signer(run.entry)) for run in runs)
    return tuple(run for run in told if run.signer)
