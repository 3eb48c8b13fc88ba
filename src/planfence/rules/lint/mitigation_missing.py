"""A risk has no mitigation.

## What it checks
That every entry of `risks` says what is done about it.

## Why is this bad?
A risk that is only named is still there.

## Fix
Name the test, the flag or the check that catches it, or say that it is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for index, risk in enumerate(ctx.plan.risks):
        if not risk.mitigation.strip():
            fix = 'add `mitigation = "…"`'
            yield RULE.at(ctx, ("risks", index), f'nothing is done about the risk "{risk.risk}"', fix)


RULE = LintRule("LNT007", "mitigation-missing", Severity.WARN, check)
