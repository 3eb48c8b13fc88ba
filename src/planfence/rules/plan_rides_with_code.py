"""A change to the plan or the policy rides with code.

## What it checks
A commit that changes `planfence.toml`, a shared policy, a plan or the signers' file may change nothing else. The
commit that first adds the policy is judged by nothing, so it may bring plans and hook configuration.

## Why is this bad?
A change never judges itself. A plan that is widened by the commit that needs it is not a plan.

## Fix
Commit the plan first and alone: `planfence plan amend` does it without touching the index.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Context, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.was_judged:
        return
    governing = [file.path for file in ctx.change.files if ctx.policy.governs(file.path)]
    if governing and len(governing) < len(ctx.change.files):
        for path in governing:
            yield RULE.at(path, "changes in a commit of its own, not together with code")


RULE = Rule(
    code="PLN001",
    name="plan-rides-with-code",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    ways=(ways.keep_out,),
    bad=(
        ("plan version = 2", "change src/user.py"),
        ("files src/user.py", "change src/user.py +plans/other.toml"),
    ),
    good=(
        ("plan version = 2",),
        ("change src/user.py",),
    ),
)
