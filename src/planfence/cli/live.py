"""What a person sees while something takes time: its output, and under it one line that says what goes on."""

from __future__ import annotations

import shutil
import sys
from typing import BinaryIO

from planfence.gate.testrun import Teller

_FRAMES = "|/-\\"


class StatusLine:
    """One line that is replaced as things move on, where a terminal listens on standard error (``shows``)."""

    def __init__(self) -> None:
        self.shows = sys.stderr.isatty()
        self._shown = False

    def show(self, text: str) -> None:
        """Replace the line; cut at the terminal's width, since a wrapped line could not be taken away."""
        if self.shows:
            sys.stderr.write(f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._shown = False


class Live:
    """Streams output, and keeps a status line below it."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out or sys.stdout.buffer
        self._line = StatusLine()
        self._frame = 0

    def teller(self) -> Teller:
        """Return who is told."""
        return Teller(self.say, self.output, self.tick)

    def clear(self) -> None:
        """Take the status line away."""
        self._line.clear()

    def say(self, text: str) -> None:
        """Say a line of our own."""
        self.clear()
        sys.stderr.write(f"planfence: {text}\n")
        sys.stderr.flush()

    def output(self, data: bytes) -> None:
        """Pass on what a command wrote."""
        self.clear()
        self._out.write(data)
        self._out.flush()

    def tick(self, name: str, seconds: float) -> None:
        """Say how long a command has been running."""
        self._frame += 1
        self._line.show(f"{_FRAMES[self._frame % 4]} {name}: running for {seconds:.0f} s (Ctrl-C ends it)")
