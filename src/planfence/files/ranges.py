"""Files cut into ranges of whole lines, and work on them in several processes."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from planfence.records import dataclass

_T = TypeVar("_T")
_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of a file from ``start`` up to ``end``: whole lines, if the file is only appended to."""

    path: Path
    start: int
    end: int


def blocks(path: Path, size: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield a file's bytes in blocks of ``size``, from ``start`` up to ``end`` (None: all there is)."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        left = size if end is None else end - start
        while left > 0 and (data := file.read(min(size, left))):
            left -= 0 if end is None else len(data)
            yield data


def cut(paths: Sequence[Path], parts: int) -> list[list[Span]]:
    """Cut files, in their order, into so many parts of about the same size (or fewer), each cut after a newline."""
    sizes = [path.stat().st_size for path in paths]
    share = max(1, -(-sum(sizes) // parts))
    found: list[list[Span]] = [[]]
    room = share
    for path, size in zip(paths, sizes, strict=True):
        start = 0
        while start < size:
            end = size if size - start <= room else _after_newline(path, start + room, size)
            found[-1].append(Span(path, start, end))
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
    """How many processes can run at once, and be forked: 1 where a system can't."""
    if not hasattr(os, "fork"):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class NoAnswer(Exception):
    """A child ended without an answer, whatever the reason: then nothing is known."""


def each_in_a_process(work: Callable[[list[Span]], _T], parts: Sequence[list[Span]]) -> Generator[_T]:
    """Yield what ``work`` makes of each part, in order; the first is done here, each other one in a child.

    To be closed when it is left. Raises :class:`NoAnswer`.
    """
    children = [_child(work, part) for part in parts[1:]]
    try:
        for part in parts[:1]:
            yield work(part)
        while children:
            data = _answer(*children.pop(0))
            if data is None:
                raise NoAnswer
            yield pickle.loads(data)  # noqa: S301 - our own child wrote it, into a pipe of ours
    finally:
        for child in children:
            _answer(*child)


def _answer(pid: int, reading: int) -> bytes | None:
    """Read all that a child says, and wait for its end; None where it said nothing or failed."""
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    return data if status == 0 and data else None


def _child(work: Callable[[list[Span]], _T], part: list[Span]) -> tuple[int, int]:
    """Start a child at work on a part; return its process id and the pipe's end that its answer comes from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    # The child never comes back from here: it must not run its parent's `finally`s, nor flush its buffers.
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(work(part), pickle.HIGHEST_PROTOCOL))
        status = 0
    finally:
        os._exit(status)
