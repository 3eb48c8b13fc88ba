"""Files cut into ranges of whole lines, for work on them in several processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from planfence.files.plain import open_plain
from planfence.records import dataclass

_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes of a file from ``start`` up to ``end``: whole lines, if the file is only appended to."""

    path: Path
    start: int
    end: int


def blocks(path: Path, size: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes in blocks of ``size``, from ``start`` up to ``end`` (None: all there is)."""
    with open_plain(path) as file:
        file.seek(start)
        left = size if end is None else end - start
        while left > 0 and (data := file.read(min(size, left))):
            left -= 0 if end is None else len(data)
            yield data


def cut(paths: Sequence[Path], parts: int) -> list[list[ByteRange]]:
    """Cut files, in their order, into so many parts of about the same size (or fewer), each cut after a newline."""
    sizes = [path.stat().st_size for path in paths]
    share = max(1, -(-sum(sizes) // parts))
    found: list[list[ByteRange]] = [[]]
    room = share
    for path, size in zip(paths, sizes, strict=True):
        start = 0
        while start < size:
            end = size if size - start <= room else _after_newline(path, start + room, size)
            found[-1].append(ByteRange(path, start, end))
            room -= end - start
            start = end
            if room <= 0:
                found.append([])
                room = share
    return [part for part in found if part]


def _after_newline(path: Path, place: int, size: int) -> int:
    """The first place from here on at which a line begins, or the file's end."""
    with path.open("rb") as file:
        file.seek(place - 1)
        while data := file.readline(_LINE):
            if data.endswith(b"\n"):
                return min(file.tell(), size)
    return size


def processors() -> int:
    """How many processes can run at once, and be forked: 1 if a system can't."""
    if not hasattr(os, "fork"):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
