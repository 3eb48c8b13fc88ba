"""Whether one set of paths lies within another, if both are given by patterns (:mod:`planfence.gitio.paths`).

The patterns become one automaton whose states are the bits of a number; all their sets of states that a path can lead
to are walked, and the first path that is in the one and not in the other is the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from planfence.gitio import paths
from planfence.gitio.globs import LEAP, GlobToken, tokens
from planfence.records import dataclass

#: So many sets of states are looked at; patterns that need more are made to.
MOST = 5_000

_SLASH = ord("/")

_ORDER = sorted(range(1, 256), key=lambda byte: (not chr(byte).isascii() or not chr(byte).isalnum(), byte))

#: Where a path has led: the states of each group of patterns, and whether a name begins here.
_Node = tuple[tuple[int, ...], bool]


@dataclass(frozen=True, slots=True)
class PathSet:
    """The paths that ``wanted`` names; not those of ``barred``, nor of ``others`` unless ``own`` names them too."""

    wanted: tuple[str, ...]
    barred: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


class _Patterns:
    """The automaton of some patterns: one bit for each step, and one for each pattern's end."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.start = self.accept = self._leaps = self._skips = at = 0
        self._steps: list[tuple[GlobToken, int]] = []
        for pattern in patterns:
            self.start |= 1 << at
            for token in tokens(pattern):
                self._skips |= (1 << at) if token.loop or token.skip else 0
                self._leaps |= (1 << at) if token.skip else 0
                self._steps.append((token, 1 << at))
                at += 1
            self.accept |= 1 << at
            at += 1
        self.start = self._skipped(self.start)
        self._moves: dict[int, tuple[int, int]] = {}
        self._rows: dict[tuple[int, bytes], list[int]] = {}

    @property
    def kinds(self) -> set[frozenset[int]]:
        """The sets of bytes that the steps tell apart."""
        return {token.bytes for token, _ in self._steps}

    def _skipped(self, states: int) -> int:
        while True:
            more = states | (states & self._skips) << 1 | (states & self._leaps) << LEAP
            if more == states:
                return states
            states = more

    def row(self, states: int, letters: bytes) -> list[int]:
        """The states that each of these bytes leads to."""
        if (states, letters) not in self._rows:
            moves = [self._move(byte) for byte in letters]
            self._rows[states, letters] = [self._skipped((states & once) << 1 | states & on) for once, on in moves]
        return self._rows[states, letters]

    def _move(self, byte: int) -> tuple[int, int]:
        """The steps that a byte leads from, and those that it stays in."""
        if byte not in self._moves:
            here = [(token.loop, bit) for token, bit in self._steps if byte in token.bytes]
            self._moves[byte] = sum(bit for loop, bit in here if not loop), sum(bit for loop, bit in here if loop)
        return self._moves[byte]


#: A plan is asked about for each of its files, each time with the same patterns.
_known = lru_cache(maxsize=16)(_Patterns)


def first_outside(inner: PathSet, outer: PathSet) -> str | None:
    """Return a path of ``inner`` that is not in ``outer``; None if there is none.

    A pattern of ``inner`` stands for it if the question would take too long.
    """
    groups = [_known(each) for side in (inner, outer) for each in (side.wanted, side.barred, side.others, side.own)]
    start = tuple(group.start for group in groups)
    letters = _letters(groups)
    came: dict[_Node, tuple[_Node, int] | None] = {(start, True): None}
    waiting = deque(came)
    while waiting:
        node = waiting.popleft()
        states, opens = node
        if not opens:
            ends = [bool(each & group.accept) for group, each in zip(groups, states, strict=True)]
            if _in(ends[:4]) and not _in(ends[4:]):
                return _path(came, node)
        rows = [group.row(each, letters) for group, each in zip(groups, states, strict=True)]
        for byte, reached in zip(letters, zip(*rows, strict=True), strict=True):
            if not reached[0] or (byte == _SLASH and opens):  # no path has an empty name in it
                continue
            following = reached, byte == _SLASH
            if following not in came:
                came[following] = node, byte
                waiting.append(following)
        if len(came) > MOST:
            return inner.wanted[0]
    return None


def _in(ends: Sequence[bool]) -> bool:
    wanted, barred, others, own = ends
    return wanted and not barred and not (others and not own)


def _letters(groups: Iterable[_Patterns]) -> bytes:
    """One byte for each kind that the patterns tell apart, letters and digits before others."""
    marks = [0] * 256
    for bit, each in enumerate(set().union({frozenset({_SLASH})}, *(group.kinds for group in groups))):
        for byte in each:
            marks[byte] |= 1 << bit
    kinds: dict[int, int] = {}
    for byte in _ORDER:
        kinds.setdefault(marks[byte], byte)
    return bytes(kinds.values())


def _path(came: Mapping[_Node, tuple[_Node, int] | None], node: _Node) -> str:
    found = bytearray()
    while (before := came[node]) is not None:
        node, byte = before
        found.append(byte)
    return paths.decode(bytes(reversed(found)))
