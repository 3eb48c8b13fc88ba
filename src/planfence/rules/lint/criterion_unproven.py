"""An acceptance criterion can't be shown to hold.

## What it checks
That every criterion has a `run` command that exits 0 if it holds, or `review = true`: a reviewer gives
evidence for it.

## Why is this bad?
A criterion that nothing and nobody checks is a wish.

## Fix
Add the command, or `review = true`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, task in ctx.numbered():
        for index, criterion in enumerate(task.acceptance):
            if not criterion.run.strip() and not criterion.review:
                message = f"task {task.id}: nothing shows that {criterion.id} holds"
                fix = 'add `run = "…"`, or `review = true`'
                yield RULE.at(ctx, (*path, "acceptance", index), message, fix)


RULE = LintRule("LNT010", "criterion-unproven", Severity.ERROR, check)
