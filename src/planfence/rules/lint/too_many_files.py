"""A task lists more files than one change may hold.

## What it checks
The number of a task's `files` entries against the policy's `limits.files`. A pattern counts as one.

## Why is this bad?
What is too large to commit (`change-too-large`) is too large to plan: nobody can review it in one sitting.

## Fix
Split the task; the second part takes `depends_on`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    limit = ctx.policy.limits.files
    for path, task in ctx.numbered():
        if len(task.files) > limit:
            message = f"task {task.id} lists {len(task.files)} files; a change may hold {limit}"
            parts = -(-len(task.files) // limit)
            yield RULE.at(ctx, (*path, "files"), message, f"split it into {parts} tasks")


RULE = LintRule("LNT004", "too-many-files", Severity.ERROR, check)
