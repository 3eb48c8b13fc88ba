"""The one error type, and the exit codes that every command shares."""

from __future__ import annotations

from enum import IntEnum

from planfence.records import dataclass


class ExitCode(IntEnum):
    """What a process tells its caller.

    ``CLEAN`` nothing to refuse; ``FINDINGS`` at least one error finding; ``USAGE`` bad
    arguments, or a bad plan or policy; ``COULD_NOT_CHECK`` git or a file could not be read;
    ``INTERRUPTED`` as shells report SIGINT.
    """

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    COULD_NOT_CHECK = 3
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file: where (1-based line and column; 0 = whole file), what, and the fix.

    ``unknown``: a later version of Planfence may know what this one does not.
    """

    path: str
    line: int
    column: int
    message: str
    fix: str
    unknown: bool = False

    def __str__(self) -> str:
        place = self.path
        if self.line:
            place += f":{self.line}:{self.column}"
        return f"{place}: {self.message}"


class PlanfenceError(Exception):
    """Something that ends a command with one clear message.

    ``message`` says in one line what is wrong, ``more`` are further lines, ``hint`` what to type or change next.
    ``code`` is :attr:`ExitCode.USAGE` unless git or a file could not be read.
    """

    def __init__(
        self, message: str, *, hint: str = "", code: ExitCode = ExitCode.USAGE, more: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.more = more
        self.hint = hint
        self.code = code


class CouldNotCheck(PlanfenceError):
    """Git or a file could not be read, so no verdict exists: always a refusal (exit code 3)."""

    def __init__(self, message: str, *, hint: str = "", more: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, code=ExitCode.COULD_NOT_CHECK, more=more)


class BadFile(PlanfenceError):
    """A plan, a policy or another file that people write is wrong: all its faults at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        lines = [f"{fault}" + (f"\n    fix: {fault.fix}" if fault.fix else "") for fault in faults]
        super().__init__("\n".join(lines))
        self.faults = faults


def reason(error: Exception) -> str:
    """Why a file could not be read: without the number and the path that an error of the system bears."""
    return getattr(error, "strerror", "") or str(error)


def a_persons(what: str, who: str) -> PlanfenceError:
    """Return the error for a model, ``who``, that asks for what a person alone does."""
    return PlanfenceError(f"a person {what}, and {who} is none", hint="say to your person what you need")
