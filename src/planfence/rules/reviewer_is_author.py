"""A model reviews what it implemented.

## What it checks
A commit made as a review (`Plan-Stage: review`) must not be by a model that wrote code for the task, in any
round. `planfence review` and `advance` ask the same. People share the name `human`, so it can't be said of them.

## Why is this bad?
A model finds its own mistakes plausible: it made them.

## Fix
Let another model or a person review; `planfence handover TASK --to MODEL --why …` records it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import Facts, Stage, is_own_work
from planfence.rules import ways
from planfence.rules.rule import Context, Need, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is None or ctx.stage != Stage.REVIEW:
        return
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    if is_own_work(facts.state(ctx.task_name), ctx.model):
        yield RULE.about(f"{ctx.model} implemented {ctx.task_name}, so another must review it")


by_another = ways.ask(lambda case: f"let another model or a person make it: {case.ctx.model} wrote the code")


RULE = Rule(
    code="ROL002",
    name="reviewer-is-author",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS}),
    ways=(by_another,),
    bad=(("role implement codex", "role review codex", "stage review", "model codex"),),
    good=(("role implement codex", "role review claude", "model codex"),),
)
