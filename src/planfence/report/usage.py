"""What agents' session files say of tokens and dollars, in one form for all agents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from planfence.files.plain import open_plain
from planfence.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of a model.

    ``input`` counts all input tokens: those read from the cache (``cached``) and written to it (``written``, of them
    ``written_1h`` for an hour) are inside. ``context`` is how long the context was, 0 if unknown. ``reported`` is
    the agent's own number of dollars, None if it says none. ``run`` names one run of
    a program where it printed its own, "" elsewhere. ``unread``: its numbers are none that can be true, so that what
    it cost is not known.
    """

    agent: str
    session: str
    epoch: int
    cwd: str
    model: str
    input: int
    output: int
    cached: int = 0
    written: int = 0
    written_1h: int = 0
    reported: float | None = None
    context: int = 0
    run: str = ""
    unread: bool = False


@dataclass(slots=True)
class Collected:
    """Turns, and what was left out of the files on the way: a reason and how often."""

    turns: list[Turn] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def leave_out(self, reason: str) -> None:
        """Count something that was not taken."""
        self.left_out[reason] += 1

    def add(self, other: Collected) -> None:
        """Take another's turns and counts in."""
        self.turns += other.turns
        self.left_out.update(other.left_out)


def json_lines(path: Path, collected: Collected) -> Iterator[dict[str, object]]:
    """Yield the JSON objects of a file, one a line; what can't be read is counted, never raised: formats change."""
    try:
        with open_plain(path) as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError):
                    collected.leave_out("torn line")
                    continue
                if isinstance(value, dict):
                    yield value
                else:
                    collected.leave_out("not an object")
    except OSError:
        collected.leave_out("unreadable file")


def text(value: object) -> str:
    """The value if it is a string, "" otherwise."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """The value if it is a number that counts something, 0 otherwise."""
    return int(value) if is_count(value) and isinstance(value, int | float) else 0


def is_count(value: object) -> bool:
    """Whether a value counts something."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15


def is_read(usage: dict[str, object]) -> bool:
    """Whether an answer's input and output are there, and all its numbers of tokens can be true."""
    given = [value for name, value in usage.items() if name.endswith("_tokens") and value is not None]
    return all(map(is_count, (usage.get("input_tokens"), usage.get("output_tokens"), *given)))


def dollars(value: object) -> float | None:
    """The value if it is an amount, None otherwise."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9 else None


def seconds(value: object) -> int:
    """An ISO 8601 time as seconds since the epoch, 0 if it is none."""
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        return 0
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def recent(folder: Path, pattern: str, since: int) -> list[Path]:
    """The files under a folder that were written at ``since`` or later, in order of their names."""
    found = []
    for path in folder.glob(pattern):
        try:
            if path.stat().st_mtime >= since:
                found.append(path)
        except OSError:
            continue
    return sorted(found)
