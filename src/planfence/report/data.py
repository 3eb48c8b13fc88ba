"""Everything that a report shows, as data: made once, rendered to a terminal, JSON, CSV or a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from planfence.log.reader import SetAside
from planfence.records import dataclass, field
from planfence.report import metrics, twomodels
from planfence.report.metrics import Estimate, Frame
from planfence.report.taskfacts import LogFacts, TaskFacts

#: Above this share of dollars that belong to no task, groups are not compared.
LOOSE_LIMIT = 0.2


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task, as a table or a chart shows it; None is unknown. ``closed`` is 0 while it is open."""

    task: str
    plan: str
    theme: str
    flow: str
    model: str
    cost: float | None
    active_min: float | None
    est_min: float | None
    rounds: int
    first_pass: bool | None
    outcome: str
    closed: int
    first: int
    refused: int
    ctx: int
    mended: bool
    reverted: bool
    worktree: str
    branch: str
    stages: dict[str, float]


@dataclass(frozen=True, slots=True)
class ReportData:
    """One report. ``counts`` and ``aside`` tell what was read; ``loose_share`` is the share of dollars of no task.

    ``verdict`` is the trial's, if there is one (:mod:`planfence.report.decision`), as plain data.
    """

    made_at: int
    since: int
    title: str
    dimension: str
    counts: Mapping[str, int]
    aside: Sequence[SetAside]
    runs: Mapping[str, int]
    refused: int
    loose_share: float | None
    unreadable: int
    overall: Mapping[str, Estimate]
    groups: Mapping[str, Mapping[str, Estimate]]
    roles: Mapping[str, Mapping[str, Estimate]]
    weeks: Sequence[tuple[int, Mapping[str, Estimate]]]
    stages: Mapping[str, Estimate]
    context: Mapping[int, Estimate]
    pass_k: Mapping[int, Estimate]
    tasks: Sequence[TaskRow]
    open_tasks: int
    window_days: int
    verdict: Mapping[str, object] | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def comparable(self) -> bool:
        """Whether so few dollars are loose that groups may be compared."""
        return self.loose_share is None or self.loose_share <= LOOSE_LIMIT


def _row(task: TaskFacts, mended: set[str]) -> TaskRow:
    status = "open" if not task.closed else "reverted" if task.reverted else task.outcome or "accepted"
    return TaskRow(
        task.task,
        task.plan,
        task.theme,
        task.flow,
        task.maker,
        task.known_cost,
        task.active_min,
        task.est_min or None,
        task.review_rounds,
        metrics.first_pass(task),
        status,
        task.closed,
        task.first,
        task.refused,
        task.ctx,
        task.task in mended,
        task.reverted,
        *task.place[1:],
        metrics.minutes_in_stages(task),
    )


def build(
    facts: LogFacts,
    frame: Frame,
    *,
    dimension: str = "model",
    since: int = 0,
    title: str = "",
    reading: tuple[Mapping[str, int], Sequence[SetAside]] = ({}, ()),
    verdict: Mapping[str, object] | None = None,
) -> ReportData:
    """Compute a report over the tasks whose last line is not older than ``since`` (seconds since the epoch)."""
    tasks = [task for task in facts.tasks.values() if task.last >= since]
    tasks.sort(key=lambda task: (task.closed or task.last, task.task))
    mended = metrics.mended_tasks(facts, frame.window_days)
    loose = facts.loose_cost(since)
    total = sum(task.cost for task in tasks) + loose
    return ReportData(
        made_at=frame.now,
        since=since,
        title=title,
        dimension=dimension,
        counts=reading[0],
        aside=reading[1],
        runs={f"{event} {result}".strip(): count for (event, result), count in sorted(facts.runs.items())},
        refused=sum(count for (_, result), count in facts.runs.items() if result == "refused"),
        loose_share=loose / total if total else None,
        unreadable=facts.unreadable,
        overall=metrics.measure(tasks, frame, mended),
        groups=metrics.by_dimension(tasks, dimension, frame, mended),
        roles=metrics.by_dimension(tasks, "role", frame, mended),
        weeks=metrics.by_week(tasks, frame, mended),
        stages=metrics.stage_minutes(tasks),
        context=metrics.first_pass_by_context(tasks),
        pass_k=metrics.pass_hat_k(tasks),
        tasks=[_row(task, mended) for task in tasks],
        open_tasks=sum(not task.closed for task in tasks),
        window_days=frame.window_days,
        verdict=verdict,
        notes=tuple(twomodels.by_size(tasks)),
    )


def _plain(value: Estimate | TaskRow) -> dict[str, object]:
    """As `dataclasses.asdict`, without its copies: a report has tens of thousands of these."""
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


_NAMES = {kind: tuple(each.name for each in fields(kind)) for kind in (Estimate, TaskRow)}


def as_plain(data: ReportData) -> dict[str, object]:
    """The report as JSON has it: snake_case keys, null for what is unknown, times in seconds since the epoch."""

    def plain(group: Mapping[str, Estimate]) -> dict[str, object]:
        return {name: _plain(estimate) for name, estimate in group.items()}

    return {
        "schema": 1,
        "made_at": data.made_at,
        "since": data.since,
        "window_days": data.window_days,
        "read": dict(data.counts) | {"unreadable_numbers": data.unreadable},
        "aside": [{"line": entry.line, "why": str(entry.why), "text": entry.text} for entry in data.aside],
        "runs": dict(data.runs),
        "unattributed_cost_share": data.loose_share,
        "comparable": data.comparable,
        "overall": plain(data.overall),
        "by": {"dimension": data.dimension, "groups": {name: plain(group) for name, group in data.groups.items()}},
        "by_role": {name: plain(group) for name, group in data.roles.items()},
        "weeks": [{"week": week, "metrics": plain(group)} for week, group in data.weeks],
        "stages": plain(data.stages),
        "first_pass_by_context": {str(2**bucket): _plain(rate) for bucket, rate in data.context.items()},
        "pass_hat_k": {str(k): _plain(rate) for k, rate in data.pass_k.items()},
        "tasks": [_plain(row) for row in data.tasks],
        "open_tasks": data.open_tasks,
        "verdict": data.verdict,
        "notes": list(data.notes),
    }
