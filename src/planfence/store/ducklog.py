"""The commonest lines of large logs, added up by DuckDB; every other line is handed back to the reference parser.

What DuckDB takes is a subset that both read the same: hand-written lines of the six fields and our own lines of hooks
that only ran, with real times and plain numbers. Files that it can't be sure of (a carriage return, a doubled line, a
last line without its newline, bytes that are not UTF-8) are left to Python as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from planfence.core.fastfold import UNREAD
from planfence.core.taskfacts import QUIET_EVENTS
from planfence.records import dataclass

_DAY = (
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_NUMBER = r"(?:\d{1,15}(?:\.\d*)?|\.\d+)?"
_HAND = (
    rf"{_DAY}_{_TIME},task=[^,%]+,model=[^,%]*,cost={_NUMBER},time_min={_NUMBER},review_round=(?:\d{{1,9}}(?:\.\d*)?)?"
)
#: A hook's fields in the order in which they are written, so that none is there twice.
_HOOK = (
    rf",event=(?:{'|'.join(sorted(QUIET_EVENTS))}),result=[a-z]+"
    + "".join(rf"(?:,{name}=[^,%]*)?" for name in ("plan", "stage", "theme", *UNREAD))
    + r",id=[0-9a-f]{16}"
)
_COMMON = f"{_HAND}(?:{_HOOK})?"
_CHUNK = 1 << 22

_READ = """
CREATE TEMP TABLE lines AS
SELECT line, regexp_full_match(line, '{common}') AS common
FROM read_csv({files}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false,
              auto_detect = false)
WHERE line IS NOT NULL AND line <> ''
"""
_UNIQUE = """
SELECT count(*), count(DISTINCT hash(CASE WHEN line[-20:-17] = ',id=' THEN right(line, 16) ELSE line END)) FROM lines
"""
# An empty word is asked for first: `try_cast` is slow where it fails.
_SUM = """
SELECT words[2], words[3], coalesce(words[7], ''), coalesce(words[8], ''), count(*), min(words[1]), max(words[1]),
       coalesce(sum(cost), 0), count(cost), coalesce(sum(minutes), 0), count(minutes), coalesce(max(rounds), 0),
       coalesce(min(words[1]) FILTER (WHERE list_contains(words, 'stage=implement')), ''),
       coalesce(max(CASE 'theme=' WHEN words[11][:6] THEN words[1] || words[11][7:]
                                  WHEN words[10][:6] THEN words[1] || words[10][7:]
                                  WHEN words[9][:6] THEN words[1] || words[9][7:] END), '')
FROM (SELECT words, try_cast(nullif(words[4][6:], '') AS DOUBLE) AS cost,
             try_cast(nullif(words[5][10:], '') AS DOUBLE) AS minutes,
             try_cast(nullif(words[6][14:], '') AS DOUBLE) AS rounds
      FROM (SELECT string_split(line, ',') AS words FROM lines WHERE common))
GROUP BY ALL
"""


class Common(NamedTuple):
    """The sums of common lines with the same words of task, model, event and result (`task=p/t`, `event=check`).

    The last two words are empty for hand-written lines. Times are text as in the log; ``made`` is the first in the
    implement stage, ``themed`` the last with a theme and that theme behind it, "" where there is none.
    """

    task: str
    model: str
    event: str
    result: str
    lines: int
    first: str
    last: str
    cost: float
    costs: int
    time_min: float
    times: int
    rounds: float
    made: str
    themed: str


@dataclass(frozen=True, slots=True)
class Summed:
    """What DuckDB added up, how many lines that were, how many were blank, and the lines left over, in their order."""

    sums: list[Common]
    common: int
    blank: int
    rest: list[str]


def add_up(paths: Sequence[Path]) -> Summed | None:
    """Add up the common lines of these files; None where Python must read them as a whole."""
    counted: list[int | None] = []
    counting = Thread(target=lambda: counted.append(_newlines(paths)))
    counting.start()
    try:
        summed = _add_up(paths)
    finally:
        counting.join()
    lines = counted[0]
    if summed is None or lines is None:
        return None
    sums, count, rest = summed
    return Summed(sums, count - len(rest), lines - count, rest)


def _add_up(paths: Sequence[Path]) -> tuple[list[Common], int, list[str]] | None:
    """The sums, how many lines are not blank, and those left over; None as :func:`add_up`."""
    import duckdb

    named = "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
    with duckdb.connect() as connection:
        try:
            connection.execute(_READ.format(common=_COMMON, files=named))
            count, distinct = connection.execute(_UNIQUE).fetchall()[0]
            if count != distinct:
                return None
            sums = [Common(*row) for row in connection.execute(_SUM).fetchall()]
            rest = [line for (line,) in connection.execute("SELECT line FROM lines WHERE NOT common").fetchall()]
        except duckdb.Error:
            return None
    return sums, count, rest


def _newlines(paths: Sequence[Path]) -> int | None:
    """How many lines the files have; None where one holds a byte that the two readers could take differently."""
    count = 0
    try:
        for path in paths:
            last = b"\n"
            with path.open("rb") as file:
                while data := file.read(_CHUNK):
                    if b"\r" in data or b"\0" in data or b"\1" in data:
                        return None
                    count += data.count(b"\n")
                    last = data[-1:]
            if last != b"\n":
                return None
    except OSError:
        return None  # who reads it next says so
    return count
