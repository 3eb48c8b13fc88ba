"""Proofs for Python hunks whose tokens alone prove nothing: the syntax trees before and after.

What is compared is the old file and the old file with the candidate hunks applied, cut at
top-level statements that both share, so that one real edit does not spoil the proof of the rest.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from planfence.change.hunks import Hunk, compose, split_lines
from planfence.content.lexing import Lexed, PastDeadline
from planfence.content.pyequal import Same, parses, same
from planfence.records import dataclass

#: Hunks that are proven together or not at all, by their indexes.
Group = tuple[int, ...]
#: How much source the parser and the comparison get through in a second, with a wide margin (bytes).
_BYTES_PER_SECOND = 700_000
#: What, in plain code, can only begin a new statement at the top level.
_FRESH = re.compile(rb"(?:def|class|async def|import) ?")


def prove(
    old: bytes,
    lexed: Lexed,
    hunks: Sequence[Hunk],
    groups: Sequence[Group],
    late: Callable[[], bool],
    left_s: float,
) -> dict[int, Same]:
    """Return the hunks that the trees prove to change nothing, with how much: docstrings, or nothing at all.

    ``left_s`` is the time left, in seconds: a proof that would not fit in it is not begun.
    """
    lines = split_lines(old)
    found: dict[int, Same] = {}
    borders = _borders(lines, lexed, hunks)
    for start, end, members in _chunks(lines, borders, hunks, groups):
        if late():
            break
        for first, last in ((start, end), (0, len(lines))):
            chunk = lines[first:last]
            size = sum(map(len, chunk))
            if 2 * size / _BYTES_PER_SECOND > left_s:
                break
            if not parses(b"".join(chunk)):
                continue
            try:
                _Chunk(chunk, first, hunks, found, late).prove(members)
            except PastDeadline:
                return found
            break
    return found


def _borders(lines: list[bytes], lexed: Lexed, hunks: Sequence[Hunk]) -> list[int]:
    """Unchanged lines that can only begin a top-level statement."""
    touched = {index for hunk in hunks for index in range(hunk.old_start, hunk.old_start + len(hunk.old))}
    found, offset = [0], 0
    for index, line in enumerate(lines):
        if index and index not in touched and _FRESH.match(line) and lexed.state(offset) is None:
            found.append(index)
        offset += len(line)
    return found


def _chunks(
    lines: list[bytes], borders: list[int], hunks: Sequence[Hunk], groups: Iterable[Group]
) -> list[tuple[int, int, list[Group]]]:
    """Put groups together by the stretch between two borders that holds them whole."""
    chunks: list[tuple[int, int, list[Group]]] = []
    for group in groups:
        first, last = hunks[group[0]], hunks[group[-1]]
        # An insertion right at a border belongs to the statement before it as well.
        at = bisect_right(borders, first.old_start) - 1
        if borders[at] == first.old_start and at > 0:
            at -= 1
        after = bisect_left(borders, max(last.old_start + len(last.old), last.old_start + 1))
        start, end = borders[at], borders[after] if after < len(borders) else len(lines)
        if chunks and start < chunks[-1][1]:
            previous = chunks.pop()
            chunks.append((previous[0], max(previous[1], end), [*previous[2], group]))
        else:
            chunks.append((start, end, [group]))
    return chunks


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One stretch of the old file, and what is proven about the hunks in it."""

    lines: list[bytes]
    first: int
    hunks: Sequence[Hunk]
    found: dict[int, Same]
    late: Callable[[], bool]

    def verdict(self, groups: Iterable[Group]) -> Same:
        """How the stretch with these groups applied compares to the stretch as it was."""
        if self.late():
            raise PastDeadline
        chosen = sorted(index for group in groups for index in group)
        moved = [Hunk(self.hunks[i].old_start - self.first, 0, self.hunks[i].old, self.hunks[i].new) for i in chosen]
        return same(b"".join(self.lines), compose(self.lines, moved), self.late)

    def prove(self, members: list[Group]) -> None:
        """Prove the groups together, by halves, singly; each on top of those proven, so that the whole is."""
        proven: list[Group] = []
        failed = self._halve(members, proven)
        for one, other in pairwise(failed):
            # A bracket that opens in one hunk and closes in the next is proven only by both.
            how = self.verdict([*proven, one, other])
            if how is not Same.NO:
                self._settle([one, other], how, proven)

    def _settle(self, groups: list[Group], how: Same, proven: list[Group]) -> None:
        proven += groups
        for group in groups:
            for index in group:
                self.found[index] = how

    def _halve(self, groups: list[Group], proven: list[Group]) -> list[Group]:
        """Return the groups that failed by themselves."""
        how = self.verdict([*proven, *groups])
        if how is Same.DOCSTRINGS and proven:
            # Words of a docstring that was proven before differ as well: ask without them.
            how = self.verdict(groups) or how
        if how is Same.YES or (how is Same.DOCSTRINGS and len(groups) == 1):
            self._settle(groups, how, proven)
            return []
        if len(groups) == 1:
            return groups
        middle = len(groups) // 2
        return self._halve(groups[:middle], proven) + self._halve(groups[middle:], proven)
