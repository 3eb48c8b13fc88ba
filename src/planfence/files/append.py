"""One line onto the end of a file that many processes write at once.

The light hooks use this module: it imports only what is built in.
"""

import posix as os  # what `os` itself takes from there; to import all of it costs as much as the rest of a hook
import time
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

_PAUSE_S = 0.002
_ONE_THREAD = allocate_lock()
# O_NONBLOCK: a named pipe without a reader must not hold a commit up.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_KIND, _PLAIN = 0o170000, 0o100000


def append_line(path: "str | bytes | PathLike[str]", line: str | bytes, timeout_s: float = 0.2) -> str:
    """Append ``line`` (or several) and a newline with a single write; return a warning, or "" where all is well.

    A log that can't be written never raises: no verdict may depend on it. A lock on `<path>.lock` is awaited for
    at most ``timeout_s`` seconds; then the line is appended all the same, which O_APPEND makes safe on local disks
    (NFS promises less: there the lock is what counts). A line that someone left without its newline is ended first.
    A symbolic link is not followed: a repository could make it name any file of the user's.
    """
    given = os.fspath(path)
    name = given if isinstance(given, str) else given.decode("utf-8", "surrogateescape")
    data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
    try:
        with _ONE_THREAD:
            held = _lock(f"{name}.lock", timeout_s)
            try:
                return _append(name, data.rstrip(b"\n") + b"\n")
            finally:
                if held >= 0:
                    os.close(held)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return f"{name} could not be written: {said}"


def _append(name: str, data: bytes) -> str:
    descriptor = os.open(name, _FLAGS | os.O_APPEND, 0o644)
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _KIND != _PLAIN:
            return f"{name} could not be written: it is not a plain file"
        if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            data = b"\n" + data
        if os.write(descriptor, data) != len(data):
            return f"{name} took only a part of the line: is the disk full?"
    finally:
        os.close(descriptor)
    return ""


def _lock(name: str, timeout_s: float) -> int:
    """Lock a file beside the log, or return -1 if that is not to be had in time.

    `lockf` holds against other processes only, and is gone as soon as this one closes any descriptor of the file:
    hence one thread at a time.
    """
    try:
        descriptor = os.open(name, _FLAGS, 0o644)
    except OSError:
        return -1
    end = time.monotonic() + timeout_s
    while True:
        try:
            os.lockf(descriptor, os.F_TLOCK, 0)
        except OSError:
            if time.monotonic() >= end:
                os.close(descriptor)
                return -1
            time.sleep(_PAUSE_S)
        else:
            return descriptor
