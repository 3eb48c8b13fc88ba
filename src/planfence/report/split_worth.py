"""Whether two models on one task are worth it, for tasks of a size: said plainly, from single and dual flows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from planfence.report import stats
from planfence.report.metrics import first_pass
from planfence.report.taskfacts import TaskFacts

#: Fewer tasks of either flow say nothing.
_LEAST = 5
#: Sizes by the forecast, in minutes: up to this, and everything above.
_SIZES = (30.0, 60.0, math.inf)
#: How many points of first-pass rate a dearer flow must at least be able to bring.
_GAIN = 0.1


def size_of(task: TaskFacts) -> float | None:
    """The upper end of the task's size class, by its forecast, otherwise by its minutes; None: both unknown."""
    minutes = task.est_min or task.active_min
    return next(size for size in _SIZES if minutes <= size) if minutes else None


def advice(tasks: Sequence[TaskFacts]) -> Iterator[str]:
    """One sentence for each size of task of which both flows have enough."""
    flows = [task for task in tasks if task.flow in ("single", "dual") and task.closed and task.known_cost]
    for index, size in enumerate(_SIZES):
        name = f"up to {size:.0f} minutes" if math.isfinite(size) else f"above {_SIZES[index - 1]:.0f} minutes"
        found = [task for task in flows if size_of(task) == size]
        single, dual = ([task for task in found if task.flow == flow] for flow in ("single", "dual"))
        if min(len(single), len(dual)) >= _LEAST:
            yield f"Tasks of {name}: {_compare(single, dual)}"


def _compare(single: Sequence[TaskFacts], dual: Sequence[TaskFacts]) -> str:
    ratio = _ratio([math.log(task.cost) for task in dual], [math.log(task.cost) for task in single])
    passes = [[passed for task in arm if (passed := first_pass(task)) is not None] for arm in (dual, single)]
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


def _ratio(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of geometric means with Welch's 95% interval."""
    v, w = stats.deviation(above) ** 2 / len(above), stats.deviation(below) ** 2 / len(below)
    difference = stats.mean(above) - stats.mean(below)
    if v + w == 0:
        return math.exp(difference), math.exp(difference), math.exp(difference)
    df = (v + w) ** 2 / (v**2 / (len(above) - 1) + w**2 / (len(below) - 1))
    half = stats.t_quantile(0.975, df) * math.sqrt(v + w)
    return math.exp(difference), math.exp(difference - half), math.exp(difference + half)
