"""One command run to its end: its own process group, a timeout, its output streamed and kept."""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from planfence.errors import CouldNotCheck
from planfence.records import dataclass

#: How much of a command's output is kept: the beginning and the end, the cut marked.
KEPT = 1024 * 1024
#: How long an ended command may go on writing before its group is ended too, and how long a group has after SIGTERM.
_GRACE_S = 2.0
_TICK_S = 0.2


class Tail:
    """Keeps the first and the last half of what passes, ``most`` bytes in all."""

    def __init__(self, most: int = KEPT) -> None:
        self._half = most // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0
        self._digest = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Take some more output."""
        self._total += len(data)
        self._digest.update(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        if len(self._tail) > 2 * self._half:
            del self._tail[: len(self._tail) - self._half]

    def text(self) -> bytes:
        """Return what was kept; if something was cut, a line says how much, and the digest of the whole."""
        tail = bytes(self._tail[-self._half :])
        cut = self._total - len(self._head) - len(tail)
        if cut <= 0:
            return bytes(self._head) + tail
        whole = self._digest.hexdigest()
        mark = f"\n[planfence: {cut} bytes cut here; all {self._total} have the SHA-256 {whole}]\n"
        return bytes(self._head) + mark.encode() + tail


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. ``status`` is None after a timeout; a signal is 128 + its number, as shells say it."""

    status: int | None
    output: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """What is told while a command runs: output as it comes, the seconds so far, and its process group."""

    output: Callable[[bytes], None]
    tick: Callable[[float], None]
    group: Callable[[int], None]


def run_command(command: str, where: Path, variables: Mapping[str, str], timeout_s: float, watch: Watch) -> Ended:
    """Run a shell command in ``where``; whatever it started is ended with it.

    A command that can't be found ends with status 127. Raises :class:`CouldNotCheck` where
    there is no shell; an interrupt ends the group and goes on.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=where,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Told before the command runs, so that no `kill -9` of us comes between.
            preexec_fn=lambda: watch.group(os.getpid()),  # noqa: PLW1509 - we have no threads
        )
    except OSError as error:
        raise CouldNotCheck(f"the tests could not be started in {where}: {error.strerror}") from error
    except ValueError as error:  # a recorded command may hold a NUL
        raise CouldNotCheck(f"`{command}` is no command line: {error}") from error
    kept = Tail()
    assert process.stdout is not None
    try:
        in_time = _follow(process, process.stdout, started + timeout_s, kept, watch, started)
    finally:
        _end(process)
        process.stdout.close()
        watch.group(0)
    status = process.returncode
    seconds = time.monotonic() - started
    return Ended((status if status >= 0 else 128 - status) if in_time else None, kept.text(), seconds)


def _follow(
    process: subprocess.Popen[bytes], pipe: IO[bytes], end: float, kept: Tail, watch: Watch, started: float
) -> bool:
    """Read until the command is over; False where its time ran out."""
    os.set_blocking(pipe.fileno(), False)
    over_since: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            ready = selector.select(_TICK_S)
            data = pipe.read(1 << 16) if ready else b""
            now = time.monotonic()
            if data:
                kept.add(data)
                watch.output(data)
            elif ready and data == b"":
                # Everyone closed it: only the exit status is still to come.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, end - now))
                return process.poll() is not None
            if process.poll() is not None:
                over_since = now if over_since is None else over_since
                if not data or now - over_since > _GRACE_S:
                    return True
            if now > end:
                return False
            watch.tick(now - started)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, politely first; what the command left running goes too."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
