"""Which policy and which plans stand at a commit, by blob id: never from the index or the worktree."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.change import Mode
from planfence.errors import CouldNotCheck
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One tree entry: its mode and its full id."""

    mode: int
    id: str


def tree_entries(objects: Objects, name: str) -> dict[str, Entry]:
    """Return the entries of the tree that ``name`` names (`<commit>:<folder>`); empty if it is none."""
    raw = objects.read(name)
    if raw is None and name.endswith(":"):
        raise CouldNotCheck(f"the tree of {name[:-1]} is missing", hint="fetch the whole history")
    if raw is None or raw.type != "tree":
        return {}
    entries: dict[str, Entry] = {}
    for each, found in parse_tree(raw.data, len(raw.id) // 2):
        if each in entries:
            raise CouldNotCheck(f"{each} stands twice in the tree {raw.id}", hint="run `git fsck`")
        entries[each] = found
    return entries


def parse_tree(data: bytes, id_size: int) -> Iterator[tuple[str, Entry]]:
    """Yield the names and entries of a raw tree; raises :class:`CouldNotCheck` for what is none."""
    position = 0
    while position < len(data):
        space = data.find(b" ", position)
        end = data.find(b"\0", space)
        if space < 0 or end < 0 or end + 1 + id_size > len(data):
            raise CouldNotCheck("a tree can't be read", hint="run `git fsck`")
        mode = data[position:space]
        if not mode or not set(mode) <= set(b"01234567"):
            raise CouldNotCheck("a tree names a mode that is none", hint="run `git fsck`")
        identifier = data[end + 1 : end + 1 + id_size].hex()
        yield paths.decode(data[space + 1 : end]), Entry(int(mode, 8), identifier)
        position = end + 1 + id_size


def entry(objects: Objects, commit: str, path: str) -> Entry | None:
    """Return the entry of one path at a commit, or None if there is none."""
    folder, _, name = path.rpartition("/")
    return tree_entries(objects, f"{commit}:{folder}").get(name)


def is_plain(found: Entry) -> bool:
    """Whether an entry is a regular file; a plan behind a symlink could be anything."""
    return found.mode in (Mode.FILE, Mode.EXECUTABLE, Mode.GROUP_WRITABLE)
