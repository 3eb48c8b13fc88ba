"""The commonest lines of large logs, added up by DuckDB; every other line is handed back to the reference parser.

What DuckDB takes is a subset that both read the same: hand-written lines of the six fields and our own lines of hooks
that only ran, with real times and plain numbers. Files that it can't be sure of (a carriage return, a doubled line, a
last line without its newline, bytes that are not UTF-8) are left to Python as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from planfence.files.plain import open_plain
from planfence.log.files import lines_of, local_clock
from planfence.log.reader import Reader, SetAside
from planfence.records import dataclass, field
from planfence.report.fastfold import EARLY, LATE, UNREAD, Totals, count
from planfence.report.taskfacts import QUIET_EVENTS, LogFacts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# In years that every system's clock knows.
_DAY = (
    r"[12]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))"
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
#: What fits the processor's cache: each block is searched several times.
_CHUNK = 1 << 18

# `kind`: 1 is a hand-written line, 2 a hook's that has no amounts, 0 is for the reference parser.
_READ = """
CREATE TEMP TABLE lines AS
SELECT line, CASE WHEN NOT regexp_full_match(line, '{common}') THEN 0
                  WHEN NOT contains(line, ',event=') THEN 1
                  WHEN contains(line, ',cost=,time_min=,review_round=,event=') THEN 2
                  ELSE 0 END AS kind
FROM read_csv({files}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false,
              auto_detect = false)
WHERE line IS NOT NULL AND line <> ''
"""
_REST = "SELECT line FROM lines WHERE kind = 0"
# An empty word is asked for first: `try_cast` is slow where it fails.
_HANDS = """
SELECT words[2], words[3], count(*), min(words[1]), max(words[1]), coalesce(sum(cost), 0), count(cost),
       coalesce(sum(minutes), 0), count(minutes), coalesce(max(rounds), 0)
FROM (SELECT words, try_cast(nullif(words[4][6:], '') AS DOUBLE) AS cost,
             try_cast(nullif(words[5][10:], '') AS DOUBLE) AS minutes,
             try_cast(nullif(words[6][14:], '') AS DOUBLE) AS rounds
      FROM (SELECT string_split(line, ',') AS words FROM lines WHERE kind = 1))
GROUP BY ALL
"""
# The text of a time and what belongs to it have the order of both.
_RANS = """
SELECT words[2], words[7], words[8], count(*), min(words[1]), max(words[1]),
       min(words[1] || words[3]) FILTER (words[3] <> 'model=' AND 'stage=implement' IN (words[9], words[10])),
       max(CASE 'theme=' WHEN nullif(words[11], 'theme=')[:6] THEN words[1] || words[11]
                         WHEN nullif(words[10], 'theme=')[:6] THEN words[1] || words[10]
                         WHEN nullif(words[9], 'theme=')[:6] THEN words[1] || words[9] END)
FROM (SELECT string_split(line, ',') AS words FROM lines WHERE kind = 2)
GROUP BY ALL
"""
# A slice of bytes, for that of a text counts its characters.
_UNIQUE = """
SELECT count(*), count(DISTINCT CASE WHEN kind = 1 THEN hash(encode(line))
                                     WHEN kind = 2 OR line[-20:-17] = ',id=' THEN hash(encode(line)[-16:])
                                     ELSE hash(encode(line)) END) FROM lines
"""
_TIME_LENGTH = len("2026-11-22_10:00:00")


class NeedsReader(Exception):
    """Python must read the files as a whole; nothing that was found in them so far counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what the files hold: sums of common lines, lines left over in their order, how many lines were blank."""

    totals: Totals = field(default_factory=lambda: Totals({}, 0))
    rest: Sequence[str] = ()
    blank: int = 0


def add_up(paths: Sequence[Path]) -> Generator[Found]:
    """Yield what the files hold, bit by bit, while DuckDB is at work on the next. To be closed when it is left.

    Raises :class:`NeedsReader`, at the end perhaps.
    """
    import duckdb

    with duckdb.connect() as connection:
        found: SimpleQueue[Found | int | NeedsReader] = SimpleQueue()

        def work() -> None:
            last: int | NeedsReader = NeedsReader()
            try:
                for each in _found(connection, paths):
                    found.put(each)
                last = _distinct(connection)
            except (duckdb.Error, NeedsReader):
                pass  # a byte that is not text, for one
            finally:
                found.put(last)

        thread = Thread(target=work)
        thread.start()
        try:
            lines = _newlines(paths)
            while isinstance(each := found.get(), Found):
                yield each
            if isinstance(each, NeedsReader):
                raise each
            yield Found(blank=lines - each)
        finally:
            connection.interrupt()
            thread.join()


def _found(connection: DuckDBPyConnection, paths: Sequence[Path]) -> Iterator[Found]:
    named = "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
    connection.execute(_READ.format(common=_COMMON, files=named))
    yield Found(rest=[line for (line,) in connection.execute(_REST).fetchall()])
    hands = Totals({}, 0)
    for task, model, *sums in connection.execute(_HANDS).fetchall():
        hands.hands[task[5:], model[6:]] = sums
        hands.lines += sums[0]
    yield Found(hands)
    rans = Totals({}, 0)
    for task, event, result, lines, first, last, made, themed in connection.execute(_RANS).fetchall():
        maker = (made[:_TIME_LENGTH], made[_TIME_LENGTH + 6 :]) if made else (LATE, "")
        theme = (themed[:_TIME_LENGTH], themed[_TIME_LENGTH + 6 :]) if themed else (EARLY, "")
        run = event[6:], result[7:]
        rans.add_ran(task[5:], (lines, lines if run[1] == "refused" else 0), (first, last), maker, theme)
        rans.runs[run] += lines
        rans.lines += lines
    yield Found(rans)


def _distinct(connection: DuckDBPyConnection) -> int:
    """How many lines are not blank; raises :class:`NeedsReader` if two may be the same."""
    count, distinct = connection.execute(_UNIQUE).fetchall()[0]
    if count != distinct:
        raise NeedsReader
    return int(count)


def _newlines(paths: Sequence[Path]) -> int:
    """How many lines the files have; raises :class:`NeedsReader` for a byte that two readers could take differently."""
    count = 0
    try:
        for path in paths:
            last = b"\n"
            with open_plain(path) as file:
                while data := file.read(_CHUNK):
                    if b"\r" in data or b"\0" in data or b"\1" in data:
                        raise NeedsReader
                    count += data.count(b"\n")
                    last = data[-1:]
            if last != b"\n":
                raise NeedsReader
    except OSError as error:
        raise NeedsReader from error  # who reads it next says so
    return count


def fold_large(paths: Sequence[Path], prefix: str) -> tuple[LogFacts, Counter[str], list[SetAside]] | None:
    """Fold files of one prefix; None if they are not for DuckDB: then they are read in Python."""
    facts, reader = LogFacts(), Reader(local_clock)
    try:
        with closing(add_up(paths)) as bits:
            for each in bits:
                facts.add(reader.read(f"{line}\n" for line in each.rest), prefix)
                if reader.counts["glued"] or reader.counts["doubled"]:
                    return None  # a record inside a glued line may be another's double
                each.totals.merge(facts, local_clock, prefix)
                count(reader, each.totals.lines)
                reader.counts["lines"] += each.blank
                reader.counts["blank"] += each.blank
    except NeedsReader:
        return None
    counts = Counter({name: number for name, number in reader.counts.items() if number})
    return facts, counts, _numbered(paths, reader.aside)


def _numbered(paths: Sequence[Path], aside: list[SetAside]) -> list[SetAside]:
    """Find the line numbers of what was set aside, which DuckDB does not tell."""
    wanted = [entry.text for entry in aside]
    found: list[SetAside] = []
    for path in paths:
        if not wanted:
            break
        with lines_of(path) as lines:
            for index, line in enumerate(lines, 1):
                if wanted and line.rstrip("\n") == wanted[0]:
                    entry = aside[len(found)]
                    found.append(SetAside(index, entry.why, entry.text))
                    wanted.pop(0)
    return found + aside[len(found) :]
