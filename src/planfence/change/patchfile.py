"""A change as a patch, as far as risks look at it: files, hunks, lines that went and lines that came."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from planfence.records import dataclass


class Line(NamedTuple):
    """A changed line: its number (1-based, of the new file where it was added, of the old where it went), its text."""

    number: int
    text: str


class PatchHunk(NamedTuple):
    """Lines that changed together. ``start`` is the first line in the new file."""

    start: int
    removed: tuple[Line, ...]
    added: tuple[Line, ...]

    @property
    def changed(self) -> int:
        """Added plus removed lines."""
        return len(self.removed) + len(self.added)


@dataclass(frozen=True)
class PatchFile:
    """One file's change. ``old_path`` differs for a rename; modes are git's, 0 if a side is absent."""

    path: str
    old_path: str
    old_mode: int
    new_mode: int
    hunks: tuple[PatchHunk, ...]
    binary: bool = False

    @property
    def is_deleted(self) -> bool:
        """Whether the file goes."""
        return self.new_mode == 0

    @property
    def is_added(self) -> bool:
        """Whether the file is new."""
        return self.old_mode == 0

    @cached_property
    def added(self) -> tuple[Line, ...]:
        """All added lines."""
        return tuple(line for hunk in self.hunks for line in hunk.added)

    @cached_property
    def removed(self) -> tuple[Line, ...]:
        """All removed lines."""
        return tuple(line for hunk in self.hunks for line in hunk.removed)

    @cached_property
    def added_text(self) -> str:
        """All added lines in one text, for a first look that most files end with."""
        return "\n".join([line.text for line in self.added])

    @cached_property
    def removed_text(self) -> str:
        """All removed lines in one text."""
        return "\n".join([line.text for line in self.removed])

    @cached_property
    def added_lower(self) -> str:
        """:attr:`added_text` in lower case."""
        return self.added_text.lower()

    @cached_property
    def removed_lower(self) -> str:
        """:attr:`removed_text` in lower case."""
        return self.removed_text.lower()

    @cached_property
    def added_words(self) -> str:
        """Each word of the added lines once, in lower case: far shorter to search than the lines."""
        return "\n".join(set(self.added_lower.split()))

    @cached_property
    def removed_words(self) -> str:
        """Each word of the removed lines once, in lower case."""
        return "\n".join(set(self.removed_lower.split()))

    @cached_property
    def added_set(self) -> frozenset[str]:
        """The added lines without the space around them: what is in it was moved or indented, not removed."""
        return frozenset(line.text.strip() for line in self.added)

    @cached_property
    def removed_set(self) -> frozenset[str]:
        """The removed lines without the space around them."""
        return frozenset(line.text.strip() for line in self.removed)
