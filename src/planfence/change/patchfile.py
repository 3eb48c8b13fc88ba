"""A change as a patch, as far as risks look at it: files, hunks, lines that went and lines that came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from planfence.change.change import Mode
from planfence.change.hunks import FileDiff, Hunk, split_lines
from planfence.records import dataclass

#: Changes with no more unchanged lines between them are one hunk, as `git diff` shows it (three lines of context each).
_CONTEXT = 6


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
    def added_set(self) -> frozenset[str]:
        """The added lines without the space around them: what is in it was moved or indented, not removed."""
        return frozenset(line.text.strip() for line in self.added)

    @cached_property
    def removed_set(self) -> frozenset[str]:
        """The removed lines without the space around them."""
        return frozenset(line.text.strip() for line in self.removed)


def as_patch(file: FileDiff) -> PatchFile:
    """Return one file's change as a patch shows it: of a submodule the line with its commit, of a binary file none."""
    binary, hunks = file.is_binary, file.hunks
    if not binary and not hunks and file.old_id != file.new_id:
        sides = (_whole(file.old_mode, file.old, file.old_id), _whole(file.new_mode, file.new, file.new_id))
        hunks = (Hunk(0, 0, *sides),) if any(sides) else ()
    patched = tuple(_together(hunks))
    return PatchFile(file.path, file.old_path, file.old_mode, file.new_mode, patched, binary)


def _whole(mode: int, data: bytes | None, name: str) -> tuple[bytes, ...]:
    if mode == Mode.GITLINK:
        return (f"Subproject commit {name}".encode(),)
    return tuple(split_lines(data or b""))


def _together(hunks: Sequence[Hunk]) -> Iterator[PatchHunk]:
    group: list[Hunk] = []
    for hunk in hunks:
        if group and hunk.new_start - group[-1].new_start - len(group[-1].new) > _CONTEXT:
            yield _patch_hunk(group)
            group = []
        group.append(hunk)
    if group:
        yield _patch_hunk(group)


def _patch_hunk(group: Sequence[Hunk]) -> PatchHunk:
    removed = [Line(number, _text(line)) for hunk in group for number, line in enumerate(hunk.old, hunk.old_start + 1)]
    added = [Line(number, _text(line)) for hunk in group for number, line in enumerate(hunk.new, hunk.new_start + 1)]
    return PatchHunk(group[0].new_start + 1, tuple(removed), tuple(added))


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
