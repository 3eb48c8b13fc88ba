"""A task has no acceptance criterion.

## What it checks
That every task's `acceptance` has at least one entry.

## Why is this bad?
Without one, nobody can say when the task is done, and its gate has nothing to ask for.

## Fix
Say what must be true afterwards, and the command that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, task in ctx.numbered():
        if not task.acceptance:
            fix = 'add `acceptance = [{ id = "A1", text = "…", run = "…" }]`'
            yield RULE.at(ctx, (*path, "acceptance"), f"task {task.id} has no acceptance criterion", fix)


RULE = LintRule("LNT009", "acceptance-missing", Severity.ERROR, check)
