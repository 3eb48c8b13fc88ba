"""Files that somebody else may have put in place: read so that no read waits for ever, or takes all memory."""

from __future__ import annotations

import errno
import os
import stat

from planfence.errors import PlanfenceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO, AnyStr, BinaryIO

#: Larger than any file of settings, answers or events.
LARGEST = 64 * 1024 * 1024


def open_plain(path: str | Path) -> BinaryIO:
    """Open a plain file, or what a link leads to, to read it; raises :class:`OSError`, also for a pipe or a device."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return os.fdopen(descriptor, "rb")


def read_plain(path: str | Path, largest: int = LARGEST) -> bytes:
    """Return the bytes of a plain file; raises as :func:`open_plain`, and for more than ``largest`` bytes."""
    with open_plain(path) as file:
        data = file.read(largest + 1)  # not by its size alone: it may grow meanwhile
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MB", str(path))
    return data


def read_given(stream: IO[AnyStr], what: str) -> AnyStr:
    """Return what a file or a pipe that the user named has; raises :class:`PlanfenceError` beyond :data:`LARGEST`."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise PlanfenceError(f"{what} is larger than {LARGEST >> 20} MB")
    return data
