"""Advice on whether two models are worth it, with the log's numbers."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.errors import BadFile
from planfence.gitio.repository import Repository
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.plan.plans import policy_for_plans, read_plan
from planfence.report import twomodels
from planfence.report.report import fold, source_of


def advice(repository: Repository, policy: Policy, plan: Plan, tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return what speaks against two models for these tasks of a plan; each sentence once."""
    urgent = " ".join(repository.environment.get("PLANFENCE_URGENT").split())
    facts, _, _ = fold([source_of(repository, policy)])
    past = tuple(facts.tasks.values())
    found = (line for task in tasks for line in twomodels.for_task(plan, task, policy, urgent=urgent, past=past))
    return tuple(dict.fromkeys(found))


def for_plans(repository: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the advice for plans of the worktree, by their paths; one that can't be read is the lint's business."""
    policy = policy_for_plans(repository)
    found: list[str] = []
    for path in paths:
        plan_id = policy.plan_id(path)
        if plan_id is None:
            continue
        try:
            plan = read_plan(repository, policy, plan_id)
        except BadFile:
            continue
        found += advice(repository, policy, plan, plan.tasks)
    return tuple(dict.fromkeys(found))
