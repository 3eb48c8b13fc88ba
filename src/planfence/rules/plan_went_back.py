"""A plan's version does not rise.

## What it checks
A commit that changes a plan must raise its `version`; the new plan must be a regular file that can be read.
Adding and removing a plan is allowed.

## Why is this bad?
Evidence and reviews are bound to a version of the plan. If two texts bear the same number, or an old
text comes back, nobody can say what was agreed.

## Fix
Set `version` one higher than it was. `planfence plan amend` does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import Context, Need, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    for edit in ctx.edits:
        if edit.fault is not None:
            fault = edit.fault
            yield RULE.at(edit.path, f"can't be read: {fault.message}", line=fault.line, column=fault.column)
        elif edit.old is not None and edit.new is not None and edit.new.version <= edit.old.version:
            yield RULE.at(edit.path, f"version {edit.new.version} does not rise above {edit.old.version}")


RULE = Rule(
    code="PLN003",
    name="plan-went-back",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.PLANS}),
)
