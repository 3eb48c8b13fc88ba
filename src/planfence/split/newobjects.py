"""What each commit of a split holds, and its git objects made in memory: trees, commits, one pack.

Trees are changed entry by entry and never flattened, so that a split in a repository of any size costs what
it changes. Formats: gitformat-pack(5); trees and commits as `git cat-file` prints them raw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import compress

from planfence.change.change import Mode
from planfence.change.hunks import Atom, FileDiff, FileState, Hunk, Unit, state_after
from planfence.digests import sha1, sha256
from planfence.gitio.paths import encode
from planfence.records import dataclass, field

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
#: Git deflates again when it unpacks; here it must only be quick.
_LEVEL = 1


@dataclass(slots=True)
class _TreeNode:
    """One tree: entries by name, each a mode with an id or a folder that was opened. ``id`` empty: changed."""

    entries: dict[bytes, tuple[int, str | _TreeNode]]
    id: str = ""


class ConflictError(Exception):
    """A path would have to be a file and a folder at once."""


@dataclass(slots=True)
class NewObjects:
    """Objects that the repository need not have yet.

    ``read`` returns a stored tree's raw bytes by its id; ``algorithm`` is the object format.
    ``made`` maps ids to (type, content) in the order in which they were made.
    """

    read: Callable[[str], bytes]
    algorithm: str = "sha1"
    made: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def _hash(self, data: bytes) -> bytes:
        return (sha1(data) if self.algorithm == "sha1" else sha256(data)).digest()

    def add(self, kind: str, data: bytes) -> str:
        """Make an object and return its id."""
        name = self._hash(b"%s %d\0" % (kind.encode(), len(data)) + data).hex()
        self.made[name] = (kind, data)
        return name

    def trees(self, base: str, steps: Sequence[CommitStep]) -> tuple[str, ...]:
        """Return the tree after each step, each on top of the one before.

        Raises :class:`ConflictError` where a step makes one path a file and a folder.
        """
        root = self._open(base)
        names = []
        for step in steps:
            for path in step.gone:
                self._remove(root, encode(path).split(b"/"))
            for state in step.states:
                name = state.id if state.data is None else self.add("blob", state.data)
                self._put(root, encode(state.path).split(b"/"), state.mode, name)
            names.append(self._close(root))
        return tuple(names)

    def _open(self, name: str) -> _TreeNode:
        size = 20 if self.algorithm == "sha1" else 32
        raw, position = self.read(name), 0
        entries: dict[bytes, tuple[int, str | _TreeNode]] = {}
        while position < len(raw):
            end = raw.index(b"\0", position)
            mode, _, path = raw[position:end].partition(b" ")
            position = end + 1 + size
            entries[path] = (_canonical(int(mode, 8)), raw[end + 1 : position].hex())
        return _TreeNode(entries, name)

    def _inner(self, folder: _TreeNode, name: bytes, *, make: bool) -> _TreeNode | None:
        """The folder of this name, opened to be changed; None if there is none and none is to be made."""
        mode, found = folder.entries.get(name, (0, ""))
        if isinstance(found, _TreeNode):
            return found
        if mode == Mode.TREE:
            opened = self._open(found)
        elif not make:
            return None
        elif mode:
            raise ConflictError(name.decode("utf-8", "replace"))
        else:
            opened = _TreeNode({})
        folder.entries[name] = (Mode.TREE, opened)
        return opened

    def _remove(self, root: _TreeNode, parts: list[bytes]) -> None:
        way, here = [root], root
        for part in parts[:-1]:
            inner = self._inner(here, part, make=False)
            if inner is None:
                return
            way.append(here := inner)
        if here.entries.pop(parts[-1], None) is not None:
            for folder in way:
                folder.id = ""

    def _put(self, root: _TreeNode, parts: list[bytes], mode: int, name: str) -> None:
        here = root
        here.id = ""
        for part in parts[:-1]:
            inner = self._inner(here, part, make=True)
            assert inner is not None
            here = inner
            here.id = ""
        held = here.entries.get(parts[-1], (0, ""))
        if held[0] == Mode.TREE and (not isinstance(held[1], _TreeNode) or not _is_empty(held[1])):
            raise ConflictError(parts[-1].decode("utf-8", "replace"))
        here.entries[parts[-1]] = (mode, name)

    def _close(self, folder: _TreeNode) -> str:
        """Make the tree objects of a folder that was changed; folders that became empty disappear."""
        if folder.id:
            return folder.id
        lines = []
        for name, (mode, held) in sorted(folder.entries.items(), key=_place):
            if isinstance(held, _TreeNode):
                if _is_empty(held):
                    del folder.entries[name]
                    continue
                found = self._close(held)
            else:
                found = held
            lines.append(b"%o %s\0" % (mode, name) + bytes.fromhex(found))
        folder.id = self.add("tree", b"".join(lines))
        return folder.id

    def chain(
        self, trees: Sequence[str], messages: Sequence[str], parents: Sequence[str], author: bytes, committer: bytes
    ) -> tuple[str, ...]:
        """Make one commit for each tree, each the parent of the next, and return their ids."""
        above, names = tuple(parents), []
        for tree, message in zip(trees, messages, strict=True):
            names.append(self.add("commit", commit_of(tree, above, author, committer, message)))
            above = (names[-1],)
        return tuple(names)

    def pack(self) -> bytes:
        """All that was made, as one pack."""
        parts = [_packed(kind, data) for kind, data in self.made.values()]
        body = b"PACK" + (2).to_bytes(4, "big") + len(parts).to_bytes(4, "big") + b"".join(parts)
        return body + self._hash(body)


def _place(item: tuple[bytes, tuple[int, object]]) -> bytes:
    """Where git sorts an entry: a folder as if its name ended with a slash."""
    name, (mode, _) = item
    return name + b"/" if mode == Mode.TREE else name


def _is_empty(folder: _TreeNode) -> bool:
    return all(isinstance(held, _TreeNode) and _is_empty(held) for _, held in folder.entries.values())


def _canonical(mode: int) -> int:
    """The mode as git's index has it (create_ce_mode in read-cache.h): old importers wrote others."""
    if mode >> 12 == Mode.FILE >> 12:
        return Mode.EXECUTABLE if mode & 0o100 else Mode.FILE
    return mode


def _packed(kind: str, data: bytes) -> bytes:
    size = len(data)
    head = bytearray([(_KINDS[kind] << 4) | (size & 15)])
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + compress(data, _LEVEL)


def commit_of(tree: str, parents: Sequence[str], author: bytes, committer: bytes, message: str) -> bytes:
    """The content of a commit as `git commit-tree -F -` writes it.

    ``author`` and ``committer`` are `Name <address> seconds zone`. The message must hold no NUL.
    """
    lines = [b"tree " + tree.encode(), *(b"parent " + each.encode() for each in parents)]
    text = message.encode("utf-8", "surrogateescape").removesuffix(b"\n") + b"\n"
    return b"\n".join([*lines, b"author " + author, b"committer " + committer, b"", text])


@dataclass(frozen=True, slots=True)
class CommitStep:
    """What one commit of a split does: paths that it takes away (``gone``), and states that it writes."""

    gone: tuple[str, ...]
    states: tuple[FileState, ...]


@dataclass(slots=True)
class _Progress:
    """The units of one file that are applied so far."""

    hunks: list[Hunk] = field(default_factory=list)
    atoms: set[Atom] = field(default_factory=set)


def steps_of(groups: Sequence[Sequence[Unit]]) -> tuple[CommitStep, ...]:
    """Return what each group's commit does on top of those before it."""
    progress: dict[str, _Progress] = {}
    steps = []
    for group in groups:
        gone: list[str] = []
        states: list[FileState] = []
        for file, own in _by_file(group):
            so_far = progress.setdefault(file.path, _Progress())
            before = _state(file, so_far)
            so_far.hunks += [unit.hunk for unit in own if unit.hunk is not None]
            so_far.atoms |= {unit.atom for unit in own if unit.atom is not None}
            after = _state(file, so_far)
            if before.path and before.path != after.path:
                gone.append(before.path)
            if after.path:
                states.append(after)
        written = {state.path for state in states}
        steps.append(CommitStep(tuple(path for path in gone if path not in written), tuple(states)))
    return tuple(steps)


def _state(file: FileDiff, so_far: _Progress) -> FileState:
    return state_after(file, so_far.hunks, so_far.atoms)


def _by_file(units: Sequence[Unit]) -> list[tuple[FileDiff, list[Unit]]]:
    files: dict[str, tuple[FileDiff, list[Unit]]] = {}
    for unit in units:
        files.setdefault(unit.path, (unit.file, []))[1].append(unit)
    return list(files.values())
