"""The same model is to implement a task and to review it.

## What it checks
The roles of each task, its own before the plan's: `implement` and `review` must not name the same.

## Why is this bad?
A model that reviews its own work overlooks what it overlooked before; the review is refused later
(`reviewer-is-author`).

## Fix
Name another model, or `human`, for one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    told: set[str] = set()
    for path, task in ctx.numbered():
        model = ctx.plan.model_for(task, "implement")
        if not model or model != ctx.plan.model_for(task, "review"):
            continue
        if not task.roles:
            if model not in told:
                told.add(model)
                yield RULE.at(ctx, ("roles", "review"), f"{model} implements and reviews", "name another for `review`")
            continue
        message = f"task {task.id}: {model} implements and reviews"
        yield RULE.at(ctx, (*path, "roles"), message, "name another for `review`")


RULE = LintRule("LNT015", "roles-clash", Severity.WARN, check)
