"""A task is begun before those that it depends on.

## What it checks
Every task in `depends_on` must be done: reviewed, and moved there with `planfence advance` or `finish`.
`planfence start` asks the same.

## Why is this bad?
Work on top of what is not accepted yet is done twice when that changes.

## Fix
Finish the other task first, take it out of `depends_on` in a plan-only commit, or fetch what others recorded
(`planfence sync`).
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import Facts, open_dependencies
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is None or ctx.plan is None or ctx.route is not Route.TASK or not ctx.change.files:
        return
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    for name in open_dependencies(facts, ctx.plan, ctx.task):
        yield RULE.about(
            f"{ctx.task_name} waits for {name}, which is in {facts.state(name).stage}",
            fixes=(f"planfence status {name}",),
        )


def look(case: Case) -> Iterator[NextStep]:
    """Show how far the other task is: it has to be finished, or somebody takes it out of the plan."""
    for finding in case.findings:
        yield from (NextStep("see how far the other task is", fix) for fix in finding.fixes)


def fetch(case: Case) -> Iterator[NextStep]:
    """Fetch what others recorded."""
    yield NextStep("fetch what others recorded", "planfence sync")


RULE = Rule(
    code="GAT003",
    name="dependency-open",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS}),
    ways=(look, fetch),
    bad=(("needs first",),),
    good=(("needs first", "done first"),),
)
