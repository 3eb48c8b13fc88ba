"""The metrics: each a number with how many it rests on, and its interval (docs/metrics.md)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import fmean

from planfence.records import dataclass
from planfence.report import stats
from planfence.report.taskfacts import LogFacts, TaskFacts

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number: ``value`` and the ends of its 95% interval, None if the data don't reach; ``n`` tasks behind it.

    ``unit`` is `$`, `min`, `h`, `rate`, `rounds` or `ratio`. ``note`` says what was left out, or how it was counted.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a report holds still: now (seconds since the epoch), the window that matures (days), the k of `within_k`."""

    now: int
    window_days: int = 7
    within: int = 2


#: name → (what a person reads, better when lower)
METRICS: dict[str, tuple[str, bool]] = {
    "cost_median": ("cost of a task, median", True),
    "cost_geomean": ("cost of a task, geometric mean", True),
    "cost_per_accepted": ("cost per accepted task", True),
    "active_median": ("active minutes, median", True),
    "active_p90": ("active minutes, 90th percentile", True),
    "lead_median": ("lead time, median", True),
    "lead_p90": ("lead time, 90th percentile", True),
    "first_pass": ("passed the first time", False),
    "within_k": ("passed within k rounds", False),
    "rounds_mean": ("review rounds, mean", True),
    "rollback": ("rolled back", True),
    "rework": ("fixed later", True),
    "line_rework": ("lines changed again", True),
    "proven": ("parts that the tests notice", False),
    "rewritten": ("tasks with tests rewritten to pass", True),
    "cost_spread": ("spread of cost (geometric CV)", True),
}


def _estimate(value: float | None, interval: stats.Interval | None, n: int, unit: str, note: str = "") -> Estimate:
    low, high = interval if interval is not None else (None, None)
    return Estimate(value, low, high, n, unit, note)


def _rate(hits: int, n: int, note: str = "") -> Estimate:
    return _estimate(hits / n if n else None, stats.wilson(hits, n) if n else None, n, "rate", note)


def _quantile(values: Sequence[float], share: float, unit: str, note: str = "") -> Estimate:
    """A quantile with its interval by order statistics; a median of two to five by t on logarithms."""
    ordered = sorted(values)
    if not ordered:
        return Estimate(None, None, None, 0, unit, note)
    interval = stats.quantile_interval(ordered, share)
    if interval is None and share == 0.5:
        interval = stats.log_t_interval(ordered)
        if interval is not None:
            note = "; ".join(filter(None, [note, "so few: the interval takes them as log-normal"]))
    return _estimate(stats.quantile(ordered, share), interval, len(ordered), unit, note)


def _unknown(tasks: Sequence[TaskFacts], known: int, what: str) -> str:
    return f"{len(tasks) - known} of {len(tasks)} tasks without {what}" if known < len(tasks) else ""


def _cost_metrics(tasks: Sequence[TaskFacts]) -> dict[str, Estimate]:
    costs = [cost for task in tasks if (cost := task.known_cost) is not None]
    note = _unknown(tasks, len(costs), "a known cost")
    estimated = sum(task.estimated > 0 for task in tasks)
    if estimated:
        note = "; ".join(filter(None, [note, f"{estimated} estimated from tokens"]))
    positive = [cost for cost in costs if cost > 0]
    closed = [task for task in tasks if task.closed and task.known_cost is not None]
    accepted = [float(task.accepted) for task in closed]
    spent = [task.cost for task in closed]
    logs = [math.log(cost) for cost in positive]
    return {
        "cost_median": _quantile(costs, 0.5, "$", note),
        "cost_geomean": _estimate(
            math.exp(fmean(logs)) if positive else None,
            stats.log_t_interval(positive) if positive else None,
            len(positive),
            "$",
            note,
        ),
        "cost_per_accepted": _estimate(
            math.fsum(spent) / sum(accepted) if sum(accepted) else None,
            stats.ratio_interval(spent, accepted),
            len(closed),
            "$",
            f"{int(sum(accepted))} accepted of {len(closed)} closed",
        ),
        "cost_spread": spread(len(logs), stats.deviation(logs) ** 2 if len(logs) > 1 else 0.0),
    }


def spread(n: int, s2: float) -> Estimate:
    """The geometric coefficient of variation, from the variance of ``n`` logarithms."""
    if n < 2:
        return Estimate(None, None, None, n, "ratio")
    times = (1.0, *((n - 1) / stats.chi2_quantile(p, n - 1) for p in (0.975, 0.025)))
    value, low, high = (math.sqrt(math.expm1(min(s2 * each, 700.0))) for each in times)
    return Estimate(value, low, high, n, "ratio")


def _lead(task: TaskFacts, now: int) -> tuple[float, bool] | None:
    """Hours from a task's start until it was closed, or until now, and whether it was; None without a start."""
    start, closed = task.start, task.closed
    if not start or (closed and closed < start):
        return None
    return ((closed or max(now, start)) - start) / 3600, bool(closed)


def _time_metrics(tasks: Sequence[TaskFacts], now: int) -> dict[str, Estimate]:
    active = [minutes for task in tasks if task.closed and (minutes := task.active_min) is not None]
    leads = [lead for task in tasks if (lead := _lead(task, now)) is not None]
    still = sum(not ended for _, ended in leads)
    note = _unknown(tasks, len(active), "measured minutes")
    lead_note = "; ".join(
        filter(None, [_unknown(tasks, len(leads), "a start"), f"{still} open, counted as censored" if still else ""])
    )
    found = {
        "active_median": _quantile(active, 0.5, "min", note),
        "active_p90": _quantile(active, 0.9, "min", note),
    }
    curve = stats.kaplan_meier(leads)
    for name, share in (("lead_median", 0.5), ("lead_p90", 0.9)):
        value, low, high = stats.survival_quantile(curve, share)
        found[name] = Estimate(value, low, high, len(leads), "h", lead_note)
    return found


def first_pass(task: TaskFacts) -> bool | None:
    """Whether a closed task needed one review round alone and stands; None if nobody counted rounds."""
    rounds = task.review_rounds
    if not rounds or not task.closed:
        return None
    return rounds <= 1 and task.accepted


def _outcome_metrics(tasks: Sequence[TaskFacts], frame: Frame, mended: set[str]) -> dict[str, Estimate]:
    closed = [task for task in tasks if task.closed]
    judged = [(task, n) for task in closed if (n := task.review_rounds)]
    note = _unknown(closed, len(judged), "counted rounds")
    passed, within = (sum(n <= most and task.accepted for task, n in judged) for most in (1, frame.within))
    rounds = [float(n) for _, n in judged]
    interval = stats.t_interval(rounds)
    mature = [task for task in closed if is_mature(task, frame)]
    matured = f"{len(mature)} of {len(closed)} closed at least {frame.window_days} days ago"
    reverted = sum(is_reverted(task, frame) for task in mature)
    added, redone = sum(task.lines_added for task in mature), sum(task.lines_redone for task in mature)
    return {
        "first_pass": _rate(passed, len(judged), note),
        "within_k": _rate(within, len(judged), f"k = {frame.within}"),
        "rounds_mean": _estimate(
            fmean(rounds) if rounds else None,
            None if interval is None else stats.Interval(max(1.0, interval.low), interval.high),
            len(rounds),
            "rounds",
            note,
        ),
        "rollback": _rate(reverted, len(mature), matured),
        "rework": _rate(sum(task.task in mended for task in mature), len(mature), matured),
        "line_rework": _estimate(
            redone / added if added else None,
            stats.ratio_interval(
                [float(task.lines_redone) for task in mature if task.lines_added],
                [float(task.lines_added) for task in mature if task.lines_added],
            ),
            sum(task.lines_added > 0 for task in mature),
            "rate",
            f"{redone} of {added} lines",
        ),
    }


def is_mature(task: TaskFacts, frame: Frame) -> bool:
    """Whether a task has been closed (on the base, if that is known) for the whole window."""
    return bool(task.closed) and (task.merged_at or task.closed) <= frame.now - frame.window_days * _DAY


def is_reverted(task: TaskFacts, frame: Frame) -> bool:
    """Whether a task was reverted within the window."""
    soon = (task.merged_at or task.closed) + frame.window_days * _DAY
    return task.reverted and (task.reverted_at or task.outcome_at) <= soon


def mended_tasks(facts: LogFacts, window_days: int) -> set[str]:
    """The tasks that a later one, begun within the window after they were closed, says that it `fixes`.

    And those that a commit of another task fixes, as the history says.
    """
    found = {task.task for task in facts.tasks.values() if task.mended_at}
    for task in facts.tasks.values():
        for name in task.fixes:
            # In the same repository of several, as it stands, or in the same plan.
            places = ("".join(task.task.rpartition(":")[:2]), "", "".join(task.task.rpartition("/")[:2]))
            target = next(filter(None, (facts.tasks.get(place + name) for place in places)), None)
            if target is not None and target.closed and target is not task:
                begun = task.start or task.first
                if begun <= target.closed + window_days * _DAY:
                    found.add(target.task)
    return found


def _proof_metrics(tasks: Sequence[TaskFacts]) -> dict[str, Estimate]:
    asked = [task.proved for task in tasks if task.proved[2]]
    good, of = ([float(each[at]) for each in asked] for at in (1, 2))
    interval = stats.ratio_interval(good, of)
    told = [task.rewrote[1] for task in tasks if task.rewrote[1] >= 0]
    return {
        "proven": _estimate(
            sum(good) / sum(of) if asked else None,
            None if interval is None else stats.Interval(interval.low, min(1.0, interval.high)),
            len(asked),
            "rate",
            f"{sum(good):g} of {sum(of):g} parts",
        ),
        "rewritten": _rate(sum(each > 0 for each in told), len(told), _unknown(tasks, len(told), "a proof")),
    }


def measure(tasks: Sequence[TaskFacts], frame: Frame, mended: set[str]) -> dict[str, Estimate]:
    """All metrics of these tasks, in the order of :data:`METRICS`."""
    found = _cost_metrics(tasks) | _time_metrics(tasks, frame.now) | _outcome_metrics(tasks, frame, mended)
    found |= _proof_metrics(tasks)
    return {name: found[name] for name in METRICS}


#: Dimensions that own outcomes, and how a task tells its own.
DIMENSIONS: dict[str, Callable[[TaskFacts], str]] = {
    "model": lambda task: task.maker,
    "flow": lambda task: task.flow,
    "theme": lambda task: task.theme,
    "plan": lambda task: task.plan,
}


def by_dimension(
    tasks: Iterable[TaskFacts], dimension: str, frame: Frame, mended: set[str]
) -> dict[str, dict[str, Estimate]]:
    """The metrics of each group; by role, cost and time only, since outcomes belong to the whole flow."""
    if dimension == "role":
        return _by_role(tasks)
    groups: dict[str, list[TaskFacts]] = defaultdict(list)
    for task in tasks:
        groups[DIMENSIONS[dimension](task) or "(none)"].append(task)
    return {name: measure(groups[name], frame, mended) for name in sorted(groups)}


def _by_role(tasks: Iterable[TaskFacts]) -> dict[str, dict[str, Estimate]]:
    costs: dict[str, list[float]] = defaultdict(list)
    times: dict[str, list[float]] = defaultdict(list)
    for task in tasks:
        for (role, model), share in task.shares.items():
            name = " ".join(filter(None, [role or "(no role)", model]))
            if share.costs:
                costs[name].append(share.cost)
            if share.times:
                times[name].append(share.time_min)
    return {
        name: {
            "cost_median": _quantile(costs[name], 0.5, "$"),
            "active_median": _quantile(times[name], 0.5, "min"),
        }
        for name in sorted(costs.keys() | times.keys())
    }


def pass_hat_k(tasks: Iterable[TaskFacts]) -> dict[int, Estimate]:
    """tau-bench's pass^k over repeated runs: the mean of C(successes, k) / C(runs, k) over tasks with k runs."""
    attempts = [task.attempts for task in tasks if task.attempts[1] > 1]
    found = {}
    for k in range(1, max((n for _, n in attempts), default=0) + 1):
        values = [math.comb(c, k) / math.comb(n, k) for c, n in attempts if n >= k]
        found[k] = _estimate(fmean(values), stats.t_interval(values), len(values), "rate")
    return found


def first_pass_by_context(tasks: Iterable[TaskFacts]) -> dict[int, Estimate]:
    """The first-pass rate by the longest context, in buckets of powers of two: bucket → rate (tokens from 2^bucket)."""
    buckets: dict[int, list[bool]] = defaultdict(list)
    for task in tasks:
        passed = first_pass(task)
        if task.ctx and passed is not None:
            buckets[task.ctx.bit_length() - 1].append(passed)
    return {bucket: _rate(sum(buckets[bucket]), len(buckets[bucket])) for bucket in sorted(buckets)}


def minutes_in_stages(task: TaskFacts) -> dict[str, float]:
    """Minutes that a task stood in each stage that it left, over all its rounds."""
    spent: dict[str, float] = defaultdict(float)
    for (begun, stage), (left, _) in pairwise(sorted(task.moves)):
        if stage != "done":
            spent[stage] += (left - begun) / 60
    return dict(spent)


def stage_minutes(tasks: Iterable[TaskFacts]) -> dict[str, Estimate]:
    """Minutes that tasks stood in each stage that they left, median."""
    spent: dict[str, list[float]] = defaultdict(list)
    for task in tasks:
        for stage, minutes in minutes_in_stages(task).items():
            spent[stage].append(minutes)
    return {stage: _quantile(spent[stage], 0.5, "min") for stage in sorted(spent)}


def monday(epoch: int) -> int:
    """The Monday (UTC) of a time's week; 1970-01-05 was one."""
    return (epoch - 4 * _DAY) // (7 * _DAY) * 7 * _DAY + 4 * _DAY


def by_week(tasks: Iterable[TaskFacts], frame: Frame, mended: set[str]) -> list[tuple[int, dict[str, Estimate]]]:
    """For each week in which tasks were closed: its Monday (seconds, UTC) and the metrics."""
    weeks: dict[int, list[TaskFacts]] = defaultdict(list)
    for task in tasks:
        if task.closed:
            weeks[monday(task.closed)].append(task)
    return [(week, measure(weeks[week], frame, mended)) for week in sorted(weeks)]
