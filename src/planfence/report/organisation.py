"""One report from the exports of many repositories, from their sums alone (:mod:`planfence.report.aggregates`).

What a sum carries has the same value and interval as in a repository's own report. Quantiles come from histograms, to
within a bucket, which widens their intervals; what needs each task is left out and named.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.records import dataclass
from planfence.report import stats
from planfence.report.aggregates import BUCKETS, COLUMNS, KEY
from planfence.report.metrics import METRICS, Estimate, spread
from planfence.report.parquet import has_duckdb

TYPE_CHECKING = False
if TYPE_CHECKING:
    import duckdb

#: What exports can be compared by.
DIMENSIONS = ("repository", "model", "flow", "theme", "plan")
_HISTOGRAMS = ("cost_histogram", "minutes_histogram")
_SUMS = tuple(name for name, _ in COLUMNS[len(KEY) :] if name not in _HISTOGRAMS)
#: Every row of an export has values of these.
_NEEDED = (*KEY, "tasks", "closed")
_WHOLE = frozenset(name for name, kind in COLUMNS if kind == "BIGINT")
_ENDS = ("value", "low", "high")
_BUCKET_NOTE = "read from a histogram, to within 9%; the interval is wider by that"


@dataclass(frozen=True, slots=True)
class Organisation:
    """The report of many repositories. ``weeks`` are (Monday, metrics); ``missing`` names what sums do not carry."""

    made_at: int
    since: str
    source: str
    dimension: str
    repositories: int
    tasks: int
    closed: int
    refused_runs: int
    overall: Mapping[str, Estimate]
    groups: Mapping[str, Mapping[str, Estimate]]
    weeks: Sequence[tuple[str, Mapping[str, Estimate]]]
    missing: tuple[str, ...]


def read(source: str, now: int, *, dimension: str = "model", since: int = 0) -> Organisation:
    """Read Parquet exports, by a path or a pattern that DuckDB understands (`exports/**/*.parquet`).

    ``since`` (seconds since the epoch) leaves older weeks out. Raises :class:`PlanfenceError` without DuckDB or if no
    file is found, :class:`CouldNotCheck` if one is not such an export.
    """
    begin = datetime.fromtimestamp(since, UTC).date() if since else date(1, 1, 1)
    repositories = 0
    overall: dict[str, Estimate] = {}
    groups: dict[str, Mapping[str, Estimate]] = {}
    weeks: list[tuple[str, Mapping[str, Estimate]]] = []
    whole: Mapping[str, float] = {}
    for _, level, label, week, count, *values in _sums_of(source, dimension, begin):
        if week is None and level == _BY_WEEK:  # else nobody would see that they were left out
            raise CouldNotCheck(f"{source}: some rows name no week", hint=_HINT)
        sums = dict(zip(_SUMS, values[: len(_SUMS)], strict=True))
        try:
            found = measure(_checked(sums), values[len(_SUMS)], values[len(_SUMS) + 1])
            _checked({f"{name} {end}": getattr(each, end) for name, each in found.items() for end in _ENDS})
        except (ArithmeticError, ValueError):  # more hits than tries, a negative count, no number
            raise CouldNotCheck(
                f"{source}: sums of {label or week or 'all rows'} contradict each other", hint=_HINT
            ) from None
        if level == _OVERALL:
            overall, whole, repositories = found, sums, count
        elif level == _BY_GROUP:
            groups[label or "(none)"] = found
        else:
            weeks.append((str(week), found))
    return Organisation(
        made_at=now,
        since=begin.isoformat() if since else "",
        source=source,
        dimension=dimension,
        repositories=repositories,
        tasks=int(whole.get("tasks") or 0),
        closed=int(whole.get("closed") or 0),
        refused_runs=int(whole.get("refused_runs") or 0),
        overall=overall,
        groups=groups,
        weeks=weeks,
        missing=tuple(name for name in METRICS if name not in overall),
    )


def _checked(numbers: Mapping[str, float | None]) -> Mapping[str, float | None]:
    """Return these numbers; raises ValueError if one is infinite or none, or a count is negative."""
    for name, value in numbers.items():
        if value is not None and (not math.isfinite(value) or (value < 0 and name in _WHOLE)):
            raise ValueError(name)
    return numbers


def _sums_of(source: str, dimension: str, begin: date) -> list[tuple[Any, ...]]:
    """Return the rows of sums, see :func:`_query`; each says how many repositories it is of."""
    if not has_duckdb():
        raise PlanfenceError("reading exports needs DuckDB", hint="pip install 'planfence[report]'")
    import duckdb

    try:
        with duckdb.connect() as connection:
            return _add_up(connection, source, dimension, begin)
    except duckdb.IOException as error:
        raise PlanfenceError(f"{source}: {str(error).splitlines()[0]}", hint=_HINT) from error
    except duckdb.Error as error:
        raise CouldNotCheck(f"{source} could not be read: {str(error).splitlines()[0]}", hint=_HINT) from error


_HINT = "write them with `planfence log export --format parquet -o FILE`, and quote the pattern"
#: What `grouping(label, week)` says of a row: both, the week alone, or the label alone is summed over.
_OVERALL, _BY_GROUP, _BY_WEEK = 3, 1, 2


def _add_up(connection: duckdb.DuckDBPyConnection, source: str, dimension: str, begin: date) -> list[tuple[Any, ...]]:
    """Add the exports up, each column as the type that holds what all files have, not as the first file's.

    Which columns each file has is only looked at if one of which rows count lacks some: for 200 files that takes a
    third of the rest.
    """
    import duckdb

    quoted = source.replace("'", "''")
    files = f"read_parquet('{quoted}', union_by_name = true)"
    every = _query(files, {name for name, _ in COLUMNS}, dimension)
    try:
        rows = connection.execute(every, [begin]).fetchall()
    except duckdb.IOException:
        raise
    except duckdb.Error:  # a column lacks, or is of two types that no third one holds: the schemas may say where
        rows = None
    if rows is not None and not any(lacking for lacking, *_ in rows):
        return rows
    query = _query(files, _columns(connection, quoted), dimension)
    return connection.execute(query, [begin]).fetchall()


def _columns(connection: duckdb.DuckDBPyConnection, quoted: str) -> set[str]:
    """The columns that any file has; raises :class:`CouldNotCheck` for a file that is not an export."""
    asked = (
        "SELECT min(file_name), tree FROM (SELECT file_name, "  # noqa: S608 - quoted
        "list((lower(name), coalesce(num_children, 0)) ORDER BY place) AS tree "
        f"FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema('{quoted}')) GROUP BY file_name) "
        "GROUP BY tree ORDER BY 1"
    )
    names: set[str] = set()
    for file, tree in connection.execute(asked).fetchall():
        found = _top(tree)
        if lacking := [name for name in _NEEDED if name not in found]:
            raise CouldNotCheck(f"{file} is not an export: it has no `{lacking[0]}`", hint=_HINT)
        names |= found
    return names


def _top(tree: Sequence[tuple[str, int]]) -> set[str]:
    """The columns of a Parquet schema: each node of it comes before its children, the root first."""
    names = set()
    inside = 0
    for name, children in tree[1:]:
        if inside:
            inside += children - 1
        else:
            names.add(name)
            inside = children
    return names


def _query(files: str, names: set[str], dimension: str) -> str:
    """Sum the rows of each group and week once, then those sums: a column that older exports lack is NULL.

    Each row begins with whether a row of it has no value where exports have one: its file may be none.
    """
    assert dimension in DIMENSIONS
    parts = [(name, name) for name in _SUMS]
    parts += [(f"{name}_{number}", f"{name}[{number}]") for name in _HISTOGRAMS for number in range(1, BUCKETS + 1)]
    once = [f"sum({of}) AS {name}" if of.partition("[")[0] in names else f"NULL AS {name}" for name, of in parts]
    sums = [f"sum({name})::DOUBLE" for name in _SUMS]
    for name in _HISTOGRAMS:
        sums.append(f"[{', '.join(f'sum({name}_{number})' for number in range(1, BUCKETS + 1))}]::DOUBLE[]")
    return (
        f"WITH made AS MATERIALIZED (SELECT coalesce({dimension}::VARCHAR, '') AS label, week, "  # noqa: S608 - ours alone
        f"bool_or({' OR '.join(f'{name} IS NULL' for name in _NEEDED)}) AS lacking, "
        f"list(DISTINCT repository::VARCHAR) AS repositories, {', '.join(once)} "
        f"FROM {files} WHERE week >= ? OR week IS NULL GROUP BY ALL) "
        "SELECT bool_or(lacking), grouping(label, week), label, week, "
        "coalesce(len(list_distinct(flatten(list(repositories)))), 0), "
        f"{', '.join(sums)} FROM made GROUP BY GROUPING SETS ((), (label), (week)) ORDER BY 2, 3, 4"
    )


def measure(
    sums: Mapping[str, float | None], cost: Sequence[int | None] | None, minutes: Sequence[int | None] | None
) -> dict[str, Estimate]:
    """The metrics that these sums carry, in the order of :data:`METRICS`; the histograms are of cost and minutes."""
    found = {
        "cost_median": _quantile(cost, 0.5, "$"),
        **_costs(sums),
        "cost_per_accepted": _ratio(sums, "spent", "$"),
        "active_median": _quantile(minutes, 0.5, "min"),
        "active_p90": _quantile(minutes, 0.9, "min"),
        "first_pass": _rate(sums, "first_pass", "judged"),
        "rounds_mean": _mean_rounds(sums),
        "rollback": _rate(sums, "reverted", "mature"),
        "rework": _rate(sums, "mended", "mature"),
        "line_rework": _ratio(sums, "lines", "rate"),
        "proven": _ratio(sums, "parts", "rate"),
        "rewritten": _rate(sums, "rewritten", "told"),
    }
    return {name: estimate for name in METRICS if (estimate := found.get(name)) is not None}


class _Buckets(Sequence[int]):
    """The bucket of each value, in order, for a histogram of any size."""

    def __init__(self, histogram: Sequence[int | None]) -> None:
        self._ends = list(accumulate(int(count or 0) for count in histogram))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, place: Any) -> Any:
        return bisect_right(self._ends, place)


def _quantile(histogram: Sequence[int | None] | None, share: float, unit: str) -> Estimate | None:
    """The quantile, each value being the middle (geometric) of its bucket; the interval's ends are those of theirs."""
    if histogram is None:
        return None
    buckets = _Buckets(histogram)
    n = len(buckets)
    if not n:
        return Estimate(None, None, None, 0, unit)
    ends = stats.quantile_interval(buckets, share)
    low, high = (None, None) if ends is None else (_value(ends.low), _value(ends.high + 1))
    place = share * (n - 1)
    around = [_value(buckets[round_(place)] + 0.5) for round_ in (math.floor, math.ceil)]
    return Estimate(stats.quantile(around, place % 1), low, high, n, unit, _BUCKET_NOTE)


def _value(place: float) -> float:
    return float(2 ** (place / 4 - 10))


def _costs(sums: Mapping[str, float | None]) -> dict[str, Estimate | None]:
    n, ln_sum, ln2_sum = (sums.get(f"cost_{part}") for part in ("n", "ln_sum", "ln2_sum"))
    if n is None or ln_sum is None or ln2_sum is None:
        return {"cost_geomean": None, "cost_spread": None}
    n, low, high, s2 = int(n), None, None, 0.0
    value = math.exp(ln_sum / n) if n else None
    if n > 1:
        s2 = max(0.0, (ln2_sum - ln_sum**2 / n) / (n - 1))
        half = stats.t_quantile(0.975, n - 1) * math.sqrt(s2 / n)
        low, high = stats.capped_exp(ln_sum / n - half), stats.capped_exp(ln_sum / n + half)
    return {"cost_geomean": Estimate(value, low, high, n, "$"), "cost_spread": spread(n, s2)}


def _rate(sums: Mapping[str, float | None], hits: str, of: str) -> Estimate | None:
    top, n = sums.get(hits), sums.get(of)
    if top is None or n is None:
        return None
    if not n:
        return Estimate(None, None, None, 0, "rate")
    return Estimate(top / n, *stats.wilson(int(top), int(n)), int(n), "rate")


def _ratio(sums: Mapping[str, float | None], name: str, unit: str) -> Estimate | None:
    parts = [sums.get(f"{name}_{part}") for part in ("n", "top", "bottom", "top2", "bottom2", "cross")]
    if any(part is None for part in parts):
        return None
    n, top, bottom, top2, bottom2, cross = (float(part or 0) for part in parts)
    ratio = top / bottom if bottom else 0.0
    squares = max(0.0, top2 - 2 * ratio * cross + ratio * ratio * bottom2)
    interval = stats.ratio_interval_of(int(n), top, bottom, squares)
    low, high = interval if interval is not None else (None, None)
    if name == "parts" and high is not None:  # of lines more may be redone than added
        high = min(1.0, high)
    return Estimate(ratio if bottom else None, low, high, int(n), unit)


def _mean_rounds(sums: Mapping[str, float | None]) -> Estimate | None:
    n, total, squares = (sums.get(name) for name in ("rounds_n", "rounds_sum", "rounds_sum2"))
    if n is None or total is None:
        return None
    if not n:
        return Estimate(None, None, None, 0, "rounds")
    mean, low, high = total / n, None, None
    if squares is not None and n > 1:
        deviation = math.sqrt(max(0.0, (squares - total * total / n) / (n - 1)))
        half = stats.t_quantile(0.975, n - 1) * deviation / math.sqrt(n)
        low, high = max(1.0, mean - half), mean + half
    return Estimate(mean, low, high, int(n), "rounds")
