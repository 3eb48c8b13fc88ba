"""How every command prints: nothing else writes to standard output and error. Knows no click, as hooks print too."""

from __future__ import annotations

import os
import sys

from planfence import env
from planfence.errors import BadFile, CouldNotCheck, ExitCode, PlanfenceError
from planfence.inert import inert, lines, netted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

#: So many faults of a file are told; the rest is counted.
_FAULTS = 50
#: A command's line that is still without an end is passed on from this many bytes on.
_LINE = 1 << 16


def wants_colour(environment: env.Environment, stream: TextIO | None = None) -> bool:
    """Whether to colour: `NO_COLOR` wins (no-color.org), then `FORCE_COLOR`, then whether a terminal listens."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return bool((stream or sys.stdout).isatty()) and environment.get("TERM") != "dumb"


def emit(text: str, *, err: bool = False, commands: bool = False) -> None:
    """Print what a renderer made, whatever the terminal's encoding; ``commands``: it holds our own for a CI's log."""
    _write(netted(text, commands=commands), err=err)


def say(text: str, *, err: bool = False) -> None:
    """Print one line, whatever texts of others are in it."""
    _write(f"{inert(text)}\n", err=err)


def _write(text: str, *, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    data = text.encode(stream.encoding or "utf-8", "backslashreplace")
    binary = getattr(stream, "buffer", None)
    try:
        if binary is None:
            stream.write(text)
        else:
            binary.write(data)
        stream.flush()
    except OSError:
        if not err:
            raise
        drop_unwritten(stream)  # a note that nobody hears changes neither what is done nor the exit code


def emit_exact(data: bytes) -> None:
    """Write bytes as they are for the program that reads them; a person at a terminal sees them inert."""
    if sys.stdout.isatty():
        emit(lines(data.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(data)


def drop_unwritten(stream: TextIO) -> None:
    """Forget what a stream does not take (a full disk): else the interpreter ends with a status of its own."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def ended(work: Callable[[], int]) -> int:
    """Run a command; return its exit code, or that of the error in which it ends, which is said here."""
    try:
        return work()
    except PlanfenceError as error:
        emit_error(error)
        return int(error.code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        drop_unwritten(sys.stdout)
        return 1  # nobody listens any more, as to `planfence split | head`; click ends so too
    except OSError as error:  # a name that is too long for the system, a folder that went away: whatever nobody foresaw
        drop_unwritten(sys.stdout)
        emit_error(CouldNotCheck(f"{error.filename or 'the system'}: {error.strerror or error}"))
        return int(ExitCode.COULD_NOT_CHECK)


def emit_error(error: PlanfenceError) -> None:
    """Say an error and its hint on standard error: a line each, and a line for each fault of a file."""
    emit(f"planfence: {error_text(error)}\n", err=True)


def error_text(error: PlanfenceError) -> str:
    """Return an error and its hint, inert: a line each, and a line for each fault of a file."""
    if isinstance(error, BadFile):
        said: list[str] = []
        for fault in error.faults[:_FAULTS]:
            said += [inert(str(fault)), *([f"    fix: {inert(fault.fix)}"] if fault.fix else [])]
        if len(error.faults) > _FAULTS:
            said.append(f"and {len(error.faults) - _FAULTS} more faults: fix these, and look again")
    else:
        said = [inert(error.message), *(f"  {inert(line)}".rstrip() for line in error.more)]
    if error.hint:
        said.append(f"  hint: {inert(error.hint)}")
    return "\n".join(said)


class PassedOn:
    """What a command writes, passed on line by line (:func:`planfence.inert.lines`); nobody knows what it runs."""

    def __init__(self, *, err: bool) -> None:
        self._err = err
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Take some more of it."""
        whole, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest
        self._show(whole + newline)
        if len(self._rest) > _LINE:
            self.end()

    def say(self, text: str) -> None:
        """Say a line of our own, on standard error and below what was passed on."""
        self.end()
        say(f"planfence: {text}", err=True)

    def end(self) -> None:
        """Pass on a last line that lacks its end, with one."""
        if self._rest:
            self._show(self._rest + b"\n")
            self._rest = b""

    def _show(self, data: bytes) -> None:
        if data:
            _write(lines(data.decode("utf-8", "surrogateescape")), err=self._err)


class StatusLine:
    """One line that is replaced as things move on, if a terminal listens on standard error (``shows``).

    As a context manager it is taken away in the end.
    """

    def __init__(self) -> None:
        self.shows = sys.stderr.isatty()
        self._wide = 0

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Replace the line; cut at the terminal's width, since a wrapped line could not be taken away."""
        if self.shows:
            import shutil

            self.clear()
            text = inert(text)[: shutil.get_terminal_size().columns - 1]
            self._wide = len(text)
            _write(text, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._wide:
            _write(f"\r{' ' * self._wide}\r", err=True)
            self._wide = 0
