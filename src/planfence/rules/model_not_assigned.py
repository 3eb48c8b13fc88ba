"""A commit is made by a model that does not hold the role of its stage.

## What it checks
Who commits (`PLANFENCE_MODEL`, else what the agent's own variables say, else `human`) must hold the task's
implement role: as the plan's `[roles]`, the task's own, or a recorded handover says. A plan is amended by
whoever holds its plan role, or by a person. Where nobody is named, anyone may.

## Why is this bad?
Who does what was decided for a reason (cost, strength, a second pair of eyes). A silent swap takes it away,
and makes every number in the report wrong.

## Fix
Let the holder do it; set `PLANFENCE_MODEL` where it is not detected; or take the role over, which is recorded:
`planfence start TASK --take-over "why"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage
from planfence.rules.rule import Context, Door, Need, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is not None and ctx.plan is not None and ctx.door is Door.TASK and ctx.change.files:
        facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
        state = facts.state(ctx.task_name)
        holder = state.holder(ctx.plan, ctx.task, Stage.IMPLEMENT)
        # A commit may be older than a handover; what is staged is not.
        before = frozenset() if ctx.staged else state.ever_held(ctx.plan, ctx.task, Stage.IMPLEMENT)
        if holder and ctx.model != holder and ctx.model not in before:
            yield RULE.about(
                f"{ctx.model} does not hold the implement role of {ctx.task_name}: {holder} does",
                fixes=(f'planfence start {ctx.task_name} --take-over "why"',),
            )
    for edit in ctx.edits:
        holder = "" if edit.old is None else edit.old.roles.get(Stage.PLAN, "")
        if holder and ctx.model not in (holder, HUMAN):
            yield RULE.at(edit.path, f"{ctx.model} does not hold the plan role of {edit.path}: {holder} does")


RULE = Rule(
    code="ROL001",
    name="model-not-assigned",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS, Need.PLANS}),
)
