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


#: What is longer is cut inside of a line (bytes).
_LINE = 1 << 16


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
        """Return what was kept; if something was cut, a line says how much, and the digest of the whole.

        It is cut between lines, if they are not very long: half a secret would not be known as one.
        """
        head, tail = bytes(self._head), bytes(self._tail[-self._half :])
        if self._total <= len(head) + len(tail):
            return head + tail
        end = head.rfind(b"\n", len(head) - _LINE)
        head = head[:end] if end >= 0 else head
        start = tail.find(b"\n", 0, _LINE)
        tail = tail[start + 1 :] if start >= 0 else tail
        cut, whole = self._total - len(head) - len(tail), self._digest.hexdigest()
        mark = f"\n[planfence: {cut} bytes cut here; all {self._total} have the SHA-256 {whole}]\n"
        return head + mark.encode() + tail


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
    running = Running(command, where, variables, timeout_s, watch)
    try:
        while (ended := running.step(_TICK_S)) is None:
            pass
        return ended
    finally:
        running.end()


class Running:
    """A shell command under way, followed step by step, so that one process can follow several.

    Raises :class:`CouldNotCheck` if there is no shell. Whoever makes one calls :meth:`end`.
    """

    def __init__(self, command: str, where: Path, variables: Mapping[str, str], timeout_s: float, watch: Watch) -> None:
        self._started = time.monotonic()
        self._limit = self._started + timeout_s
        self._watch = watch
        self._kept = Tail()
        self._closed = self._over = False
        self._over_since: float | None = None
        try:
            self._process = subprocess.Popen(
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
            raise CouldNotCheck(f"`{command}` could not be started in {where}: {error.strerror}") from error
        except ValueError as error:  # a recorded command may hold a NUL
            raise CouldNotCheck(f"`{command}` is not a command line: {error}") from error
        assert self._process.stdout is not None
        self._pipe: IO[bytes] = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)

    def step(self, wait_s: float) -> Ended | None:
        """Follow it for ``wait_s`` seconds at most; how it ended, once it did."""
        in_time = self._follow(wait_s)
        if in_time is None:
            self._watch.tick(time.monotonic() - self._started)
            return None
        self.end()
        status = self._process.returncode
        seconds = time.monotonic() - self._started
        return Ended((status if status >= 0 else 128 - status) if in_time else None, self._kept.text(), seconds)

    def _follow(self, wait_s: float) -> bool | None:
        """Read what is there; False if its time ran out, None if it goes on."""
        if self._closed:
            # Everyone closed its output: only the exit status is still to come.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, min(wait_s, self._limit - time.monotonic())))
            if self._process.poll() is not None:
                return True
            return False if time.monotonic() > self._limit else None
        ready = self._selector.select(wait_s)
        data = self._pipe.read(1 << 16) if ready else b""
        now = time.monotonic()
        if data:
            self._kept.add(data)
            self._watch.output(data)
        elif ready and data == b"":
            self._closed = True
            return None
        if self._process.poll() is not None:
            self._over_since = now if self._over_since is None else self._over_since
            if not data or now - self._over_since > _GRACE_S:
                return True
        return False if now > self._limit else None

    def end(self) -> None:
        """End its whole group, whatever it is at."""
        if not self._over:
            self._over = True
            _end(self._process)
            self._selector.close()
            self._pipe.close()
            self._watch.group(0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, politely first; what the command left running goes too."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
