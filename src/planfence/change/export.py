"""The one writer of git trees to disk, and a fresh export outside the repository that is gone afterwards.

Git itself writes the files, from an index of its own and with attributes that switch every
conversion off (`text`, `filter`, `ident`, `working-tree-encoding`): no filter program of the
repository runs, and each file is exactly its blob. Nothing of the user's repository is
touched: objects are only read. A tree may be anybody's (another writer's ledger brings some), so
before git begins every name in it is looked at, and one that git would not check out is refused.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from planfence.change import unsafenames
from planfence.change.change import Mode
from planfence.change.governing import Entry, parse_tree
from planfence.env import LOCAL_GIT_VARIABLES
from planfence.errors import CouldNotCheck
from planfence.files.private import believed_above, private_folder
from planfence.gitio import paths
from planfence.gitio.isolated import objects_folder
from planfence.gitio.objects import LARGEST, Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git
from planfence.records import dataclass

#: $GIT_DIR/info/attributes outranks every .gitattributes file (gitattributes(5)).
_RAW = "* -text -filter -ident -working-tree-encoding -export-subst\n"


@dataclass(frozen=True, slots=True)
class Export:
    """A tree on disk: if its files are, and scratch space beside them that is removed with it."""

    files: Path
    scratch: Path
    guard: Callable[[int], None]


@contextmanager
def export(repository: Repository, tree: str) -> Iterator[Export]:
    """Write a tree's files into a fresh folder and yield it.

    Raises :class:`CouldNotCheck` if a blob can't be read, the disk is full, or every temporary folder lies under a
    file that tests would believe.
    """
    with private_folder(repository.environment.get("PATH", os.defpath)) as private:
        files, space = private.folder / "tree", private.folder / "scratch"
        if above := believed_above(files):
            raise CouldNotCheck(
                f"the tests would believe {above}, which is not in the tree",
                hint="move it away, or set TMPDIR to a folder that lies elsewhere",
            )
        try:
            files.mkdir()
            space.mkdir()
            write_tree(repository, tree, files, space)
        except OSError as error:
            raise CouldNotCheck(
                f"tree {tree[:12]} could not be exported: {error.strerror}", hint="make room in TMPDIR"
            ) from error
        yield Export(files, space, private.guard)


def check_tree(repository: Repository, tree: str) -> None:
    """Raise :class:`CouldNotCheck` where a tree, with all that is in it, is none that git would check out.

    Each stored tree is read once, however often it is named; how much all would come to is counted before any of it
    is written, since ten small trees can name a billion files.
    """
    known: dict[str, list[tuple[str, str]]] = {}
    sizes: dict[str, int] = {}
    level: dict[str, tuple[str, int]] = {tree: ("", 1)}
    total = 0
    objects = repository.objects
    for _ in range(DEEPEST):
        for name, entries in _read_trees(objects, [name for name in level if name not in known]):
            known[name] = _folders(entries, level[name][0])
            sizes[name] = len(entries)
        below: dict[str, tuple[str, int]] = {}
        for name, (folder, times) in level.items():
            total += times * sizes[name]
            for part, inner in known[name]:
                first, so_far = below.get(inner, (f"{folder}{part}/", 0))
                below[inner] = (first, so_far + times)
        if total > MOST_ENTRIES:
            raise CouldNotCheck(f"tree {tree[:12]} holds more than {MOST_ENTRIES} names", hint=_LOOK)
        if not below:
            return
        level = below
    raise CouldNotCheck(f"tree {tree[:12]} is more than {DEEPEST} folders deep", hint=_LOOK)


def _read_trees(objects: Objects, wanted: list[str]) -> Iterator[tuple[str, list[tuple[str, Entry]]]]:
    for start in range(0, len(wanted), _AT_ONCE):
        asked = wanted[start : start + _AT_ONCE]
        for name, size in objects.sizes(asked).items():
            if size > LARGEST:
                raise CouldNotCheck(f"the tree {name} is {size} bytes large", hint=_LOOK)
        for name, found in zip(asked, objects.read_many(asked), strict=True):
            if found.type != "tree":
                raise CouldNotCheck(f"{name} is a {found.type} where a tree is named", hint=_LOOK)
            yield name, list(parse_tree(found.data, len(name) // 2))


def _folders(entries: list[tuple[str, Entry]], folder: str) -> list[tuple[str, str]]:
    """Check one tree's entries, as `git fsck` does; return the folders among them, each with its tree's id."""
    names_here: set[str] = set()
    before = b""
    inner: list[tuple[str, str]] = []
    for name, found in entries:
        kind = found.mode & 0o170000
        reason = unsafenames.unwritable(name, kind)
        key = paths.encode(name) + (b"/" if kind == Mode.TREE else b"")
        if kind not in _KINDS or found.mode > 0o177777:
            reason = reason or f"the mode {found.mode:o} is none of git's"
        elif name in names_here:
            reason = "the name stands twice in one folder"
        elif key < before:
            reason = "the folder is not in git's order"
        if reason:
            raise CouldNotCheck(f"{folder + name!a} is not written to disk: {reason}", hint=_LOOK)
        names_here.add(name)
        before = key
        if kind == Mode.TREE:
            inner.append((name, found.id))
    return inner


#: What a tree may come to: more names than any checkout holds, and the depth that git 2.44 allows
#: (core.maxTreeDepth).
MOST_ENTRIES = 5_000_000
DEEPEST = 2048
_AT_ONCE = 256
_KINDS = frozenset(mode & 0o170000 for mode in (Mode.TREE, Mode.FILE, Mode.SYMLINK, Mode.GITLINK))
_LOOK = "nothing was written; look at it with `git ls-tree` and `git fsck`, and ask who made it"


def write_tree(repository: Repository, tree: str, into: Path, space: Path) -> None:
    """Write the raw files of ``tree`` into the empty folder ``into``; ``space`` holds the index meanwhile.

    Raises :class:`CouldNotCheck` for a tree that git would not check out (:func:`check_tree`), before anything is
    written, and for a folder that is a link or holds something: what is there could lead elsewhere.
    """
    check_tree(repository, tree)
    if into.is_symlink() or any(into.iterdir()):
        raise CouldNotCheck(f"{into} is not an empty folder", hint="name a folder that is not there")
    git = repository.git
    objects = objects_folder(repository)
    shadow = space / "git"
    for part in ("refs", "info", "objects"):
        (shadow / part).mkdir(parents=True)
    (shadow / "HEAD").write_text("ref: refs/heads/none\n")
    sha256 = len(repository.zero) == 64
    version, extension = (1, "[extensions]\n\tobjectformat = sha256\n") if sha256 else (0, "")
    (shadow / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = false\n{extension}")
    (shadow / "info" / "attributes").write_text(_RAW)
    variables = {name: value for name, value in repository.environment.for_git().items() if name not in _OWN}
    variables |= {
        "GIT_DIR": str(shadow),
        "GIT_WORK_TREE": os.path.abspath(into),  # git is started in it
        "GIT_OBJECT_DIRECTORY": objects,
        "GIT_INDEX_FILE": str(shadow / "index"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    settings = ("symlinks=true", "fileMode=true", "protectHFS=true", "protectNTFS=true")
    options = [word for each in settings for word in ("-c", f"core.{each}")]
    options += ["-c", f"checkout.workers={max(1, min(8, os.cpu_count() or 1))}"]
    alone = Git(into, repository.environment.but(variables), git.program)
    try:
        alone.run(*options, "read-tree", "--reset", "-u", tree)
    except CouldNotCheck as error:
        raise CouldNotCheck(
            f"tree {tree[:12]} could not be exported: {error.message}",
            hint="look at the free space in the temporary folder, and run `git fsck`",
        ) from error
    shutil.rmtree(shadow)


class Rewriter:
    """Changes single files of an export between two runs of a command, and leaves everything else as it lies.

    A rewritten file is always a second newer than it was: build tools go by times of whole seconds, and Python's
    caches by the second and the size (their entries of the file are taken away as well).
    """

    def __init__(self, files: Path) -> None:
        self._files = files
        self._stamps: dict[str, int] = {}

    def write(self, states: Mapping[str, tuple[int, bytes] | None]) -> None:
        """Give each path its mode and bytes (a link's are its target), or take it away (None).

        Raises :class:`CouldNotCheck` if something that is not a folder stands in the way: a test may have put it
        there, and it could lead out of the export.
        """
        for path in sorted(states, key=lambda path: (states[path] is not None, path)):
            self._one(path, states[path])

    def _one(self, path: str, state: tuple[int, bytes] | None) -> None:
        place = self._place(path, make=state is not None)
        before = place.lstat().st_mtime_ns if os.path.lexists(place) else 0
        if place.is_dir() and not place.is_symlink():
            if state is None or state[0] == Mode.GITLINK:
                return  # a submodule's place, or what tests put there
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        for cached in (place.parent / "__pycache__").glob(f"{glob.escape(place.stem)}.*.pyc"):
            cached.unlink()
        stamp = max(time.time_ns(), max(before, self._stamps.get(path, 0)) + 1_000_000_000)
        self._stamps[path] = stamp
        if state is not None:
            _make(place, *state, stamp)

    def _place(self, path: str, *, make: bool) -> Path:
        """Where a path is in the export, with the folders above it if they are to be made."""
        *folders, name = path.split("/")
        if {"", ".", "..", ".git"} & {*folders, name}:
            raise CouldNotCheck(f"{path!a} is not a path of a tree", hint=_LOOK)
        here = self._files
        for folder in folders:
            here = here / folder
            if make and not os.path.lexists(here):
                here.mkdir()
            if os.path.lexists(here) and (here.is_symlink() or not here.is_dir()):
                raise CouldNotCheck(
                    f"{path!a} can't be rewritten: the tests put something else in its way",
                    hint="let the tests work in a folder of their own",
                )
        return here / name


def _make(place: Path, mode: int, data: bytes, stamp: int) -> None:
    if mode == Mode.GITLINK:
        place.mkdir()
    elif mode == Mode.SYMLINK:
        place.symlink_to(os.fsdecode(data))
    else:
        place.write_bytes(data)
        place.chmod(0o755 if mode & 0o100 else 0o644)
        os.utime(place, ns=(stamp, stamp))


#: Everything local, except what leads to objects: a server's quarantine has new ones in another folder.
_OWN = LOCAL_GIT_VARIABLES - {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_NO_REPLACE_OBJECTS"}
