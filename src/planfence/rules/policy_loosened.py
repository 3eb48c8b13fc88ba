"""The policy loosens what its shared policy locks.

## What it checks
A commit that changes `planfence.toml` or a policy that it extends: what comes out may not be looser than a shared
policy says for a key that it lists under `locked`. Stricter is allowed. Who takes a shared policy out of `extends`, or
edits by hand one that was pulled, is held to the locks that it had, and another one that was pulled must have them; who
pulls it again is held to those that it has now. This rule is not switched off beneath a lock, nor made to `observe`.
On a branch that is older than the locks, only what a change itself makes looser counts.

## Why is this bad?
The keys are locked so that one sentence is true of all repositories. A repository that differs makes it false, and
nobody sees that in a report.

## Fix
Take the key out, or make it stricter. Must it be looser? Change the shared policy where it comes from, then
`planfence policy pull`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import OLDER, Case, Context, Need, NextStep, Rule, silent
from planfence.rules.ways import word


def check(ctx: Context) -> Iterator[Finding]:
    for edit in ctx.edits:
        for fault in edit.loosened:
            fixes = (f"git rebase {word(ctx.policy.base)}",) if fault.fix == OLDER else ()
            yield RULE.at(fault.path, fault.message, line=fault.line, column=fault.column, fixes=fixes)


def catch_up(case: Case) -> Iterator[NextStep]:
    """Bring a branch that is older than the locks up to date."""
    lines = dict.fromkeys(fix for finding in case.findings for fix in finding.fixes)
    yield from (NextStep("the branch is older than what it is held to: bring it up to date", line) for line in lines)


def show(case: Case) -> Iterator[NextStep]:
    """Show where each value comes from."""
    yield NextStep("see which file says what", "planfence policy show --origin")


_LOCKS = 'has .planfence/org.toml = schema = 1\nlocked = ["limits.files"]\nlimits.files = 10\n'
_EXTENDS = 'policy extends = [".planfence/org.toml"]'
_CHANGE = "change planfence.toml = schema = 1\ntests.required = []\n"

RULE = Rule(
    code="POL001",
    name="policy-loosened",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.PLANS}),
    ways=(catch_up, show),
    bad=(
        (_LOCKS, _EXTENDS, f'{_CHANGE}extends = [".planfence/org.toml"]\nlimits.files = 30\n'),
        (_LOCKS, _EXTENDS, f"{_CHANGE}limits.files = 30\n"),
    ),
    good=((_LOCKS, _EXTENDS, f'{_CHANGE}extends = [".planfence/org.toml"]\nlimits.files = 5\n'),),
)
