"""Sums that add up: from any number of repositories, any SQL engine gets the same means and rates by `SUM`.

A geometric mean is exp(ln_sum / n), its variance (ln2_sum - ln_sum² / n) / (n - 1); a rate is hits / n; a ratio is
top / bottom, with Σ(x - r·y)² = top2 - 2r·cross + r²·bottom2 for its interval; a quantile is read from the summed
histogram, to within a bucket of a quarter of a power of two.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from planfence.records import dataclass, field
from planfence.report.metrics import Frame, first_pass, is_mature, is_reverted, monday
from planfence.report.taskfacts import TaskFacts

#: Buckets of a histogram: number `i` holds values from 2^(i/4 - 10) up to 2^((i+1)/4 - 10); the ends hold the rest.
BUCKETS = 96


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


@dataclass(slots=True)
class Pairs:
    """n, Σx, Σy, Σx², Σy², Σxy of what a ratio Σx / Σy is made of."""

    n: int = 0
    top: float = 0.0
    bottom: float = 0.0
    top2: float = 0.0
    bottom2: float = 0.0
    cross: float = 0.0

    def add(self, x: float, y: float) -> None:
        """Count a pair."""
        self.n += 1
        self.top += x
        self.bottom += y
        self.top2 += x * x
        self.bottom2 += y * y
        self.cross += x * y


def bucket(value: float) -> int:
    """The histogram's bucket of a positive value."""
    return min(BUCKETS - 1, max(0, math.floor((math.log2(value) + 10) * 4)))


_AMOUNTS = (("n", "BIGINT"), ("sum", "DOUBLE"), ("ln_sum", "DOUBLE"), ("ln2_sum", "DOUBLE"), ("histogram", "BIGINT[]"))
_COUNTS = ("tasks", "closed", "accepted", "judged", "first_pass", "rounds_n", "rounds_sum", "mature", "reverted")
_PAIRS = (("n", "BIGINT"), *((part, "DOUBLE") for part in ("top", "bottom", "top2", "bottom2", "cross")))
#: Ratios: dollars of closed tasks ÷ accepted ones, lines redone ÷ added, parts proven ÷ asked.
RATIOS = ("spent", "lines", "parts")
#: The columns, in order, with their SQL types.
KEY = ("repository", "week", "plan", "theme", "flow", "model")
COLUMNS = (
    *((name, "DATE" if name == "week" else "VARCHAR") for name in KEY),
    *((name, "BIGINT") for name in (*_COUNTS, "mended", "refused_runs")),
    *((f"{name}_{part}", kind) for name in ("cost", "minutes") for part, kind in _AMOUNTS),
    ("rounds_sum2", "BIGINT"),
    ("told", "BIGINT"),
    ("rewritten", "BIGINT"),
    *((f"{name}_{part}", kind) for name in RATIOS for part, kind in _PAIRS),
)


def aggregate(tasks: Iterable[TaskFacts], repository: str, frame: Frame, mended: set[str]) -> list[tuple[object, ...]]:
    """One row for each (repository, week, plan, theme, flow, model), in the order of :data:`COLUMNS`.

    ``week`` is the Monday (seconds since the epoch, UTC) of the week in which a task was closed, or last seen.
    """
    groups: dict[tuple[int, str, str, str, str], list[TaskFacts]] = defaultdict(list)
    for task in tasks:
        groups[monday(task.closed or task.last), task.plan, task.theme, task.flow, task.maker].append(task)
    return [(repository, *key, *_sums(groups[key], frame, mended)) for key in sorted(groups)]


def _sums(tasks: list[TaskFacts], frame: Frame, mended: set[str]) -> tuple[object, ...]:
    cost, minutes = Amounts(), Amounts()
    spent, lines, parts = Pairs(), Pairs(), Pairs()
    counts: dict[str, int] = defaultdict(int)
    for task in tasks:
        cost.add(task.known_cost)
        minutes.add(task.active_min if task.closed else None)
        passed = first_pass(task)
        mature = is_mature(task, frame)
        if task.closed and task.known_cost is not None:
            spent.add(task.cost, float(task.accepted))
        if mature and task.lines_added:
            lines.add(task.lines_redone, task.lines_added)
        if task.proved[2]:
            parts.add(task.proved[1], task.proved[2])
        for name, value in (
            ("closed", bool(task.closed)),
            ("accepted", task.accepted),
            ("judged", passed is not None),
            ("first_pass", bool(passed)),
            ("rounds_n", bool(task.closed and task.review_rounds)),
            ("rounds_sum", task.review_rounds if task.closed else 0),
            ("mature", mature),
            ("reverted", mature and is_reverted(task, frame)),
            ("mended", mature and task.task in mended),
            ("refused_runs", task.refused),
            ("rounds_sum2", task.review_rounds**2 if task.closed else 0),
            ("told", task.rewrote[1] >= 0),
            ("rewritten", task.rewrote[1] > 0),
        ):
            counts[name] += int(value)
    counts["tasks"] = len(tasks)
    named: dict[str, object] = dict(counts)
    for prefix, amounts in (("cost", cost), ("minutes", minutes)):
        each = (amounts.n, amounts.total, amounts.ln_sum, amounts.ln2_sum, amounts.histogram)
        named |= {f"{prefix}_{part}": value for (part, _), value in zip(_AMOUNTS, each, strict=True)}
    for prefix, pairs in zip(RATIOS, (spent, lines, parts), strict=True):
        named |= {f"{prefix}_{part}": getattr(pairs, part) for part, _ in _PAIRS}
    return tuple(named[name] for name, _ in COLUMNS[len(KEY) :])
