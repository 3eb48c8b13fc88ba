"""How every command prints. Knows no click, because hooks print too and must start quickly."""

from __future__ import annotations

import sys

from planfence import env
from planfence.errors import PlanfenceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def wants_colour(environment: env.Environment, stream: TextIO | None = None) -> bool:
    """Whether to colour: `NO_COLOR` wins (no-color.org), then `FORCE_COLOR`, then whether a terminal listens."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return bool((stream or sys.stdout).isatty()) and environment.get("TERM") != "dumb"


def emit(text: str, *, err: bool = False) -> None:
    """Print, whatever the terminal's encoding; nobody listening any more is no failure."""
    stream = sys.stderr if err else sys.stdout
    data = text.encode(stream.encoding or "utf-8", "backslashreplace")
    binary = getattr(stream, "buffer", None)
    if binary is None:
        stream.write(text)
    else:
        binary.write(data)
    stream.flush()


def emit_error(error: PlanfenceError) -> None:
    """Say an error and its hint on standard error."""
    emit(f"planfence: {error.message}\n", err=True)
    if error.hint:
        emit(f"  hint: {error.hint}\n", err=True)
