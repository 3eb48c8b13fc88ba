"""What can be made again: small files, each proved whole by its first line. A broken one is a miss."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.hooks.lightrepository import digest

#: More files than this are never kept: the oldest go first.
MOST = 256


def put(folder: Path, name: str, body: bytes) -> bool:
    """Store ``body`` under a name; return whether it is there (a folder that can't be written is not a failure)."""
    path = folder / name
    data = digest(body) + b"\n" + body
    try:
        if path.is_file() and path.read_bytes() == data:
            return True
        write_atomically(path, data)
        _prune(folder)
    except (OSError, CouldNotCheck):
        return False
    return True


def drop(folder: Path, name: str) -> None:
    """Forget what is stored under a name."""
    with suppress(OSError):
        (folder / name).unlink()


def get(folder: Path, name: str) -> bytes | None:
    """Return what was stored under a name, or None if nothing whole is there."""
    try:
        told, _, body = read_plain(folder / name).partition(b"\n")
    except OSError:
        return None
    return body if told == digest(body) else None


def _prune(folder: Path) -> None:
    with os.scandir(folder) as found:
        files = sorted((entry.stat().st_mtime, entry.path) for entry in found if entry.is_file())
    for _, path in files[: max(0, len(files) - MOST)]:
        os.unlink(path)
