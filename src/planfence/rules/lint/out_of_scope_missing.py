"""The plan does not say what it leaves alone.

## What it checks
That `out_of_scope` names at least one thing.

## Why is this bad?
The work that nobody asked for begins where nobody said stop. A planner that can name nothing has not looked
around.

## Fix
Name the neighbouring work that this plan does not do.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    if not ctx.plan.out_of_scope:
        fix = 'name what this plan leaves alone: `out_of_scope = ["…"]`'
        yield RULE.at(ctx, ("out_of_scope",), "nothing is out of scope", fix)


RULE = LintRule("LNT005", "out-of-scope-missing", Severity.ERROR, check)
