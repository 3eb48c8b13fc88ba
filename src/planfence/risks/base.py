"""What a risk is: a kind of diff that a reviewer should see first, found by looking at one file's patch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from planfence.change.patchfile import Line, PatchFile
from planfence.inert import inert
from planfence.records import dataclass


class Hit(NamedTuple):
    """One risky place: the line (new file; old file for what was removed; 0: the whole file) and the reason."""

    line: int
    why: str


class Example(NamedTuple):
    """A small patch: a path, removed lines, added lines; modes where they matter."""

    path: str
    removed: str = ""
    added: str = ""
    old_mode: int = 0o100644
    new_mode: int = 0o100644


@dataclass(frozen=True, slots=True)
class RiskKind:
    """One kind of risky diff. ``weight`` (1 to 5) orders kinds, and is what `compare` adds up."""

    name: str
    title: str
    weight: int
    check: Callable[[PatchFile], Iterator[Hit]]
    risky: tuple[Example, ...]
    harmless: tuple[Example, ...]


#: Of one kind, this many places of one file are told; the first ones say enough.
MOST = 5


@dataclass(frozen=True, slots=True)
class Seek:
    """What to look for in a line: an expression, and words of which one must be in it.

    The words (lower case) are searched first, since a substring is found a hundred times faster
    than an alternation is tried.
    """

    pattern: re.Pattern[str]
    words: tuple[str, ...]

    def may_be_in(self, lowered: str) -> bool:
        """Whether a text in lower case has one of the words."""
        return any(word in lowered for word in self.words)

    def is_in(self, text: str) -> bool:
        """Whether a line matches."""
        return self.may_be_in(text.lower()) and self.pattern.search(text) is not None


def seek(expression: str, words: str, flags: int = 0) -> Seek:
    """Make a :class:`Seek`; ``words`` are parted by `,`."""
    return Seek(re.compile(expression, flags), tuple(words.split(",")))


def gone(file: PatchFile, what: Seek, why: str) -> Iterator[Hit]:
    """Tell removed lines that match and do not come back in the same file."""
    if what.may_be_in(file.removed_lower):
        yield from _told(file.removed, what, why, file.added_set)


def came(file: PatchFile, what: Seek, why: str) -> Iterator[Hit]:
    """Tell added lines that match and were not there before in the same file."""
    if what.may_be_in(file.added_lower):
        yield from _told(file.added, what, why, file.removed_set)


def _told(lines: tuple[Line, ...], what: Seek, why: str, elsewhere: frozenset[str]) -> Iterator[Hit]:
    left = MOST
    for line in lines:
        if left and what.is_in(line.text) and line.text.strip() not in elsewhere:
            left -= 1
            yield Hit(line.number, f"{why}: `{shown(line.text)}`")


def shown(text: str) -> str:
    """Return a line as it is shown: one line, not long, no control characters."""
    plain = inert(text.strip(), 160)
    return plain if len(plain) <= 80 else plain[:79] + "…"
