"""Names in one folder that are the same name on another file system, read tree by tree.

A path collides with another where, at some depth, two entries of one folder have names that are equal once
case and Unicode form don't count. So only the folders above the added paths have to be read, however
large the rest of the tree is; a folder that did not change since the last question is not read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from planfence.change.change import Change
from planfence.change.governing import parse_tree
from planfence.change.unsafenames import fold
from planfence.errors import CouldNotCheck
from planfence.gitio.objects import Objects

#: Folders that are remembered; each is some kilobytes.
_KEPT = 2048
#: From this depth on each folder is read from the one above it.
_DEEP = 32
_TREE = 0o040000


class _TreeNames:
    """One tree: if its sub-folders are, and which names look alike (folded → names, two or more)."""

    __slots__ = ("alike", "names", "trees")

    def __init__(self, objects: Objects, identifier: str) -> None:
        raw = objects.read_many([identifier])[0]
        if raw.type != "tree":
            raise CouldNotCheck(f"{identifier} is not a tree", hint="run `git fsck`")
        self.trees: dict[str, str] = {}
        names: dict[str, list[str]] = {}
        for name, entry in parse_tree(raw.data, len(raw.id) // 2):
            names.setdefault(fold(name), []).append(name)
            if entry.mode == _TREE:
                self.trees.setdefault(name, entry.id)
        self.names = {folded: found[0] for folded, found in names.items()}
        self.alike = {folded: found for folded, found in names.items() if len(found) > 1}


class Siblings:
    """Finds collisions in trees, through one object reader."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._folders: OrderedDict[str, _TreeNames] = OrderedDict()
        self._last = ""
        self._names: dict[str, dict[str, str]] = {}

    def follow(self, change: Change, added: Sequence[str]) -> dict[str, str]:
        """Return the collisions of what a change adds, given the changes one after the other.

        Along a line of history a folder gains only the names that its changes add, so it is read
        once: a name that looks like none before it collides with none. After a merge, or if the next
        change stands on another than the last one, nothing is taken as known.
        """
        if change.is_merge or change.parents[:1] != (self._last,):
            self._names.clear()
        self._last = change.name
        settled = [self._is_new(path, change.tree) for path in added]  # all: one may collide with the next
        return {} if all(settled) else self.collisions(added, change.tree)

    def _is_new(self, path: str, tree: str) -> bool:
        """Whether the path's name, and those of its folders, look like no other that stood beside them."""
        above = ""
        settled = True
        for part in path.split("/"):
            names = self._names.get(above)
            if names is None:
                names = self._names[above] = self._read(above, tree)
            if names.setdefault(fold(part), part) != part:
                names[fold(part)] = ""  # from now on either may be there
                settled = False
            above += part + "/"
        return settled

    def _read(self, above: str, tree: str) -> dict[str, str]:
        """The names in a folder, by how they look; two that look alike stand for neither."""
        # git walks down to it by itself, from the root each time; a newline would end the question.
        name = f"{tree}:{above}" if "\n" not in above and above.count("/") < _DEEP else ""
        folder = _TreeNames(self._objects, name) if name else self._walk(above, tree)
        return {folded: "" if folded in folder.alike else name for folded, name in folder.names.items()}

    def _walk(self, above: str, tree: str) -> _TreeNames:
        folder = self._folder(tree)
        for part in above.split("/")[:-1]:
            folder = self._folder(folder.trees[part])
        return folder

    def collisions(self, added: Iterable[str], tree: str) -> dict[str, str]:
        """Map each added path to another path (or folder) of the tree that is the same name elsewhere.

        `SRC/x` beside `src/y` is one folder on macOS, so folders count too. A path that stands twice in
        a (broken) tree, or is a file and a folder in it, maps to itself.
        """
        found: dict[str, str] = {}
        for path in added:
            other = self._other(path, tree)
            if other:
                found[path] = other
        return found

    def _other(self, path: str, tree: str) -> str:
        above = ""
        for part in path.split("/"):
            folder = self._folder(tree)
            for name in folder.alike.get(fold(part), ()) if folder.alike else ():
                if name != part or folder.alike[fold(part)].count(part) > 1:
                    return above + name
            tree = folder.trees.get(part, "")
            above += part + "/"
            if not tree:
                break
        return ""

    def _folder(self, identifier: str) -> _TreeNames:
        found = self._folders.get(identifier)
        if found is None:
            found = self._folders[identifier] = _TreeNames(self._objects, identifier)
            if len(self._folders) > _KEPT:
                self._folders.popitem(last=False)
        else:
            self._folders.move_to_end(identifier)
        return found
