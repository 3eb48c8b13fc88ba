"""What a person sees while tests run: their output, and under it one line that says what goes on."""

from __future__ import annotations

import sys
from typing import BinaryIO

from planfence.app.testrun import Teller

_FRAMES = "|/-\\"


class Live:
    """Streams output, and keeps a status line below it where a terminal listens."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out or sys.stdout.buffer
        self._shows = sys.stderr.isatty()
        self._line = ""
        self._frame = 0

    def teller(self) -> Teller:
        """Return who is told."""
        return Teller(self.say, self.output, self.tick)

    def clear(self) -> None:
        """Take the status line away."""
        if self._line:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._line = ""

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
        if self._shows:
            self._frame += 1
            self._line = f"{_FRAMES[self._frame % 4]} {name}: running for {seconds:.0f} s (Ctrl-C ends it)"
            sys.stderr.write(f"\r\033[K{self._line}")
            sys.stderr.flush()
