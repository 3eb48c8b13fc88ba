"""Private folders for what must not outlive us, at a place where nothing above them is believed.

Test runners and build tools look for their configuration in every folder above the one that they run in: pytest for
`pytest.ini` and the `conftest.py` beside it, Node for `package.json` and `node_modules`, Cargo for `Cargo.toml` and
`.cargo`, Go for `go.work`. No mark stops all of them (nothing stops Node's `node_modules` and Cargo's `.cargo`), so a
folder is made if no folder above it holds such a file, and :func:`believed_above` says if one does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from planfence.errors import CouldNotCheck
from planfence.records import dataclass

_PREFIX = "planfence-export-"
#: The scratch repositories of gitio/isolated.py.
_SCRATCH = "planfence-" + 16 * "[0-9a-f]"
#: Seconds in which whoever made a folder has its lock.
_YOUNG = 60

#: What a tool looks for in the folders above the one that it runs in, by the tools' manuals.
_BELIEVED = (
    # pytest, tox, setuptools, packagers
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "conftest.py", "pyproject.toml", "setup.cfg"),
    *("setup.py", "tox.ini", "tox.toml", "Pipfile", "uv.toml", ".venv", ".python-version", ".env"),
    # Node, npm, pnpm, Yarn, Deno, and their runners
    *("package.json", "node_modules", ".npmrc", "pnpm-workspace.yaml", ".yarnrc", ".yarnrc.yml", ".pnp.cjs"),
    *(".pnp.loader.mjs", "deno.json", "deno.jsonc", "lerna.json", "nx.json", "rush.json", "tsconfig.json"),
    *(f"jest.config.{end}" for end in ("js", "ts", "mjs", "cjs", "json")),
    *(".mocharc.js", ".mocharc.cjs", ".mocharc.json", ".mocharc.jsonc", ".mocharc.yml", ".mocharc.yaml", ".swcrc"),
    # Rust, Go, the JVM, .NET
    *("Cargo.toml", ".cargo", "rust-toolchain", "rust-toolchain.toml", "go.mod", "go.work"),
    *("pom.xml", ".mvn", "settings.gradle", "settings.gradle.kts", "global.json", "NuGet.config", "nuget.config"),
    *("Directory.Build.props", "Directory.Build.targets", "Directory.Build.rsp", "Directory.Packages.props"),
    # Ruby, PHP, runners of tasks, others
    *("Gemfile", "gems.rb", "Rakefile", "rakefile", "Rakefile.rb", ".ruby-version", "composer.json"),
    *(".tool-versions", "mise.toml", ".mise.toml", "Makefile", "justfile", "Justfile", ".justfile", "Taskfile.yml"),
    *("WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel", ".bazelversion", "dune-workspace", "dune-project"),
    *("stack.yaml", "cabal.project", "Package.swift", "pubspec.yaml", "build.zig"),
    # version control
    *(".git", ".hg", ".svn"),
)

#: Waits for its input to end (also by kill -9 of the writer), ends the process group that it was last told of,
#: and removes the folder. `kill -s KILL -- -1`: the only form of it that POSIX has, which dash, too, understands.
_REAPER = """
trap '' INT TERM HUP
group=0
while read -r line; do group=$line; done
[ "$group" -gt 1 ] 2>/dev/null && kill -s KILL -- "-$group" 2>/dev/null
remove() { rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwX -- "$1"; rm -rf -- "$1"; }; }
remove "$1"
if [ "$group" -gt 1 ] 2>/dev/null; then sleep 1; remove "$1"; fi
[ -e "$1" ] || rm -f -- "$1.lock"
"""


@dataclass(frozen=True, slots=True)
class Private:
    """A folder of ours; the reaper removes it when this process ends, in whatever way."""

    folder: Path
    _reaper: IO[bytes]

    def guard(self, group: int) -> None:
        """Name the process group that must end with this process; 0: none."""
        # Past the buffer: a child tells its own group between fork and exec.
        with suppress(BrokenPipeError):
            os.write(self._reaper.fileno(), f"{group}\n".encode())


@contextmanager
def private_folder(path: str) -> Iterator[Private]:
    """Make a folder that only we may enter, and remove it at the end, also if this process is killed.

    ``path`` is the PATH on which the programs are that remove it. Raises :class:`CouldNotCheck` if there is no place
    for it.
    """
    base = _base()
    sweep()
    folder = lock = reaper = None
    try:
        try:
            while lock is None or not os.path.lexists(f"{folder}.lock"):
                # Another process's sweep may find the folder before its lock is held: then both are gone.
                if lock is not None:
                    os.close(lock)
                folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
                made = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                lock = os.open(f"{folder}.lock", made, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)
            reaper = _reaper(str(folder), path)
        except OSError as error:
            raise CouldNotCheck(
                f"no folder for the export in {base}: {error.strerror}", hint="make room there, or set TMPDIR"
            ) from error
        assert folder is not None
        assert reaper.stdin is not None
        yield Private(folder, reaper.stdin)
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


def _reaper(folder: str, path: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _REAPER, "planfence-reaper", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={"PATH": path},
    )


def _bases() -> tuple[Path, ...]:
    """The temporary folders, the user's own first. Python looks for one that it can write to."""
    try:
        first = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise CouldNotCheck("no temporary folder can be written to", hint="make room there, or set TMPDIR") from error
    # `/var/tmp` is there for the machines that have something in `/tmp` itself.
    names = (first, "/tmp", "/var/tmp")  # noqa: S108 - `mkdtemp` makes what we use there
    found = dict.fromkeys(os.path.realpath(each) for each in names if os.access(each, os.W_OK | os.X_OK))
    return tuple(Path(each) for each in found)


def _base() -> Path:
    """The first temporary folder in and above which nothing lies that tools would believe, else the user's own."""
    bases = _bases()
    return next((base for base in bases if not believed_above(base / "any")), bases[0])


def believed_above(folder: Path) -> str:
    """The first file above ``folder`` that a test runner or a build tool would believe; empty if there is none."""
    for start in (os.path.join(above, "") for above in folder.parents):  # strings, for hundreds of names
        for name in _BELIEVED:
            if os.path.lexists(start + name):
                return start + name
    return ""


def sweep() -> int:
    """Remove what killed processes left behind; a folder whose lock is held is in use. Return how many went."""
    gone = sum(_sweep_scratch(folder) for base in _bases() for folder in base.glob(_SCRATCH))
    for lock in (each for base in _bases() for each in base.glob(f"{_PREFIX}*.lock")):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            status = os.fstat(descriptor)
            if status.st_uid != os.getuid() or not stat.S_ISREG(status.st_mode):
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
            gone += 1
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return gone


def _sweep_scratch(folder: Path) -> bool:
    """Remove a scratch repository that nobody holds; return whether it went."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < _YOUNG:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
