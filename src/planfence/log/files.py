"""Reading logs, and bringing lines from elsewhere into them."""

from __future__ import annotations

import calendar
import io
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.append import append_line
from planfence.files.plain import open_plain
from planfence.gitio.repository import Repository
from planfence.identity import checked, checked_task
from planfence.log.line import encode, format_record, format_run
from planfence.log.reader import Reader, Record, RunEntry, SetAside, number
from planfence.log.writer import keep_from_git, log_path, new_id, no_place, utc
from planfence.manifest.policy import Policy
from planfence.records import dataclass

_NUMBERS = ("cost", "time_min", "review_round", "est_min", "tokens_in", "tokens_out", "tokens_cached", "ctx", "ms")


@lru_cache(maxsize=1 << 16)
def _hour(text: str, is_utc: bool) -> int:
    # Not strptime: ten times as slow, and a log has thousands of hours.
    parsed = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13])).timetuple()
    try:
        return calendar.timegm(parsed) if is_utc else int(time.mktime(parsed))
    except OverflowError as error:  # before 1900, on some systems
        raise ValueError(text) from error


def local_clock(text: str, is_utc: bool) -> int:
    """Turn a log's time into seconds since the epoch; hand-written times are this machine's local time.

    Raises ValueError if there is no such time.
    """
    minutes, seconds = int(text[14:16]), int(text[17:])
    if minutes > 59 or seconds > 60:
        raise ValueError(text)
    return _hour(text[:13], is_utc) + 60 * minutes + seconds


@contextmanager
def lines_of(path: Path) -> Iterator[Iterator[str]]:
    """Open a log for :class:`planfence.log.reader.Reader`; bytes that are not UTF-8 pass through as surrogates."""
    try:
        with io.TextIOWrapper(open_plain(path), "utf-8", "surrogateescape", newline="\n") as file:
            yield file
    except FileNotFoundError:
        yield iter(())
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Reading:
    """What logs held: records and run-log entries in file order, the counts, and the first lines set aside.

    ``whole``: all of it was read, not only what the end of a log holds.
    """

    records: tuple[Record, ...]
    runs: tuple[RunEntry, ...]
    counts: dict[str, int]
    aside: tuple[SetAside, ...]
    whole: bool = True


def read_logs(paths: Iterable[Path]) -> Reading:
    """Read benchmark logs and run logs, mixed as they may be, each file once; one that is not there is empty."""
    reader = Reader(local_clock)
    records: list[Record] = []
    runs: list[RunEntry] = []
    for path in dict.fromkeys(paths):
        with lines_of(path) as lines:
            for entry in reader.read(lines):
                if isinstance(entry, Record):
                    records.append(entry)
                else:
                    runs.append(entry)
    return Reading(tuple(records), tuple(runs), dict(reader.counts), tuple(reader.aside))


#: How much of a log is read at once from its end, how long a line may be there, and after how much without a record
#: nobody looks further.
_BLOCK = 1 << 18
_LONGEST_LINE = 1 << 24
_NOTHING_IN = 1 << 23
_OUT_OF_ORDER_S = 86_400


def read_last(paths: Iterable[Path], last: int, task: str = "") -> Reading:
    """Read from the ends of logs until ``last`` records (of ``task``, if it is named) are found in each.

    Counts and lines set aside are those of what was read; a line's number is negative, counted from the end, where
    the file was not read whole. A record that stands twice is found once, but not if one of them was not read.
    """
    reader = Reader(local_clock)
    plain = b"task=" + encode(task).encode("utf-8", "surrogateescape")
    # Others may have encoded more than we do.
    named = re.compile(re.escape(plain) + rb"[,\r\n]|task=(?:(?!task=)[^,\n%])*+%")
    records: list[Record] = []
    runs: list[RunEntry] = []
    whole = True
    for path in dict.fromkeys(paths):
        found: list[list[Record]] = []
        amount = passed = size = 0
        for block, begins in _from_end(path):
            lines = _lines_of(block)
            begun = 1 if begins and not passed else -(passed + len(lines))
            passed += len(lines)
            size += len(block)
            if task and not (begins and size == len(block)):
                if plain not in block and not (b"%" in block and named.search(block)):
                    continue
                lines = [(place, line) for place, line in lines if named.search(line)]
            entries = [
                entry
                for place, line in lines
                for entry in reader.read_line(line.decode("utf-8", "surrogateescape"), begun + place)
            ]
            found.append([e for e in entries if isinstance(e, Record) and (not task or e.fields["task"] == task)])
            runs += [entry for entry in entries if isinstance(entry, RunEntry)]
            amount += len(found[-1])
            if amount >= last or (size > _NOTHING_IN and not (amount or task)):
                whole = whole and begins
                break
        records += [record for some in reversed(found) for record in some]
    return Reading(tuple(records), tuple(runs), dict(reader.counts), tuple(reader.aside), whole)


def read_since(path: Path, since: int, tasks: Iterable[str]) -> tuple[Record, ...]:
    """Read a benchmark log from its end, and return the records of these tasks that are from ``since`` or later.

    What was written in the wrong order is found as long as it is less than a day out of it.
    """
    reader, wanted = Reader(local_clock), frozenset(tasks)
    found: list[Record] = []
    for block, _ in _from_end(path):
        lines = block.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        records = [entry for entry in reader.read(lines) if isinstance(entry, Record)]
        found += [entry for entry in records if entry.fields["task"] in wanted and entry.epoch >= since]
        if records and max(entry.epoch for entry in records) < since - _OUT_OF_ORDER_S:
            break
    return tuple(found)


def _lines_of(block: bytes) -> list[tuple[int, bytes]]:
    lines = block.split(b"\n")
    last = lines.pop()
    return list(enumerate([line + b"\n" for line in lines] + ([last] if last else [])))


def _from_end(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Yield whole lines of a file, block by block from its end; True with those that it begins with."""
    try:
        with open_plain(path) as file:
            place, rest = file.seek(0, os.SEEK_END), b""
            while place:
                size = min(_BLOCK, place)
                place -= size
                file.seek(place)
                data = file.read(size) + rest
                begin = data.find(b"\n") + 1 if place else 0
                if place and begin in (0, len(data)) and len(data) < _LONGEST_LINE:
                    rest = data
                    continue
                rest = data[:begin]
                yield data[begin:], not place
    except FileNotFoundError:
        return
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be read: {error.strerror}") from error


def places(records: Iterable[Record]) -> list[tuple[str, str]]:
    """Return where each record was written: the name of its worktree and the branch, empty if nobody knows.

    The lines of stage moves say it; those of hooks, which follow in the log, were written where their task was last
    started.
    """
    known: dict[str, tuple[str, str]] = {}
    found = []
    for record in records:
        fields = record.fields
        task = fields["task"]
        if fields.get("worktree"):
            known[task] = fields["worktree"], fields.get("branch", "")
        found.append(known.get(task, ("", "")))
        if fields.get("event") in ("finish", "leave") and fields.get("result") == "accepted":
            known.pop(task, None)
    return found


def own_logs(repository: Repository, policy: Policy) -> tuple[Path, Path]:
    """The paths of this repository's benchmark log and run log; raises if the policy leads them astray."""
    found = []
    for key, name in (("log", policy.log), ("run_log", policy.run_log)):
        path = log_path(repository, name)
        if path is None:
            raise PlanfenceError(f"{key} = {name!r} leads outside the worktree", hint="name a path inside it")
        found.append(path)
    return found[0], found[1]


def add(repository: Repository, policy: Policy, fields: dict[str, str]) -> str:
    """Append one record that a person typed; return its line.

    Raises :class:`PlanfenceError` for a field that is not a number if one is due, and if nothing could be written.
    """
    if not fields.get("task"):
        raise PlanfenceError(
            "a record needs its task", hint="planfence log add task=auth-mw/login model=codex cost=0.42"
        )
    checked_task(fields["task"], "task")
    if fields.get("model"):
        checked(fields["model"], "model")
    for name in _NUMBERS:
        if fields.get(name) and number(fields[name]) is None:
            raise PlanfenceError(f"{name}={fields[name]} is not a number", hint=f"write {name}=0.42")
    if "id" in fields:
        raise PlanfenceError("an id is given, never typed", hint="leave id= out")
    plan, slash, _ = fields["task"].partition("/")
    line = format_record(utc(time.time()), {"event": "note", "plan": plan if slash else ""} | fields | {"id": new_id()})
    log = own_logs(repository, policy)[0]
    if not log.exists():
        keep_from_git(repository, log)
    warning = no_place(repository, "log", policy.log) or append_line(log, line, timeout_s=5)
    if warning:
        raise CouldNotCheck(warning)
    return line


@dataclass(frozen=True, slots=True)
class Imported:
    """How many records and run-log lines were brought in, what their files held, and what was set aside."""

    records: int
    runs: int
    counts: dict[str, int]
    aside: tuple[SetAside, ...]


def import_logs(repository: Repository, policy: Policy, sources: list[Path], *, dry_run: bool = False) -> Imported:
    """Bring lines of other logs into this repository's, each once; run-log lines go to the run log.

    Hand-written lines are taken as they stand; torn and foreign ones stay out and are counted.
    """
    missing = [path for path in sources if not path.is_file()]
    if missing:
        raise PlanfenceError(f"{missing[0]} is not a file", hint="planfence log import FILE…")
    log, run_log = own_logs(repository, policy)
    for key, name in (("log", policy.log), ("run_log", policy.run_log)):
        if why := no_place(repository, key, name):
            raise PlanfenceError(why)
    reader = Reader(local_clock)
    for path in dict.fromkeys((log, run_log)):
        with lines_of(path) as lines:
            for _ in reader.read(lines):
                pass
    reader.restart()
    written = {log: 0, run_log: 0}
    runs = 0
    for path in sources:
        with lines_of(path) as lines:
            for entry in reader.read(lines):
                is_run = isinstance(entry, RunEntry)
                target = run_log if is_run else log
                line = format_run(entry.task, entry.edge, entry.epoch) if isinstance(entry, RunEntry) else entry.text
                if not dry_run and not target.exists():
                    keep_from_git(repository, target)
                warning = "" if dry_run else append_line(target, line, timeout_s=5)
                if warning:
                    raise CouldNotCheck(warning)
                runs += is_run
                written[target] += 1
    return Imported(sum(written.values()) - runs, runs, dict(reader.counts), tuple(reader.aside))
