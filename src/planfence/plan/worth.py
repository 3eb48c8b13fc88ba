"""Whether two models are worth it for a task: from the plan, and from the log's numbers once there are some."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.report.metrics import first_pass
from planfence.report.taskfacts import TaskFacts

#: Closed tasks of each flow below which the log's numbers say nothing.
LEAST = 8


def advice(
    plan: Plan, task: Task, policy: Policy, *, urgent: str = "", past: Iterable[TaskFacts] = ()
) -> tuple[str, ...]:
    """Return sentences that say why two models are not worth it here; none where nothing speaks against it.

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
        found.append(f"{name} has nobody to review it: a second model pays where it reviews the first")
    return (*found, *_numbers(past))


def _numbers(past: Iterable[TaskFacts]) -> Iterable[str]:
    """Compare closed tasks of the two flows; only a difference in dollars with no better first pass is told."""
    flows: dict[str, list[TaskFacts]] = {"single": [], "dual": []}
    for task in past:
        if task.closed and task.flow in flows:
            flows[task.flow].append(task)
    if any(len(tasks) < LEAST for tasks in flows.values()):
        return
    costs = {flow: [task.cost for task in tasks if task.costs and not task.unpriced] for flow, tasks in flows.items()}
    if any(len(known) < LEAST for known in costs.values()):
        return
    single, dual = median(costs["single"]), median(costs["dual"])
    rates = {
        flow: [passed for task in tasks if (passed := first_pass(task)) is not None] for flow, tasks in flows.items()
    }
    if not all(rates.values()):
        return
    share = {flow: sum(known) / len(known) for flow, known in rates.items()}
    if dual > single and share["dual"] <= share["single"]:
        yield (
            f"in the log, two models cost ${dual:.2f} a task and one ${single:.2f} (medians of {len(costs['dual'])} "
            f"and {len(costs['single'])}), and passed the first time in {share['dual']:.0%} "
            f"against {share['single']:.0%}: "
            "the log is no experiment; `planfence trial` is"
        )
