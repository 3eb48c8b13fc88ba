"""What each commit of a split holds, and its git objects made in memory: trees, commits, one pack.

Trees are changed entry by entry and never flattened, so that a split in a repository of any size costs what
it changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from planfence.change.change import Mode
from planfence.change.governing import parse_tree
from planfence.change.hunks import Atom, FileDiff, FileState, Hunk, Unit, state_after
from planfence.gitio.newobjects import NewObjects, commit_of
from planfence.gitio.paths import encode
from planfence.gitio.repository import Repository
from planfence.records import dataclass, field


@dataclass(slots=True)
class _TreeNode:
    """One tree: entries by name, each a mode with an id or a folder that was opened. ``id`` empty: changed."""

    entries: dict[bytes, tuple[int, str | _TreeNode]]
    id: str = ""


class ConflictError(Exception):
    """A path would have to be a file and a folder at once."""


class NewTrees(NewObjects):
    """New objects, and trees on top of those that the repository has."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.zero)
        self._objects = repository.objects

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
        found = parse_tree(self._objects.read_many([name])[0].data, len(name) // 2)
        return _TreeNode({encode(each): (_canonical(entry.mode), entry.id) for each, entry in found}, name)

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
