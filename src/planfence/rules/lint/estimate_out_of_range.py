"""A task is too long or too short to be one.

## What it checks
`estimate_min` against the policy's `limits.estimate_min` (30 to 60 minutes), and that it is there.

## Why is this bad?
A task is the unit of a commit and of a review. Longer ones hide several; the overhead of shorter ones is larger
than their work.

## Fix
Split a long one as the finding proposes; the later parts take `depends_on`. Join a short one with its
neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.plan import Task
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    least, most = ctx.policy.limits.estimate_min
    for path, task in ctx.numbered():
        place = (*path, "estimate_min")
        if not task.estimate_min:
            message = f"task {task.id} has no estimate"
            yield RULE.at(ctx, place, message, f"add `estimate_min`, from {least} to {most} minutes")
        elif task.estimate_min > most:
            message = f"task {task.id} is estimated at {task.estimate_min:g} minutes; at most {most} make a task"
            yield RULE.at(ctx, place, message, *_split(task, most))
        elif task.estimate_min < least:
            message = f"task {task.id} is estimated at {task.estimate_min:g} minutes; at least {least} make a task"
            yield RULE.at(ctx, place, message, *_join(ctx, task))


def _split(task: Task, most: int) -> list[str]:
    """Propose tasks of equal length, their files in the order that the plan lists them, tests with what they test."""
    parts = int(-(-task.estimate_min // most))
    minutes = round(task.estimate_min / parts)
    if len(task.files) < parts:
        criteria = ", ".join(criterion.id for criterion in task.acceptance)
        along = f"its acceptance criteria ({criteria})" if len(task.acceptance) >= parts else "its steps"
        return [f"split it into {parts} tasks of about {minutes} minutes, along {along}"]
    size, more = divmod(len(task.files), parts)
    fixes = [f"split it into {parts} tasks of about {minutes} minutes, each depending on the one before:"]
    at = 0
    for number in range(parts):
        end = at + size + (number < more)
        fixes.append(f"{task.id}-{number + 1}: {', '.join(task.patterns[at:end])}")
        at = end
    return fixes


def _join(ctx: LintContext, task: Task) -> list[str]:
    most = ctx.policy.limits.estimate_min[1]
    for other in ctx.plan.tasks:
        if other.id != task.id and other.theme == task.theme and other.estimate_min + task.estimate_min <= most:
            return [f"join it with {other.id}, or do it without a task if it is small"]
    return ["join it with another, or do it without a task if it is small"]


RULE = LintRule("LNT011", "estimate-out-of-range", Severity.ERROR, check)
