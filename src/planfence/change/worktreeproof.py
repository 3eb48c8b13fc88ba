"""Whether the worktree is exactly one tree: the proof, byte by byte, or the first thing that is not."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable

from planfence.change.change import Mode
from planfence.gitio import paths
from planfence.gitio.repository import Repository


def difference(
    repository: Repository, tree: str, allowed: Iterable[str] = (), *, ignored: bool = False, extra: bool = True
) -> str:
    """Say why the worktree is not exactly ``tree``; empty if it is.

    Every file is read and hashed raw, so that a filter, a flag in the index, or a stale
    timestamp hides nothing. ``allowed`` are paths (files, or folders with all that is in
    them) that may be there besides: the policy's links and logs. An ignored file counts as
    one too many, since a test could read it, unless ``ignored`` lets those be. Without
    ``extra`` only what the tree has is looked at.
    """
    if repository.bare:
        return "the repository is bare"
    tracked = {path: (mode, name) for mode, name, path in repository.git.entries(tree)}
    top = os.fsencode(repository.top)
    for path, (mode, oid) in tracked.items():
        if not _is_blob(os.path.join(top, path), mode, oid):
            return f"{_shown(path)} is not what the tree has"
    if not extra:
        return ""
    let_be = {os.fsencode(each) for each in allowed}
    found = _untracked(repository, let_be) if ignored else _extra(repository, tracked, let_be)
    return f"{_shown(found)} is not in the tree" if found else ""


def _untracked(repository: Repository, let_be: set[bytes]) -> bytes:
    """The first file that git neither tracks nor ignores; empty if there is none."""
    listed = repository.git.run("ls-files", "-z", "--others", "--exclude-standard", "--full-name").split(b"\0")
    return next((path for path in listed if path and path not in let_be), b"")


def _shown(path: bytes) -> str:
    return paths.decode(path).encode("utf-8", "replace").decode()


def _is_blob(path: bytes, mode: int, oid: str) -> bool:
    """Whether the file at ``path`` has this mode and these bytes."""
    try:
        info = os.lstat(path)
        if mode == Mode.SYMLINK:
            return stat.S_ISLNK(info.st_mode) and _blob_id(os.readlink(path), oid) == oid
        if mode not in (Mode.FILE, Mode.EXECUTABLE, Mode.GROUP_WRITABLE) or not stat.S_ISREG(info.st_mode):
            return False
        if bool(info.st_mode & stat.S_IXUSR) != (mode == Mode.EXECUTABLE):
            return False
        with open(path, "rb") as file:
            return _blob_id(file.read(), oid) == oid
    except OSError:
        return False


def _blob_id(data: bytes, like: str) -> str:
    # Not a secret: git's own object id (gitformat-index; sha1 in the older format).
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def _extra(repository: Repository, tracked: dict[bytes, tuple[int, str]], allowed: set[bytes]) -> bytes:
    """The first file on disk that the tree does not have; empty if there is none."""
    folders = {b""}
    for path in tracked:
        while path := path.rpartition(b"/")[0]:
            folders.add(path)
    top = os.fsencode(repository.top)
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(top, folder)) as entries:
            for entry in entries:
                path = folder + b"/" + entry.name if folder else entry.name
                if path == b".git" or path in allowed or path in tracked:
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    return path
                if path not in folders:
                    return path
                waiting.append(path)
    return b""


def fingerprint(repository: Repository) -> str:
    """What must stay as it is while tests run in the worktree: HEAD, the index's entries, the configuration."""
    digest = hashlib.sha256()
    git = repository.git
    for question in (("rev-parse", "HEAD"), ("symbolic-ref", "--quiet", "HEAD"), ("ls-files", "-s", "-v", "-z")):
        digest.update(git.status(*question, ok=(0, 1, 128))[1] + b"\0\0")
    for name in ("config", "config.worktree", "info/attributes", "info/exclude"):
        for folder in (repository.common_dir, repository.git_dir):
            file = folder / name
            digest.update(file.read_bytes() if file.is_file() else b"\0")
    return digest.hexdigest()
