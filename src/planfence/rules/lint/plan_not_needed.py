"""The plan is larger than its work.

## What it checks
Whether all tasks together list no more files, and no patterns, than may change without a task (the policy's
`unplanned.files`).

## Why is this bad?
A plan for one or two files costs more than it saves. Such a change needs no task: it is recorded all the same.

## Fix
Commit it without a plan, or plan the work that it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    listed = {pattern for task in ctx.plan.tasks for pattern in task.patterns}
    if listed and len(listed) <= ctx.policy.unplanned.files and all(map(paths.is_literal, listed)):
        many = "1 file" if len(listed) == 1 else f"{len(listed)} files"
        message = f"the plan is about {many}; a change of up to {ctx.policy.unplanned.files} needs no plan"
        yield RULE.at(ctx, ("tasks",), message, "commit it without a task")


RULE = LintRule("LNT017", "plan-not-needed", Severity.WARN, check)
