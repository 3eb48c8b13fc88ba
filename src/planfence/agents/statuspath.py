"""What git's status says of a worktree, with the marks of the files that it names: one question to git.

The light entry asks it after each shell command, and is silent if a session has seen all of it before.
It imports only what the light hooks do.
"""

import os

from planfence import tables
from planfence.gitio.spawn import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ASKED = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--no-ahead-behind")
_REFS = ("refs/heads", "refs/tags", "packed-refs", "reftable/tables.list")
_FIELDS = {b"1": 8, b"u": 10, b"?": 1}


def ask(top: str, variables: "Mapping[str, str]") -> "dict[bytes, str] | None":
    """Return the changed and the new paths, each with a mark that changes if its file does; None: git failed."""
    plain = {name: value for name, value in variables.items() if name[:4] != "GIT_"}
    command = ["git", "-C", top, *tables.SAFE_CONFIG, *_ASKED]
    status, out, _ = Process(command, tables.for_git(plain), heard=False).communicate()
    return dict(_marks(top, out)) if status == 0 else None


def _marks(top: str, out: bytes) -> "Iterator[tuple[bytes, str]]":
    for record in out.split(b"\0"):
        kind = record[:1]
        if kind not in _FIELDS:
            continue
        path = record.split(b" ", _FIELDS[kind])[-1]
        try:
            stat = os.lstat(os.fsencode(top) + b"/" + path)
            mark = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_mode}"
        except OSError:
            mark = "gone"
        yield path, ("? " if kind == b"?" else "= ") + mark


def whole(marks: "Mapping[bytes, str]", git_dir: str, common: str, folder: str) -> bytes:
    """Return all that a session has seen, as bytes to compare.

    They hold the marks, the length of HEAD's log, the times of refs and hooks, and the hooks' ``folder``
    (:func:`folder_of` reads it from them).
    """
    try:
        logged = os.stat(git_dir + "/logs/HEAD").st_size
    except OSError:
        logged = 0
    lines = [path + b"\0" + mark.encode() for path, mark in marks.items()]
    refs = sum(times(f"{common}/{name}") for name in _REFS)
    header = b"planfence-status 4 %d %d %d " % (logged, refs, hooks(git_dir, common, folder)) + os.fsencode(folder)
    return b"\0\0".join([header, *lines, b"end"])


def folder_of(known: bytes) -> str:
    """Return the folder of the hooks that a session has seen; empty if it is not told."""
    return os.fsdecode(b" ".join(known.partition(b"\0\0")[0].split(b" ")[5:]))


def hooks(git_dir: str, common: str, folder: str) -> int:
    """Return a number that changes if a hook in this folder, or what the repository tells git of hooks, does."""
    when = times(f"{common}/config") + times(f"{git_dir}/config.worktree")
    try:
        with os.scandir(folder) as inside:
            return when + sum(_changed(each.path, os.lstat) + _changed(each.path, os.stat) for each in inside)
    except OSError:
        return when


def _changed(place: str, ask: "Callable[[str], os.stat_result]") -> int:
    try:
        return ask(place).st_ctime_ns
    except OSError:  # a link that leads nowhere
        return 0


def times(place: str) -> int:
    """Return the time of a file, or the sum of a folder's and of those in it: git moves a ref by a file that is new."""
    when = 0
    try:
        when = os.stat(place).st_mtime_ns
        with os.scandir(place) as inside:
            return when + sum(times(each.path) for each in inside if each.is_dir(follow_symlinks=False))
    except OSError:
        return when


def file_of(git_dir: str, session: str) -> str:
    """Return the file that holds what a session has seen."""
    name = "".join(char if char.isalnum() or char in "-_" else "-" for char in session)[:100] or "unnamed"
    return f"{git_dir}/planfence/sessions/{name}.status"
