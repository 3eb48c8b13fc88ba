"""Our section in files that agents read as text: fenced by two comments, and taken out without a trace.

The fence itself says how to take it out, so that any clone can: it ends with the file's last newline if the file had
one, and without one if it had none. The digest in its first line tells whether somebody wrote inside it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from planfence.digests import sha1
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.plain import read_plain
from planfence.files.state import GONE, edit
from planfence.records import dataclass

_BEGIN = b"<!-- planfence:begin "
_END = b"<!-- planfence:end -->"
_FIX = "put both lines of the fence back, or take both out, then run this again"


@dataclass(frozen=True, slots=True)
class _Fence:
    """Where a fence stands in a file's bytes: ``start`` to ``stop``, its last newline included if there is one."""

    start: int
    stop: int
    body: bytes
    digest: bytes
    newline: bytes

    @property
    def touched(self) -> bool:
        """Whether somebody wrote inside it."""
        return self.digest != _digest(self.body)


def put(path: Path, top: Path, text: str, head: str = "") -> str:
    """Write the section into a file, or replace an older one of ours; return what became of it, in words.

    ``head`` stands before the section if there was no file. Raises :class:`PlanfenceError` for a file that leads out
    of ``top``, is not text, or holds half a fence.
    """
    body = text.encode()
    done = ""

    def change(now: bytes | None) -> bytes | None:
        nonlocal done
        if now is None:
            done = "written"
            return head.encode() + _fenced(body, b"\n") + b"\n"
        fence = _find(now, path)
        if fence is None:
            done = "merged"
            return _appended(now, body)
        if fence.touched:
            done = "was edited, left as it is"
            return None
        done = "there already" if fence.body == body else "brought up to date"
        ended = fence.newline if now[: fence.stop].endswith(b"\n") else b""
        return now[: fence.start] + _fenced(body, fence.newline) + ended + now[fence.stop :]

    edit(_real(path, top), change)
    return done


def take_out(path: Path, top: Path, text: str, head: str = "") -> str:
    """Take the section out of a file, and nothing else; return what became of it, in words (empty: it was not there).

    A file that ``put`` wrote goes, with the folders that it leaves empty. What somebody wrote inside the fence stays.
    """
    if not path.is_file():
        return ""
    done = ""

    def change(now: bytes | None) -> bytes | None:
        nonlocal done
        fence = None if now is None else _find(now, path)
        if now is None or fence is None:
            return None
        done = "taken out"
        if fence.touched:
            done = "taken out; what was written inside it stays"
            return now[: fence.start] + _others(fence, text) + now[fence.stop :]
        before, after = now[: fence.start], now[fence.stop :]
        closed = now[: fence.stop].endswith(b"\n")
        if not closed and not after:
            return before.removesuffix(fence.newline * 2)
        if before.replace(b"\r\n", b"\n") == head.encode() and not after:
            return GONE
        return (before[: -len(fence.newline)] if before.endswith(fence.newline * 2) else before) + after

    edit(_real(path, top), change)
    folder = path.parent
    while not path.exists() and folder != top and not any(folder.iterdir()):
        with suppress(OSError):
            folder.rmdir()
        folder = folder.parent
    return done


def reads(path: Path, other: Path) -> bool:
    """Whether a file is another one by a link, or has agents read that (`@AGENTS.md`)."""
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    return any(line.strip() == b"@" + other.name.encode() for line in read_plain(path).splitlines())


def _real(path: Path, top: Path) -> Path:
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(top.resolve()):
        raise PlanfenceError(f"{path} leads out of this repository, to {real}", hint="make it a file of its own")
    return real


def _fenced(body: bytes, newline: bytes) -> bytes:
    lines = [_BEGIN + _digest(body) + b" -->", *body.rstrip(b"\n").split(b"\n"), _END]
    return newline.join(lines)


def _appended(now: bytes, body: bytes) -> bytes:
    newline = b"\r\n" if now.rpartition(b"\n")[0].endswith(b"\r") else b"\n"
    if now.endswith(b"\n"):
        return now + newline + _fenced(body, newline) + newline
    return now + newline * 2 + _fenced(body, newline) if now else _fenced(body, newline)


def _find(data: bytes, path: Path) -> _Fence | None:
    """Find the fence by its two whole lines."""
    if b"\0" in data:
        raise CouldNotCheck(f"{path} is not UTF-8 text", hint="save it as UTF-8, then run this again")
    begins: list[tuple[int, int]] = []
    ends: list[tuple[int, int]] = []
    at = 0
    for line in data.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        if bare.startswith(_BEGIN) and bare.endswith(b" -->"):
            begins.append((at, at + len(line)))
        elif bare == _END:
            ends.append((at, at + len(line)))
        at += len(line)
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0][0] > ends[0][0]:
        number = data[: (begins or ends)[0][0]].count(b"\n") + 1
        raise PlanfenceError(f"{path}:{number}: the fence of planfence's section is not whole", hint=_FIX)
    (start, opened), (closing, stop) = begins[0], ends[0]
    newline = b"\r\n" if data[start:opened].endswith(b"\r\n") else b"\n"
    inside = data[opened:closing].replace(b"\r\n", b"\n")
    return _Fence(start, stop, inside, data[start:opened].removeprefix(_BEGIN).partition(b" ")[0], newline)


def _others(fence: _Fence, text: str) -> bytes:
    """Return the lines inside a fence that are not ours."""
    ours = set(text.encode().split(b"\n"))
    return b"".join(line + fence.newline for line in fence.body.split(b"\n") if line not in ours)


def _digest(body: bytes) -> bytes:
    return sha1(body).hexdigest()[:12].encode()
