"""Whether two patterns can name one path, and how much a pattern says.

Both are read as `gitio.paths` reads them. The first is decided exactly, by walking the two
patterns' automata side by side; it needs no tree, so a plan can be checked before its files exist.
"""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import NamedTuple

from planfence.gitio import paths
from planfence.prover import members

_ALL = frozenset(range(256))
_PLAIN = _ALL - {ord("/")}

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


def _closure(tokens: tuple[GlobToken, ...], at: int) -> list[int]:
    """The positions that are reached from ``at`` without reading a byte."""
    reached = [at]
    for position in reached:
        if position == len(tokens):
            continue
        token = tokens[position]
        if token.loop or token.skip:
            reached.append(position + 1)
        if token.skip:
            reached.append(position + token.skip)
    return reached


def overlap(one: str, other: str) -> bool:
    """Whether some path is named by both patterns."""
    if paths.is_literal(one):
        return paths.matches((other,), one)
    if paths.is_literal(other):
        return paths.matches((one,), other)
    head, start = _literal_start(one), _literal_start(other)
    if not head.startswith(start) and not start.startswith(head):
        return False
    return common_path(one, other) is not None


def common_path(one: str, other: str) -> bytes | None:
    """Return a path that both patterns name, a shortest one, or None if there is none.

    A path has no empty component, so `/` may neither begin it, end it, nor follow another.
    """
    a, b = tokens(one), tokens(other)
    waiting = deque([(0, 0, True, b"")])
    seen = {(0, 0, True)}
    while waiting:
        left, right, opens, path = waiting.popleft()
        for i in _closure(a, left):
            for j in _closure(b, right):
                if i == len(a) and j == len(b):
                    if not opens:
                        return path
                elif i < len(a) and j < len(b):
                    for byte in _choices(a[i].bytes & b[j].bytes, opens):
                        step = (i + (not a[i].loop), j + (not b[j].loop), byte == b"/")
                        if step not in seen:
                            seen.add(step)
                            waiting.append((*step, path + byte))
    return None


def _choices(shared: frozenset[int], opens: bool) -> list[bytes]:
    """At most two bytes stand for all: a slash, and one that is none."""
    plain = shared & _PLAIN
    found = [bytes((ord("a") if ord("a") in plain else min(plain),))] if plain else []
    return found if opens or ord("/") not in shared else [*found, b"/"]


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
    return all(_says_nothing(part, crosses) for part in rest)


def _says_nothing(part: str, crosses: bool) -> bool:
    return not part.strip("*?") or (crosses and re.fullmatch(r"\*+\.[^.]+", part) is not None)
