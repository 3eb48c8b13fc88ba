"""Sums that add up: from any number of repositories, any SQL engine gets the same means and rates by `SUM`.

A geometric mean is exp(ln_sum / n), its variance (ln2_sum - ln_sum² / n) / (n - 1); a rate is hits / n; a quantile is
read from the summed histogram, to within a bucket of a quarter of a power of two.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from planfence.records import dataclass, field
from planfence.report.metrics import Frame, first_pass
from planfence.report.taskfacts import TaskFacts

#: Buckets of a histogram: number `i` holds values from 2^(i/4 - 10) up to 2^((i+1)/4 - 10); the ends hold the rest.
BUCKETS = 96
_DAY = 86_400
_WEEK = 7 * _DAY
_MONDAY = 4 * _DAY


@dataclass(slots=True)
class Amounts:
    """n, Σx, Σln x, Σ(ln x)², and a histogram of positive values."""

    n: int = 0
    total: float = 0.0
    ln_sum: float = 0.0
    ln2_sum: float = 0.0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, value: float | None) -> None:
        """Count a value; None and zero are left out."""
        if not value:
            return
        self.n += 1
        self.total += value
        self.ln_sum += math.log(value)
        self.ln2_sum += math.log(value) ** 2
        self.histogram[bucket(value)] += 1


def bucket(value: float) -> int:
    """The histogram's bucket of a positive value."""
    return min(BUCKETS - 1, max(0, math.floor((math.log2(value) + 10) * 4)))


_AMOUNTS = (("n", "BIGINT"), ("sum", "DOUBLE"), ("ln_sum", "DOUBLE"), ("ln2_sum", "DOUBLE"), ("histogram", "BIGINT[]"))
_COUNTS = ("tasks", "closed", "accepted", "judged", "first_pass", "rounds_n", "rounds_sum", "mature", "reverted")
#: The columns, in order, with their SQL types.
COLUMNS = (
    ("repository", "VARCHAR"),
    ("week", "DATE"),
    *((name, "VARCHAR") for name in ("plan", "theme", "flow", "model")),
    *((name, "BIGINT") for name in (*_COUNTS, "mended", "refused_runs")),
    *((f"{name}_{part}", kind) for name in ("cost", "minutes") for part, kind in _AMOUNTS),
)


def aggregate(tasks: Iterable[TaskFacts], repository: str, frame: Frame, mended: set[str]) -> list[tuple[object, ...]]:
    """One row for each (repository, week, plan, theme, flow, model), in the order of :data:`COLUMNS`.

    ``week`` is the Monday (seconds since the epoch, UTC) of the week in which a task was closed, or last seen.
    """
    groups: dict[tuple[int, str, str, str, str], list[TaskFacts]] = defaultdict(list)
    for task in tasks:
        when = task.closed or task.last
        week = (when - _MONDAY) // _WEEK * _WEEK + _MONDAY
        groups[week, task.plan, task.theme, task.flow, task.maker].append(task)
    return [(repository, *key, *_sums(groups[key], frame, mended)) for key in sorted(groups)]


def _sums(tasks: list[TaskFacts], frame: Frame, mended: set[str]) -> tuple[object, ...]:
    cost, minutes = Amounts(), Amounts()
    counts: dict[str, int] = defaultdict(int)
    for task in tasks:
        cost.add(task.known_cost)
        minutes.add(task.active_min if task.closed else None)
        passed = first_pass(task)
        mature = bool(task.closed) and task.closed <= frame.now - frame.window_days * _DAY
        for name, value in (
            ("closed", bool(task.closed)),
            ("accepted", task.accepted),
            ("judged", passed is not None),
            ("first_pass", bool(passed)),
            ("rounds_n", bool(task.closed and task.review_rounds)),
            ("rounds_sum", task.review_rounds if task.closed else 0),
            ("mature", mature),
            ("reverted", mature and task.reverted),
            ("mended", mature and task.task in mended),
            ("refused_runs", task.refused),
        ):
            counts[name] += int(value)
    return (len(tasks), *_named(counts), *_amounts(cost), *_amounts(minutes))


def _named(counts: Mapping[str, int]) -> tuple[int, ...]:
    names = [name for name, kind in COLUMNS if kind == "BIGINT"]
    return tuple(counts[name] for name in names[1 : names.index("refused_runs") + 1])


def _amounts(amounts: Amounts) -> tuple[object, ...]:
    return amounts.n, amounts.total, amounts.ln_sum, amounts.ln2_sum, amounts.histogram
