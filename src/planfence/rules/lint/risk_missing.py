"""The plan names no risk.

## What it checks
That `risks` has at least one entry.

## Why is this bad?
Every change can break something. A reviewer looks first where the planner expected trouble.

## Fix
Say what could go wrong, and what is done about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    if not ctx.plan.risks:
        fix = 'add `risks = [{ risk = "…", mitigation = "…" }]`'
        yield RULE.at(ctx, ("risks",), "no risk is named", fix)


RULE = LintRule("LNT006", "risk-missing", Severity.ERROR, check)
