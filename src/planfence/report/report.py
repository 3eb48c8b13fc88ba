"""The report: read the logs, fold them by task, look into the history, measure."""

from __future__ import annotations

import csv
import gc
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.inert import dumps, inert
from planfence.log.files import local_clock, own_logs
from planfence.manifest.policy import Policy
from planfence.records import dataclass
from planfence.report import foldlogs
from planfence.report.data import ReportData, TaskRow, as_plain, build
from planfence.report.decision import TrialProtocol
from planfence.report.foldlogs import Folded
from planfence.report.metrics import Frame
from planfence.report.reworkhistory import add_history
from planfence.report.trial import standing

_SPAN = re.compile(r"(\d+)([dwh])")
#: With what a formula begins (their full-width twins too, which some spreadsheets take for the same).
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Source:
    """One repository's logs: the files, the prefix that its tasks bear among several, and where its history is."""

    paths: tuple[Path, ...]
    prefix: str = ""
    repository: Repository | None = None


def since_epoch(span: str, now: int) -> int:
    """Turn `14d`, `2w`, `36h` or `2026-11-22` into seconds since the epoch; "" is 0."""
    if not span:
        return 0
    match = _SPAN.fullmatch(span)
    if match:
        return now - int(match[1]) * _SECONDS[match[2]]
    try:
        return local_clock(f"{span}_00:00:00", False)
    except ValueError:
        raise PlanfenceError(f"--since {span} is not a span of time", hint="write 14d, 2w or 2026-11-22") from None


def source_of(repository: Repository, policy: Policy, prefix: str = "") -> Source:
    """The logs of one repository."""
    return Source(tuple(dict.fromkeys(own_logs(repository, policy))), prefix, repository)


def fold(sources: Sequence[Source]) -> Folded:
    """Read all logs; doubles are found across them."""
    return foldlogs.fold([(path, source.prefix) for source in sources for path in source.paths])


def report(
    sources: list[Source],
    frame: Frame,
    *,
    dimension: str = "model",
    since: int = 0,
    title: str = "",
    trial: TrialProtocol | None = None,
    team: Sequence[str] | None = None,
) -> ReportData:
    """Make a report from logs, with the verdict of a trial if one is given.

    ``team``: all writers' lines (:mod:`planfence.report.teamlog`), in place of what the sources' files hold.
    """
    with _uncollected():
        facts, counts, aside = fold(sources) if team is None else foldlogs.fold_lines(team)
        for source in sources:
            if source.repository is not None:
                add_history(facts, source.repository, frame, since=since, prefix=source.prefix)
        verdict = standing(trial, facts).plain() if trial else None
        reading = (counts, aside)
        return build(facts, frame, dimension=dimension, since=since, title=title, reading=reading, verdict=verdict)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: hundreds of thousands of sums and rows are made, and none of them is in one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def render_json(data: ReportData) -> str:
    """The report as one JSON object."""
    return dumps(as_plain(data))


def render_csv(data: ReportData) -> str:
    """The tasks as CSV with a heading; a text that a spreadsheet would run as a formula gets a `'` in front (OWASP).

    If a text has a `;`, at which some spreadsheets cut, texts stand in quotes: nothing behind it begins a cell.
    """
    out = io.StringIO()
    names = [field.name for field in fields(TaskRow) if field.name != "stages"]
    rows = [{name: _safe(value) for name, value in asdict(row).items()} for row in data.tasks]
    parted = any(";" in value for row in rows for value in row.values() if isinstance(value, str))
    writer = csv.DictWriter(
        out,
        names,
        extrasaction="ignore",
        lineterminator="\n",
        quoting=csv.QUOTE_NONNUMERIC if parted else csv.QUOTE_MINIMAL,
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _safe(value: object) -> object:
    if isinstance(value, str):
        value = inert(value)
        return f"'{value}" if value.lstrip().startswith(_FORMULA) else value
    return value
