"""`planfence board --watch`: the board on the whole screen, drawn again when something changes."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from planfence.errors import PlanfenceError
from planfence.gate.board import look
from planfence.gate.lastlook import LastLook, again, recall
from planfence.gate.rows import Board
from planfence.gitio.repository import Repository
from planfence.inert import netted
from planfence.records import replace
from planfence.render.board_text import board_text

#: How often marks are compared (seconds), the share of a processor that looking through all worktrees may take, and the
#: share of whole looks: while thirty agents are at work, something changes all the time.
_TICK_S = 1.0
_SHARE = 0.005
_BUSY_SHARE = 0.1
_QUIET_S = 2.0


def stay(repository: Repository, plan: str, home: str) -> None:
    """Show the board until `q` is pressed. Raises :class:`PlanfenceError` if no terminal listens."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PlanfenceError("--watch needs a terminal", hint="for a program: planfence board --json")
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, emoji=False)
    last = recall(repository)
    last.patience = lambda cost_s: max(_QUIET_S, cost_s / _SHARE)
    looks = _Looks(repository, last)
    state: tuple[object, ...] = ()
    drawn = ""
    with _keys(), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            found, problem = looks.next()
            now = time.time()
            before, state = state, (id(last.board), problem, int(now // 60), console.size)
            if state != before:  # minutes and ages change, too
                lines = netted(_text(found, problem, plan, now, home)).split("\n")
                text = "\n".join(_fit(lines, console.size.height))
                if text != drawn or before[-1:] != state[-1:]:
                    live.update(Text(text, no_wrap=True), refresh=True)
                drawn = text
            if _pressed(_TICK_S) in ("q", "Q", "\x03", ""):
                return


class _Looks:
    """Looks at the board again and again, whole looks so seldom that they take no more than their share."""

    def __init__(self, repository: Repository, last: LastLook) -> None:
        self._repository, self._last = repository, last
        self._not_before = 0.0

    def next(self) -> tuple[Board | None, str]:
        """The board now, and what keeps it from being read: a worktree may go away while it is looked at."""
        last = self._last
        try:
            found = again(self._repository, last)
            if found is None and time.monotonic() >= self._not_before:
                began = sum(os.times()[:4])
                found = look(self._repository, last)
                self._not_before = time.monotonic() + (sum(os.times()[:4]) - began) / _BUSY_SHARE
        except PlanfenceError as error:
            last.key = ""
            return last.board, error.message
        return found or last.board, ""


def _text(found: Board | None, problem: str, plan: str, now: float, home: str) -> str:
    text = ""
    if found is not None:
        mine = found.only(plan)
        # What somebody is at work on comes first: a screen may not hold it all.
        rows = tuple(sorted(mine.rows, key=lambda row: not row.active))
        text = board_text(replace(mine, rows=rows), now, home=home)
    return text + (f"planfence: {problem}\n" if problem else "")


def _fit(lines: list[str], height: int) -> list[str]:
    end = "q ends it"
    if len(lines) < height:
        return [*lines, end]
    hidden = len(lines) - height + 1
    return [*lines[: height - 1], f"{hidden} more lines: planfence board shows all; {end}"]


@contextmanager
def _keys() -> Iterator[None]:
    """Have the terminal hand on each key at once, unseen; as it was afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed(seconds: float) -> str | None:
    """The key that is pressed in this time, None if none is; empty if the terminal is gone."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") if ready else None
