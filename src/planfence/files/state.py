"""Small files of one worktree's state, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress

from planfence.errors import CouldNotCheck, reason
from planfence.files.plain import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


#: Holds `<plan>/<task>` and a newline.
ACTIVE_TASK = "task"

#: What `edit` is told where the file is to go; it is known by being this object, not by its bytes.
GONE = bytes(bytearray(b"gone"))

#: The folder of a worktree's state that holds one file for each agent's session.
SESSIONS = "sessions"


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file by a rename, so that a crash leaves the old one or the new one.

    A file that is there keeps its permissions; a new one gets ``mode``, less what the umask takes away. Raises
    :class:`CouldNotCheck` if the folder can't be written.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path, data, mode)
        try:
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def write_output(path: Path, data: bytes) -> None:
    """Write the file that a person named for a result, as :func:`write_atomically` does, and where a symlink leads.

    What is no file stays what it is, and is written to: `/dev/null`, a pipe, the shell's `/dev/fd/63`.
    """
    with told(path):
        is_open = str(path).startswith(("/dev/fd/", "/dev/std", "/proc/"))  # by the shell
        if path.exists() and (is_open or not path.is_file()):
            with open(path, "ab") as there:
                there.write(data)
            return
    write_atomically(type(path)(os.path.realpath(path)), data)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file whole, if nothing has its name; return whether it was written. Raises :class:`CouldNotCheck`."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path, data, 0o666)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                return False
            os.replace(temporary, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    return True


def edit(path: Path, change: Callable[[bytes | None], bytes | None]) -> bool:
    """Read a user's file, have it changed, and replace it, while no other process of ours does the same to it.

    ``change`` gets the content (None: there is no file) and returns the new one, None to leave it, or `GONE` to remove
    the file. An editor that holds no lock of ours may write meanwhile: then ``change`` is asked again. Return whether
    anything was changed. Raises :class:`CouldNotCheck`.
    """
    with told(path):
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with locked(path.parent):
                    return _edited(path, change)
            except FileNotFoundError:
                if path.parent.exists():
                    raise  # else another process of ours has removed the folder that it had made


def _edited(path: Path, change: Callable[[bytes | None], bytes | None]) -> bool:
    while True:
        old = _content(path)
        new = change(old)
        if new is None or new == old or (new is GONE and old is None):
            return False
        if new is GONE:
            if _content(path) == old:
                os.unlink(path)
                return True
            continue
        temporary = _beside(path, new, 0o666)
        try:
            if _content(path) == old:
                os.replace(temporary, path)
                return True
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)


@contextmanager
def locked(folder: Path, wait_s: float = 60.0) -> Iterator[None]:
    """Hold a folder against other processes of ours; the lock is on the folder itself, so it leaves no file.

    Raises :class:`CouldNotCheck` if another one holds it for longer than ``wait_s`` seconds.
    """
    with held(
        os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), wait_s, f"another planfence holds {folder}"
    ):
        yield


@contextmanager
def held(descriptor: int, wait_s: float, otherwise: str) -> Iterator[None]:
    """Hold the lock on an open file or folder, and close it in the end.

    Raises :class:`CouldNotCheck` that says ``otherwise`` if another holds it for longer than ``wait_s`` seconds.
    """
    try:
        end = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise CouldNotCheck(otherwise, hint="wait for it, or end it; then try again") from None
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def _beside(path: Path, data: bytes, mode: int) -> Path:
    """Write a finished file beside ``path``, with the permissions of what is there, and return its place."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with suppress(FileNotFoundError):
                os.fchmod(descriptor, os.stat(path).st_mode & 0o777)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _content(path: Path) -> bytes | None:
    try:
        return read_plain(path)
    except FileNotFoundError:
        return None


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say in one message that a file could not be written: as :class:`CouldNotCheck`."""
    try:
        yield
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be written: {error.strerror}") from error


def read_active_task(state_dir: str | Path) -> str:
    """Return `<plan>/<task>`, or an empty string if no task is active in this worktree."""
    name = os.path.join(state_dir, ACTIVE_TASK)
    try:
        return read_plain(name).decode("utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"{name} could not be read: {reason(error)}", hint="run `planfence start TASK`") from error


def write_active_task(state_dir: Path, task: str) -> None:
    """Make ``task`` (`<plan>/<task>`) the active one of this worktree; empty: none."""
    if task:
        write_atomically(state_dir / ACTIVE_TASK, f"{task}\n".encode())
        return
    (state_dir / ACTIVE_TASK).unlink(missing_ok=True)
