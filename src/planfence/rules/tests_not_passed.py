"""Tests have not passed on exactly this tree.

## What it checks
If the policy's `tests.required` names the gate (`push`, `commit`, `advance`), the ledger must hold a test
run of exactly this tree, with the policy's command, that passed and collected at least `min_tests` tests.
At a push that is each pushed tip; with `commit` it is the staged tree; `planfence advance` asks the same.

## Why is this bad?
"The tests passed" is only true of the files that they ran on. One edit later it is a guess.

## Fix
`planfence test` runs them and records the result; a tree that passed once is not tested again.
`planfence sync` fetches what others recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence import POLICY_PATH
from planfence.finding import Finding, Severity
from planfence.ledger.stages import Facts
from planfence.rules.refusalcontext import At
from planfence.rules.rule import Case, Context, Need, NextStep, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    gate, why = facts.gates.get(ctx.change.name, ("", ""))
    if gate and why:
        revision = "--staged" if ctx.staged else f"--rev {ctx.change.name[:12]}"
        yield RULE.about(f"{why} ({ctx.change.tree[:12]})", fixes=(f"planfence test {revision}",))


def run_tests(case: Case) -> Iterator[NextStep]:
    """Run the tests on this very tree, or say first how."""
    change = case.ctx.change
    if not case.ctx.policy.tests.command:
        why = "write the test command under [tests], commit that alone, then run the tests"
        yield NextStep(why, f"$EDITOR {POLICY_PATH}")
        return
    line = f"planfence test --rev {change.name[:12]}" if case.place.made else "planfence test --staged"
    if case.place.at is At.ALL:
        line = f"git add -u && {line}"
    if case.place.far:
        line += " && planfence sync"
    yield NextStep("run the tests on it", line, case.findings)


RULE = Rule(
    code="GAT001",
    name="tests-not-passed",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS}),
    later=True,
    ways=(run_tests,),
    bad=(('policy tests.required = ["commit", "push"]',),),
    good=(('policy tests.required = ["commit", "push"]', "tested"),),
)
