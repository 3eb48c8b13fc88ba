"""Whether two patterns can name one path, and how much a pattern says.

Both are read as `gitio.paths` reads them. The first is decided exactly, by walking the two
patterns' automata side by side; it needs no tree, so a plan can be checked before its files exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from planfence.gitio import paths
from planfence.prover import members

_ALL = frozenset(range(256))
_PLAIN = _ALL - {ord("/")}

#: So many operations on a row are made; patterns that need more are made to.
MOST = 20_000

#: How far a `**/` leaps that stands for nothing: over itself, any bytes, and the slash behind them.
LEAP = 3


class GlobToken(NamedTuple):
    """One step: one byte of ``bytes``, with ``loop`` any number of them; ``skip`` reads none and may leap as far."""

    bytes: frozenset[int]
    loop: bool = False
    skip: int = 0


@lru_cache(maxsize=1024)
def tokens(pattern: str) -> tuple[GlobToken, ...]:
    """Return a pattern's steps."""
    data = paths.encode(pattern)
    out: list[GlobToken] = []
    at = 0
    while at < len(data):
        char = data[at : at + 1]
        if char == b"*":
            end = at + len(data[at:]) - len(data[at:].lstrip(b"*"))
            opens = at == 0 or data[at - 1 : at] == b"/"
            after = data[end : end + 1]
            if end - at < 2 or not opens or after not in (b"", b"/"):
                out.append(GlobToken(_PLAIN, loop=True))
            elif after:
                out += [GlobToken(frozenset(), skip=LEAP), GlobToken(_ALL, loop=True), GlobToken(frozenset(b"/"))]
                end += 1
            else:
                out.append(GlobToken(_ALL, loop=True))
            at = end
            continue
        found = members(data, at + 1) if char == b"[" else None
        if found is not None:
            out.append(GlobToken(found[0]))
            at = found[1]
            continue
        out.append(GlobToken(_PLAIN if char == b"?" else frozenset(char)))
        at += 1
    return tuple(out)


def overlap(one: str, other: str) -> bool:
    """Whether some path is named by both patterns."""
    if paths.is_literal(one):
        return paths.matches((other,), one)
    if paths.is_literal(other):
        return paths.matches((one,), other)
    head, start = _literal_start(one), _literal_start(other)
    if not head.startswith(start) and not start.startswith(head):
        return False
    return _meet(tokens(one), tokens(other))


def _meet(one: tuple[GlobToken, ...], other: tuple[GlobToken, ...]) -> bool:
    """Whether both lead to one path, by a row of bits for each of one's steps.

    A row has the other's positions that are reached with the step, in two numbers: a name has begun, or begins here.
    It is filled by whole numbers, so that two patterns of 4096 bytes take milliseconds. Patterns that are made to
    take longer are said to overlap.
    """
    row = _Row(other)
    reached = [(0, 0)] * (len(one) + 1 + LEAP)
    reached[0] = 0, 1
    for at, token in enumerate(one):
        here = row.filled(reached[at], token)
        if row.steps > MOST:
            return True
        if token.skip:
            reached[at + token.skip] = _joined(reached[at + token.skip], here)
        following = here if token.loop or token.skip else row.read(here, token)
        reached[at + 1] = _joined(reached[at + 1], following)
    return bool(row.passed(reached[len(one)][0]) >> len(other) & 1)


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] | other[0], one[1] | other[1]


class _Row:
    """The positions of a pattern as the bits of a number, and where they lead; ``steps`` counts what was done."""

    def __init__(self, tokens: tuple[GlobToken, ...]) -> None:
        self._tokens = tokens
        self._loops = self._mask(lambda token: token.loop)
        self._skips = self._mask(lambda token: token.loop or token.skip > 0)
        self._leaps = [(LEAP, self._mask(lambda token: token.skip > 0))]
        while leaps := self._leaps[-1][1]:  # leaps behind one another, twice as many each time
            far = self._leaps[-1][0]
            self._leaps.append((2 * far, leaps & leaps >> far))
        self._known: dict[frozenset[int], tuple[int, int]] = {}
        self.steps = 0

    def _mask(self, wanted: Callable[[GlobToken], bool]) -> int:
        return int("".join("1" if wanted(token) else "0" for token in reversed(self._tokens)) or "0", 2)

    def _shared(self, token: GlobToken) -> tuple[int, int]:
        """The steps that can read a byte that is no slash together with this one, and those that can read a slash."""
        if token.bytes not in self._known:
            plain, slash = token.bytes & _PLAIN, token.bytes - _PLAIN
            self._known[token.bytes] = (
                self._mask(lambda own: not plain.isdisjoint(own.bytes)),
                self._mask(lambda own: not slash.isdisjoint(own.bytes)),
            )
        return self._known[token.bytes]

    def passed(self, states: int, steps: int = 0) -> int:
        """The states and those that follow without a byte, or by one of these single steps."""
        while True:
            more = states
            for far, leaps in self._leaps:
                more |= (more & leaps) << far
            mask = self._skips | steps
            more |= ((more & mask) + mask) ^ mask  # a carry runs from each state through the mask's ones behind it
            if more == states:
                return states
            states = more
            self.steps += 1

    def read(self, states: tuple[int, int], token: GlobToken) -> tuple[int, int]:
        """Where a byte leads that both read: no slash where a name begins."""
        plain, slash = self._shared(token)
        return self._on((states[0] | states[1]) & plain), self._on(states[0] & slash)

    def _on(self, states: int) -> int:
        return (states & ~self._loops) << 1 | states & self._loops

    def filled(self, states: tuple[int, int], token: GlobToken) -> tuple[int, int]:
        """All that is reached while the other stands at this step of its own, which may read any number of bytes."""
        steps = self._shared(token)[0] & ~self._loops if token.loop else 0
        while self.steps <= MOST:
            self.steps += 1
            more = self.passed(states[0], steps), self.passed(states[1])
            if token.loop:
                more = _joined(more, self.read(more, token))
            if more == states:
                break
            states = more
        return states


def _literal_start(pattern: str) -> str:
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def covers(wide: str, narrow: str) -> bool:
    """Whether every path that ``narrow`` names is surely named by ``wide`` (False if it can't be told)."""
    if wide == narrow or paths.is_literal(narrow):
        return paths.matches((wide,), narrow) or wide == narrow
    folder = wide.removesuffix("**")
    if folder == wide or (folder and not folder.endswith("/")):
        return False
    return paths.is_literal(folder) and _literal_start(narrow).startswith(folder)


def is_wide(pattern: str) -> bool:
    """Whether it names everything, or everything in a folder at the top: `**`, `src/**`, `src/**/*.py`, `src/*`.

    A component that holds a name of its own (`src/**/auth/**`, `**/README.md`) makes it narrow.
    """
    parts = pattern.split("/")
    literal = 0
    while literal < len(parts) and paths.is_literal(parts[literal]):
        literal += 1
    rest = parts[literal:]
    if literal > 1 or not rest:
        return False
    crosses = "**" in rest
    return all(not part.strip("*?") or (crosses and re.fullmatch(r"\*+\.[^.]+", part)) for part in rest)
