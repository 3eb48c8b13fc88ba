"""The plan does not say how to take it back.

## What it checks
That `rollback` is not blank.

## Why is this bad?
Data migrations, published interfaces and caches do not go back with a revert. Whoever has to undo the work
needs to know.

## Fix
Say how: often "revert the merge commit", and what else has to be undone.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    if not ctx.plan.rollback.strip():
        yield RULE.at(ctx, ("rollback",), "no rollback is described", 'add `rollback = "Revert the merge commit; …"`')


RULE = LintRule("LNT008", "rollback-missing", Severity.ERROR, check)
