"""The reference parser of the benchmark log and the run log.

It reads hand-written lines (`echo "$(date +%F_%T),task=…,model=…,cost=…,time_min=…,review_round=…"`), our own
lines, run-log lines, and files in which they are mixed. What is not a whole line is split or set aside, and always
counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from planfence.log.line import FIRST_FIELDS, ID_LENGTH

#: Where a record begins; what stands before it in the same line is another record, or the torn rest of one.
_BEGIN = re.compile(r"(?=\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d,task=)")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d")
_RUN = re.compile(r"([^,\n]+),(start|end),(\d{1,11})(?:\.\d*)?")
_GLUED_RUNS = re.compile(r"([^,\n]+)(?:,(start|end),(\d{10}))?")
_NUMBER = re.compile(r"(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

#: How many set-aside lines are kept to be shown; all are counted.
SHOWN = 20


class Aside(StrEnum):
    """Why a line, or a part of one, is not read.

    ``TORN``: it begins like a record and breaks off, or lacks its `=`. ``DOUBLED``: the same id, or the same
    hand-written line, once more. ``FOREIGN``: neither a record nor a run-log line.
    """

    TORN = "torn"
    DOUBLED = "doubled"
    FOREIGN = "foreign"


class Record(NamedTuple):
    """One line of the benchmark log: its time (seconds since the epoch), its decoded fields, and its text."""

    epoch: int
    fields: dict[str, str]
    text: str

    @property
    def own(self) -> bool:
        """Whether we wrote it: it bears an id."""
        return "id" in self.fields


class RunEntry(NamedTuple):
    """One line of the run log: a task began or ended at ``epoch`` (seconds)."""

    epoch: int
    task: str
    edge: str


class SetAside(NamedTuple):
    """A line that was not read, whole or in part: its 1-based number, why, and its text."""

    line: int
    why: Aside
    text: str


#: Turns `2026-11-22_10:00:00` into seconds since the epoch; the second argument says whether it is UTC.
#: Raises ValueError if there is no such time.
Clock = Callable[[str, bool], int]


def decode(value: str) -> str:
    """Undo :func:`planfence.log.line.encode`; a `%` that starts no escape is itself."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value) if "%" in value else value


@lru_cache(maxsize=1 << 12)
def number(value: str) -> float | None:
    """Read a hand-written number such as `0.42`, `26` or `1e3`; None if it is empty or unreadable."""
    return float(value) if _NUMBER.fullmatch(value) else None


class Reader:
    """Reads lines and keeps count of everything that it saw.

    ``counts`` has `lines`, `records`, `runs`, `blank`, `glued` (lines that held more than one record), and one entry
    for each :class:`Aside`. ``aside`` holds the first :data:`SHOWN` lines of those. One reader may read many
    files one after another: doubles are found across them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.aside: list[SetAside] = []
        self._line = 0

    def restart(self) -> None:
        """Count from nothing again, but still know what was seen."""
        self.counts = Counter()
        self.aside = []

    def read(self, lines: Iterable[str]) -> Iterator[Record | RunEntry]:
        """Yield what the lines hold, in their order. Lines end in a newline, save perhaps the last."""
        for index, line in enumerate(lines, 1):
            yield from self.read_line(line, index)

    def read_line(self, line: str, index: int) -> Iterator[Record | RunEntry]:
        """Yield what one line holds; ``index`` is its 1-based number."""
        self._line = index
        self.counts["lines"] += 1
        text = line.rstrip("\r\n")
        if not text.strip():
            self.counts["blank"] += 1
            return
        if text.count(",task=") <= 1 and _WHEN.match(text):
            record = self._record(text, "" if line.endswith("\n") else "cut")
            if record is not None:
                yield record
            return
        parts = [part for part in _BEGIN.split(text) if part]
        if len(parts) > 1:
            self.counts["glued"] += 1
        for place, part in enumerate(parts, 1):
            ends = "glued" if place < len(parts) else "" if line.endswith("\n") else "cut"
            yield from self._read_part(part, ends)

    def _read_part(self, text: str, ends: str) -> Iterator[Record | RunEntry]:
        """Read what should be one record; ``ends`` says that another follows (`glued`), or no newline (`cut`)."""
        if _WHEN.match(text):
            record = self._record(text, ends)
            if record is not None:
                yield record
            return
        whole = _RUN.fullmatch(text)
        matches = [whole] if whole else [found for found in _GLUED_RUNS.finditer(text) if found[2]]
        if "".join(match[0] for match in matches) != text:
            self._set_aside(Aside.FOREIGN, text)
            return
        if len(matches) > 1:
            self.counts["glued"] += 1
        for match in matches:
            if self._is_new(f"{match[1]},{match[2]},{match[3]}"):
                self.counts["runs"] += 1
                yield RunEntry(int(match[3]), decode(match[1]), match[2])

    def _record(self, text: str, ends: str) -> Record | None:
        when, *words = text.split(",")
        try:
            fields = dict([word.split("=", 1) for word in words])
            epoch = self._clock(when, "id" in fields)
        except ValueError:
            self._set_aside(Aside.TORN, text)
            return None
        identity = fields.get("id")
        if identity is None:
            torn = bool(ends) and ("event" in fields or (ends == "glued" and FIRST_FIELDS[-1] not in fields))
        else:
            torn = not _ID.fullmatch(identity)
        if torn or "task" not in fields:
            self._set_aside(Aside.TORN, text)
            return None
        if not self._is_new(identity or text):
            return None
        if "%" in text:
            fields = {name: decode(value) for name, value in fields.items()}
        self.counts["records"] += 1
        return Record(epoch, fields, text)

    @property
    def seen(self) -> set[str]:
        """The ids, and the texts of lines without one, that were read; shared with the fast reader."""
        return self._seen

    def _is_new(self, key: str) -> bool:
        if key in self._seen:
            self._set_aside(Aside.DOUBLED, key)
            return False
        self._seen.add(key)
        return True

    def _set_aside(self, why: Aside, text: str) -> None:
        self.counts[why.value] += 1
        if len(self.aside) < SHOWN:
            self.aside.append(SetAside(self._line, why, text))
