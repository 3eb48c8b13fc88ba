"""The log for other programs: JSON lines, OTLP/JSON, Parquet with sums that add up."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from planfence import __version__
from planfence.errors import CouldNotCheck, PlanfenceError, reason
from planfence.gitio.repository import Repository
from planfence.inert import dumps
from planfence.log.files import own_logs, read_logs
from planfence.manifest.policy import Policy
from planfence.report.aggregates import COLUMNS, aggregate
from planfence.report.metrics import Frame, mended_tasks
from planfence.report.otlp import export
from planfence.report.parquet import write_parquet
from planfence.report.report import fold, source_of
from planfence.report.reworkhistory import add_history

_BATCH = 1000
_TIMEOUT_S = 10


def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def json_lines(repository: Repository, policy: Policy) -> Iterator[str]:
    """One JSON object a record or run-log line, with `time` in UTC (ISO 8601)."""
    reading = read_logs(own_logs(repository, policy))
    for entry in reading.records:
        yield dumps({"time": _iso(entry.epoch), "kind": "record"} | entry.fields)
    for run in reading.runs:
        yield dumps({"time": _iso(run.epoch), "kind": "run", "task": run.task, "edge": run.edge})


def otlp(repository: Repository, policy: Policy) -> Iterator[dict[str, object]]:
    """OTLP/JSON log requests, a thousand records each."""
    records = read_logs(own_logs(repository, policy)).records
    name = repository.main_worktree().name
    for start in range(0, max(1, len(records)), _BATCH):
        yield export(records[start : start + _BATCH], name, __version__)


def send(requests: Iterator[dict[str, object]], endpoint: str) -> int:
    """Post OTLP requests to a collector's HTTP endpoint (`http://host:4318`); return how many were taken.

    Raises :class:`CouldNotCheck` if the collector does not take one.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise PlanfenceError(f"{endpoint} is not an HTTP address", hint="http://localhost:4318")
    address = endpoint if endpoint.endswith("/v1/logs") else f"{endpoint.rstrip('/')}/v1/logs"
    count = 0
    for body in requests:
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            address, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - see above
                count += 1
        except (urllib.error.URLError, TimeoutError) as error:
            cause = getattr(error, "reason", None)
            why = reason(cause if isinstance(cause, OSError) else error)  # an answer says its number itself
            hint = "start the collector, or name another with --to"
            raise CouldNotCheck(f"{address} did not take it: {why}", hint=hint) from error
    return count


def parquet(repository: Repository, policy: Policy, path: Path, now: int) -> int:
    """Write the aggregates as one Parquet file; return its number of rows."""
    frame, source = Frame(now), source_of(repository, policy)
    facts = fold([source])[0]
    add_history(facts, repository, frame)
    mended = mended_tasks(facts, frame.window_days)
    rows = aggregate(facts.tasks.values(), repository.main_worktree().name, frame, mended)
    dated = [(row[0], datetime.fromtimestamp(row[1], UTC).date(), *row[2:]) for row in rows if isinstance(row[1], int)]
    write_parquet(path, COLUMNS, dated)
    return len(dated)
