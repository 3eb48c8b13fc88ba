"""What a person sees while something takes time: its output, and under it one line that says what goes on."""

from __future__ import annotations

from planfence.gate.testrun import RunProgress
from planfence.terminal import PassedOn, StatusLine

_FRAMES = "|/-\\"


class Live:
    """Passes output on, and keeps a status line below it; a context manager that leaves the output alone."""

    def __init__(self, *, err: bool = False) -> None:
        self._out = PassedOn(err=err)
        self._line = StatusLine()
        self._frame = 0

    def __enter__(self) -> RunProgress:
        """Return who is told."""
        return RunProgress(self.say, self.output, self.tick)

    def __exit__(self, *_: object) -> None:
        """Take the status line away; what is left of the output stands on a line of its own."""
        self._line.clear()
        self._out.end()

    def say(self, text: str) -> None:
        """Say a line of our own."""
        self._line.clear()
        self._out.say(text)

    def output(self, data: bytes) -> None:
        """Pass on what a command wrote."""
        self._line.clear()
        self._out.take(data)

    def tick(self, name: str, seconds: float) -> None:
        """Say how long a command has been running."""
        self._frame += 1
        self._line.show(f"{_FRAMES[self._frame % 4]} {name}: running for {seconds:.0f} s (Ctrl-C ends it)")
