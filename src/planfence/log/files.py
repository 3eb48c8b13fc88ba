"""Reading logs, and bringing lines from elsewhere into them."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.append import append_line
from planfence.gitio.repository import Repository
from planfence.identity import checked, checked_task
from planfence.log.line import format_record, format_run
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

    Raises ValueError where there is no such time.
    """
    minutes, seconds = int(text[14:16]), int(text[17:])
    if minutes > 59 or seconds > 60:
        raise ValueError(text)
    return _hour(text[:13], is_utc) + 60 * minutes + seconds


@contextmanager
def lines_of(path: Path) -> Iterator[Iterator[str]]:
    """Open a log for :class:`planfence.log.reader.Reader`; bytes that are not UTF-8 pass through as surrogates."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield file
    except FileNotFoundError:
        yield iter(())
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Reading:
    """What logs held: records and run-log entries in file order, the counts, and the first lines set aside."""

    records: tuple[Record, ...]
    runs: tuple[RunEntry, ...]
    counts: dict[str, int]
    aside: tuple[SetAside, ...]


def read_logs(paths: list[Path], clock: Callable[[str, bool], int] = local_clock) -> Reading:
    """Read benchmark logs and run logs, mixed as they may be; a file that is not there is empty."""
    reader = Reader(clock)
    records: list[Record] = []
    runs: list[RunEntry] = []
    for path in paths:
        with lines_of(path) as lines:
            for entry in reader.read(lines):
                if isinstance(entry, Record):
                    records.append(entry)
                else:
                    runs.append(entry)
    return Reading(tuple(records), tuple(runs), dict(reader.counts), tuple(reader.aside))


def own_logs(repository: Repository, policy: Policy) -> tuple[Path, Path]:
    """The paths of this repository's benchmark log and run log; raises where the policy leads them astray."""
    found = []
    for key, name in (("log", policy.log), ("run_log", policy.run_log)):
        path = log_path(repository, name)
        if path is None:
            raise PlanfenceError(f"{key} = {name!r} leads outside the worktree", hint="name a path inside it")
        found.append(path)
    return found[0], found[1]


def add(repository: Repository, policy: Policy, fields: dict[str, str]) -> str:
    """Append one record that a person typed; return its line.

    Raises :class:`PlanfenceError` for a field that is no number where one is due, and where nothing could be written.
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
