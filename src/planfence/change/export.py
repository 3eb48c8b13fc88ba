"""A fresh export of a tree's raw blobs, outside the repository, gone afterwards whatever happens.

Git itself writes the files, from an index of its own and with attributes that switch every
conversion off (`text`, `filter`, `ident`, `working-tree-encoding`): no filter program of the
repository runs, and each file is exactly its blob. Nothing of the user's repository is
touched: objects are only read.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from planfence.env import LOCAL_GIT_VARIABLES
from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository
from planfence.records import dataclass

#: $GIT_DIR/info/attributes outranks every .gitattributes file (gitattributes(5)).
_RAW = "* -text -filter -ident -working-tree-encoding -export-subst\n"
_PREFIX = "planfence-export-"

#: Waits for its input to end (also by kill -9 of the writer), ends the process group that it was last told of,
#: and removes the folder.
_REAPER = """
trap '' INT TERM HUP
group=0
while read -r line; do group=$line; done
[ "$group" -gt 1 ] 2>/dev/null && kill -KILL -- "-$group" 2>/dev/null
rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwX -- "$1"; rm -rf -- "$1"; }
rm -f -- "$1.lock"
"""


@dataclass(frozen=True, slots=True)
class Export:
    """A tree on disk: where its files are, and scratch space beside them that is removed with it."""

    files: Path
    scratch: Path
    _reaper: IO[bytes]

    def guard(self, group: int) -> None:
        """Name the process group that must end with this process; 0: none."""
        guard(self._reaper, group)


def guard(reaper: IO[bytes], group: int) -> None:
    """Tell a reaper which process group must end with this process; 0: none."""
    with suppress(BrokenPipeError):
        reaper.write(f"{group}\n".encode())
        reaper.flush()


@contextmanager
def scratch() -> Iterator[tuple[Path, IO[bytes]]]:
    """Make a folder that is removed at the end, also when this process is killed; yields it and the reaper's input."""
    base = _base()
    sweep()
    folder = lock = reaper = None
    try:
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            lock = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            reaper = subprocess.Popen(
                ["/bin/sh", "-c", _REAPER, "planfence-reaper", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            raise CouldNotCheck(
                f"no folder for the export in {base}: {error.strerror}", hint="make room there, or set TMPDIR"
            ) from error
        assert reaper.stdin is not None
        yield folder, reaper.stdin
    finally:
        if reaper is not None:
            assert reaper.stdin is not None
            with suppress(BrokenPipeError):
                reaper.stdin.close()
            reaper.wait()
        elif folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _base() -> Path:
    """The temporary folder. Python looks for one that it can write to."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise CouldNotCheck("no temporary folder can be written to", hint="make room there, or set TMPDIR") from error


def sweep() -> int:
    """Remove what killed processes left behind; a folder whose lock is held is in use. Return how many went."""
    gone = 0
    for lock in _base().glob(f"{_PREFIX}*.lock"):
        try:
            if lock.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
            gone += 1
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return gone


@contextmanager
def export(repository: Repository, tree: str) -> Iterator[Export]:
    """Write a tree's files into a fresh folder and yield it.

    Raises :class:`CouldNotCheck` where a blob can't be read or the disk is full.
    """
    with scratch() as (folder, reaper):
        files, space = folder / "tree", folder / "scratch"
        try:
            files.mkdir()
            space.mkdir()
            write_tree(repository, tree, files, space)
        except OSError as error:
            raise CouldNotCheck(
                f"tree {tree[:12]} could not be exported: {error.strerror}", hint="make room in TMPDIR"
            ) from error
        yield Export(files, space, reaper)


def write_tree(repository: Repository, tree: str, into: Path, space: Path) -> None:
    """Write the raw files of ``tree`` into the empty folder ``into``; ``space`` holds the index meanwhile."""
    git = repository.git
    objects = git.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
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
        "GIT_WORK_TREE": str(into),
        "GIT_OBJECT_DIRECTORY": objects,
        "GIT_INDEX_FILE": str(shadow / "index"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    options = ("-c", "core.symlinks=true", "-c", "core.fileMode=true", "-c", f"checkout.workers={_workers()}")
    for command in (("read-tree", tree), ("checkout-index", "-a", "-q")):
        done = subprocess.run(
            [git.program, *options, *command], cwd=into, env=variables, capture_output=True, check=False
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise CouldNotCheck(
                f"tree {tree[:12]} could not be exported: {said[0] if said else done.returncode}",
                hint="look at the free space in the temporary folder, and run `git fsck`",
            )
    shutil.rmtree(shadow)


#: Everything local, except what leads to objects: a server's quarantine has new ones in another folder.
_OWN = LOCAL_GIT_VARIABLES - {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_NO_REPLACE_OBJECTS"}


def _workers() -> int:
    return max(1, min(8, os.cpu_count() or 1))
