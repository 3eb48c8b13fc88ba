"""A change as units that can be taken one by one: hunks, and the atoms that are not lines.

A file's change is a set of units. Any subset of them, applied to the base, gives an
intermediate state whose bytes are composed from whole lines of base and staged, never from
patch text (facts: applying text failed on a quarter of real commits, mostly silently).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from enum import StrEnum

from planfence.change.change import Mode
from planfence.digests import sha256
from planfence.gitio.paths import encode
from planfence.records import dataclass, field

#: A file that holds a NUL byte this early is binary, as git decides it (buffer_is_binary in xdiff-interface.c).
BINARY_PROBE = 8000


class Atom(StrEnum):
    """What changes about a file besides its lines; ``WHOLE`` is an addition, deletion, type change or binary."""

    WHOLE = "whole"
    RENAME = "rename"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class Hunk:
    """Consecutive changed lines: ``old`` lines from index ``old_start`` become ``new`` at ``new_start`` (0-based)."""

    old_start: int
    new_start: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]

    @property
    def lines(self) -> int:
        """Added plus deleted lines."""
        return len(self.old) + len(self.new)

    def cut(self, old: int, new: int) -> tuple[Hunk, Hunk]:
        """Cut into two: the first turns the first ``old`` lines into the first ``new`` ones."""
        return (
            Hunk(self.old_start, self.new_start, self.old[:old], self.new[:new]),
            Hunk(self.old_start + old, self.new_start + new, self.old[old:], self.new[new:]),
        )


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's whole change.

    ``old_path`` differs from ``path`` for a rename. ``old`` and ``new`` are the blobs' bytes,
    None where they were not read (an absent side, a submodule, a large binary) or are not
    known. Ids are full hex. A file without ``hunks`` changes only as atoms.
    """

    path: str
    old_path: str
    old_mode: int
    new_mode: int
    old_id: str
    new_id: str
    old: bytes | None = None
    new: bytes | None = None
    hunks: tuple[Hunk, ...] = ()

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms of this change, renames first."""
        if (
            self.old_mode == 0
            or self.new_mode == 0
            or self.type_changed
            or (not self.hunks and self.old_id != self.new_id)
        ):
            return (Atom.WHOLE,)
        found = [Atom.RENAME] if self.old_path != self.path else []
        return (*found, Atom.MODE) if self.old_mode != self.new_mode else tuple(found)

    @property
    def type_changed(self) -> bool:
        """Whether a file became a symbolic link or a submodule, or the other way round."""
        return self.old_mode >> 12 != self.new_mode >> 12

    @property
    def is_binary(self) -> bool:
        """Whether either side holds a NUL byte among its first 8000."""
        return any(b"\0" in side[:BINARY_PROBE] for side in (self.old, self.new) if side is not None)

    @property
    def is_link(self) -> bool:
        """Whether either side is a symbolic link or a submodule."""
        return bool({self.old_mode, self.new_mode} & {Mode.SYMLINK, Mode.GITLINK})


def split_lines(data: bytes) -> list[bytes]:
    r"""Split at ``\n`` alone, as git does; each line keeps its end, and a lone CR ends none."""
    lines = data.split(b"\n")
    last = lines.pop()
    result = [line + b"\n" for line in lines]
    if last:
        result.append(last)
    return result


def make_hunks(old: bytes, new: bytes, ranges: Iterable[tuple[int, int, int, int]]) -> tuple[Hunk, ...]:
    """Build hunks from git's ranges (old start, count, new start, count; as after `@@`, 1-based).

    Raises :class:`ValueError` where the ranges do not turn ``old`` into ``new``.
    """
    before, after = split_lines(old), split_lines(new)
    hunks = []
    for old_start, old_count, new_start, new_count in ranges:
        # With a count of 0 git names the line before the place.
        at_old = old_start - 1 if old_count else old_start
        at_new = new_start - 1 if new_count else new_start
        hunks.append(
            Hunk(at_old, at_new, tuple(before[at_old : at_old + old_count]), tuple(after[at_new : at_new + new_count]))
        )
    made = tuple(hunks)
    if compose(before, made) != new:
        raise ValueError("the hunks do not make the new file from the old one")
    return made


def compose(old_lines: list[bytes], hunks: Iterable[Hunk]) -> bytes:
    """Apply some hunks, in order, to the lines of the base."""
    parts: list[bytes] = []
    position = 0
    for hunk in hunks:
        parts += old_lines[position : hunk.old_start]
        parts += hunk.new
        position = hunk.old_start + len(hunk.old)
    parts += old_lines[position:]
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that a split moves: one hunk or one atom of one file.

    ``id`` is stable: it depends on what changes, not on where the file stands in the diff or
    what else is staged, so that an edited plan still fits after a small change elsewhere.
    """

    id: str
    file: FileDiff = field(repr=False)
    hunk: Hunk | None = None
    atom: Atom | None = None

    @property
    def path(self) -> str:
        """The path that the unit belongs to (for a rename, the new one)."""
        return self.file.path

    @property
    def lines(self) -> int:
        """Added plus deleted lines; a whole file counts those of its text, other atoms none."""
        if self.hunk is not None:
            return self.hunk.lines
        if self.atom is not Atom.WHOLE or self.file.is_binary:
            return 0
        return sum(len(split_lines(side)) for side in (self.file.old, self.file.new) if side is not None)


def _identity(file: FileDiff, tag: str, parts: Iterable[bytes]) -> str:
    digest = sha256()
    for part in (encode(file.old_path), encode(file.path), tag.encode(), *parts):
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()[:8]


def units_of(files: Iterable[FileDiff]) -> tuple[Unit, ...]:
    """Every unit of a change, in the files' order; each with an id of its own."""
    seen: dict[str, int] = {}

    def numbered(identity: str) -> str:
        seen[identity] = seen.get(identity, 0) + 1
        return identity if seen[identity] == 1 else f"{identity}-{seen[identity]}"

    return tuple(Unit(numbered(identity), file, hunk, atom) for file in files for identity, hunk, atom in _of(file))


def _of(file: FileDiff) -> Iterator[tuple[str, Hunk | None, Atom | None]]:
    for atom in file.atoms:
        facts = (f"{file.old_mode:o} {file.new_mode:o}".encode(),)
        ids = (file.old_id.encode(), file.new_id.encode()) if atom is Atom.WHOLE else ()
        yield _identity(file, atom, (*facts, *ids)), None, atom
    if Atom.WHOLE not in file.atoms:
        for hunk in file.hunks:
            yield _identity(file, "hunk", (b"".join(hunk.old), b"\0", b"".join(hunk.new))), hunk, None


@dataclass(frozen=True, slots=True)
class FileState:
    """A file at some point of a split: if it is, its mode, and its bytes or the id of its object.

    ``path`` is empty if the file does not exist.
    """

    path: str
    mode: int = 0
    data: bytes | None = None
    id: str = ""


def state_after(file: FileDiff, hunks: Iterable[Hunk], atoms: Set[Atom]) -> FileState:
    """The file after some of its units, which may be applied in any order."""
    if Atom.WHOLE in file.atoms:
        if Atom.WHOLE in atoms:
            return FileState(file.path, file.new_mode, None, file.new_id) if file.new_mode else FileState("")
        return FileState(file.old_path, file.old_mode, None, file.old_id) if file.old_mode else FileState("")
    path = file.path if Atom.RENAME in atoms else file.old_path
    mode = file.new_mode if Atom.MODE in atoms else file.old_mode
    chosen = sorted(hunks, key=lambda hunk: (hunk.old_start, hunk.new_start))
    if not chosen:
        return FileState(path, mode, None, file.old_id)
    if sum(hunk.lines for hunk in chosen) == sum(hunk.lines for hunk in file.hunks):
        return FileState(path, mode, None, file.new_id)
    assert file.old is not None
    return FileState(path, mode, compose(split_lines(file.old), chosen))


def ends_every_line(hunk: Hunk) -> bool:
    """Whether all its lines end with a newline: only such a hunk can be cut without gluing lines."""
    return all(line.endswith(b"\n") for line in (*hunk.old, *hunk.new))
