"""A further round of rework by the model that used up its rounds.

## What it checks
After its first round and `rework.max` rounds of rework of one task (2 unless the policy says otherwise), a
model may not commit to that task again. Rounds are counted from the ledger and from the commits' trailers,
so that they can't be forgotten.

## Why is this bad?
What failed three times with one model rarely works the fourth time; it only costs.

## Fix
`planfence rework --why … --to MODEL` gives the next round to another; `human` is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, must_change_hands
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is None or ctx.route is not Route.TASK or not ctx.change.files:
        return
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    state = facts.state(ctx.task_name)
    if ctx.change.name in facts.earlier:
        return
    if must_change_hands(state, ctx.model, ctx.policy.rework_max):
        yield RULE.about(
            f"{ctx.model} has had its {ctx.policy.rework_max} rounds of rework of {ctx.task_name}",
            fixes=(f'planfence handover {ctx.task_name} --to MODEL --why "…"   # another than {ctx.model}',),
        )


def hand_over(case: Case) -> Iterator[NextStep]:
    """Give the round to somebody else; `human` is one."""
    sync = " && planfence sync" if case.place.far else ""
    line = f'planfence handover {case.ctx.task_name} --to human --why "…"{sync}'
    why = f"give the role to another than {case.ctx.model}, who then makes the commit"
    yield NextStep(why, line, asks=case.ctx.model != HUMAN)


RULE = Rule(
    code="ROL003",
    name="rework-needs-reassignment",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS}),
    ways=(hand_over,),
    bad=(("policy rework.max = 1", "role implement codex", "rounds 2 codex", "model codex"),),
    good=(("policy rework.max = 1", "role implement codex", "rounds 1 codex", "model codex"),),
)
