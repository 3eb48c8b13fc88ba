"""One line onto the end of a file that many processes write at once.

Hook fast paths use this module: it imports only what the interpreter has loaded or built in.
"""

from __future__ import annotations

import os
import stat
import time
from _thread import allocate_lock

_PAUSE_S = 0.002
_ONE_THREAD = allocate_lock()


def append_line(path: str | os.PathLike[str], line: str, timeout_s: float = 0.2) -> str:
    """Append ``line`` and a newline with a single write; return a warning, or "" where all is well.

    A log that can't be written never raises: no verdict may depend on it. A lock on `<path>.lock` is awaited for
    at most ``timeout_s`` seconds; then the line is appended all the same, which O_APPEND makes safe on local disks
    (NFS promises less: there the lock is what counts). A line that someone left without its newline is ended first.
    A symbolic link is not followed: a repository could make it name any file of the user's.
    """
    name = os.fspath(path)
    try:
        with _ONE_THREAD:
            held = _lock(f"{name}.lock", timeout_s)
            try:
                return _append(name, line)
            finally:
                if held >= 0:
                    os.close(held)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        return f"{name} could not be written: {said}"


def _append(name: str, line: str) -> str:
    data = line.rstrip("\n").encode("utf-8", "surrogateescape") + b"\n"
    # O_NONBLOCK: a named pipe without a reader must not hold a commit up.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(name, flags, 0o644)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return f"{name} could not be written: it is not a plain file"
        if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            data = b"\n" + data
        if os.write(descriptor, data) != len(data):
            return f"{name} took only a part of the line: is the disk full?"
    finally:
        os.close(descriptor)
    return ""


def _lock(name: str, timeout_s: float) -> int:
    """Lock a file beside the log, or return -1 where that is not to be had in time.

    `lockf`, as in the fast path, which has it without an import. It holds against other processes only, and is gone
    as soon as this one closes any descriptor of the file: hence one thread at a time.
    """
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
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
