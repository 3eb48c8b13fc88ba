"""Whether two models on one task are worth it: by the log for tasks of a size, by the plan and the log for one task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, median

from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.report import stats
from planfence.report.metrics import first_pass
from planfence.report.taskfacts import TaskFacts

#: Fewer tasks of either flow say nothing. The interval does the rest: if the flows cost the same, it lies above 1 in
#: 2% of the logs with five tasks of each as with eight, while the medians alone differ so in 30% of either.
LEAST = 5
#: Sizes by the forecast, in minutes: up to this, and everything above.
_SIZES = (30.0, 60.0, math.inf)
#: How many points of first-pass rate a dearer flow must at least be able to bring.
_GAIN = 0.1


def size_of(task: TaskFacts) -> float | None:
    """The upper end of the task's size class, by its forecast, otherwise by its minutes; None: both unknown."""
    minutes = task.est_min or task.active_min
    return next(size for size in _SIZES if minutes <= size) if minutes else None


def by_size(tasks: Sequence[TaskFacts]) -> Iterator[str]:
    """One sentence for each size of task of which both flows have enough."""
    flows = _known(tasks)
    for index, size in enumerate(_SIZES):
        name = f"up to {size:.0f} minutes" if math.isfinite(size) else f"above {_SIZES[index - 1]:.0f} minutes"
        found = [task for task in flows if size_of(task) == size]
        single, dual = _parted(found)
        if min(len(single), len(dual)) >= LEAST:
            yield f"Tasks of {name}: {_compare(single, dual)}"


def _known(tasks: Iterable[TaskFacts]) -> list[TaskFacts]:
    return [task for task in tasks if task.flow in ("single", "dual") and task.closed and task.known_cost]


def _parted(tasks: Sequence[TaskFacts]) -> tuple[list[TaskFacts], list[TaskFacts]]:
    return [task for task in tasks if task.flow == "single"], [task for task in tasks if task.flow == "dual"]


def _compare(single: Sequence[TaskFacts], dual: Sequence[TaskFacts]) -> str:
    ratio, passes = _ratio(dual, single), [_passes(dual), _passes(single)]
    gain = None
    if all(passes):
        gain = stats.newcombe((sum(passes[0]), sum(passes[1])), (len(passes[0]), len(passes[1])))
    said = f"two models cost {ratio[0]:.2f} times one ({ratio[1]:.2f} to {ratio[2]:.2f})"
    if gain is not None:
        said += f", first pass {100 * gain.low:+.0f} to {100 * gain.high:+.0f} points"
    said += f"; n = {len(dual)} and {len(single)}."
    if ratio[1] > 1 and (gain is None or gain.high < _GAIN):
        return f"the split is not worth it: {said}"
    if ratio[2] < 1 or (gain is not None and gain.low > 0 and ratio[1] <= 1):
        return f"the split pays: {said}"
    if ratio[1] > 1 and gain is not None and gain.low > 0:
        return f"the split buys first passes with dollars: {said}"
    return f"too close to tell whether the split is worth it: {said}"


def _passes(tasks: Sequence[TaskFacts]) -> list[bool]:
    return [passed for task in tasks if (passed := first_pass(task)) is not None]


def _ratio(dual: Sequence[TaskFacts], single: Sequence[TaskFacts]) -> tuple[float, float, float]:
    """The ratio of the costs' geometric means with Welch's 95% interval."""
    above, below = [math.log(task.cost) for task in dual], [math.log(task.cost) for task in single]
    v, w = stats.deviation(above) ** 2 / len(above), stats.deviation(below) ** 2 / len(below)
    difference = fmean(above) - fmean(below)
    if v + w == 0:
        return math.exp(difference), math.exp(difference), math.exp(difference)
    df = (v + w) ** 2 / (v**2 / (len(above) - 1) + w**2 / (len(below) - 1))
    half = stats.t_quantile(0.975, df) * math.sqrt(v + w)
    return math.exp(difference), math.exp(difference - half), math.exp(difference + half)


def for_task(
    plan: Plan, task: Task, policy: Policy, *, urgent: str = "", past: Iterable[TaskFacts] = ()
) -> tuple[str, ...]:
    """Return sentences that say why two models are not worth it here; none if nothing speaks against it.

    ``past`` are tasks of the log. A task that one model holds throughout is asked nothing.
    """
    held = {plan.model_for(task, stage) for stage in ("plan", "implement", "review")} - {""}
    if len(held) < 2:
        return ()
    name, found = f"{plan.id}/{task.id}", []
    if task.files and len(task.files) <= policy.unplanned.files and all(paths.is_literal(p) for p in task.patterns):
        count = "one file" if len(task.files) == 1 else f"{len(task.files)} files"
        found.append(f"{name} is about {count}: one model plans, writes and checks that faster than two hand it over")
    if urgent:
        found.append(f"{name} is urgent ({urgent}): a handover and its review cost the time that is short")
    if not plan.model_for(task, "review"):
        found.append(f"{name} has nobody to review it: a second model pays if it reviews the first")
    return (*found, *_numbers(_known(past)))


def _numbers(past: Sequence[TaskFacts]) -> Iterator[str]:
    """Compare the two flows in the log; only more dollars with no better first pass are told."""
    single, dual = _parted(past)
    passes = _passes(dual), _passes(single)
    if min(len(single), len(dual)) < LEAST or not all(passes):
        return
    first = [sum(passed) / len(passed) for passed in passes]
    if _ratio(dual, single)[1] > 1 and first[0] <= first[1]:
        yield (
            f"in the log, two models cost ${median(task.cost for task in dual):.2f} a task and one "
            f"${median(task.cost for task in single):.2f} (medians of {len(dual)} and {len(single)}), and passed the "
            f"first time in {first[0]:.0%} against {first[1]:.0%}: the log is not an experiment; `planfence trial` is"
        )
