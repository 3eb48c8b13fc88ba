"""A plan is widened by the model that it would give more room.

## What it checks
An amendment that gives a task more room (another file or a wider change to it, a `deny` or an acceptance criterion
less, another role) must not be made by the model that holds the task's implement role. People may.

## Why is this bad?
A fence that the one inside can move is none.

## Fix
Ask the planner or a person: `planfence plan amend TASK --add PATH --why …`, committed by them.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage
from planfence.manifest.plan import Plan, Task
from planfence.rules import ways
from planfence.rules.rule import Context, Need, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    if ctx.model == HUMAN:
        return
    for edit in ctx.edits:
        if edit.old is None or edit.new is None:
            continue
        for new in edit.new.tasks:
            old = edit.old.task(new.id)
            holders = _holders(facts, edit.old, old or new, edit.new)
            if ctx.model in holders:
                for what in _wider(edit.old, edit.new, old, new):
                    yield RULE.at(edit.path, f"{ctx.model} would widen its own task {edit.new.id}/{new.id}: {what}")


def _holders(facts: Facts, plan: Plan, task: Task, after: Plan) -> frozenset[str]:
    held = facts.state(f"{plan.id}/{task.id}").holder(plan, task, Stage.IMPLEMENT)
    return frozenset({held, after.model_for(task, Stage.IMPLEMENT)}) - {""}


def _wider(before: Plan, after: Plan, old: Task | None, new: Task) -> Iterator[str]:
    if old is None:
        # Its planner may add tasks; who only implements may not give itself another.
        if before.roles.get(Stage.PLAN) != before.roles.get(Stage.IMPLEMENT):
            yield "a new task"
        return
    had = {(entry.path, entry.change) for entry in old.files}
    for entry in new.files:
        if (entry.path, entry.change) not in had and (entry.path, None) not in had:
            yield f"{entry.path} {entry.change or 'any change'}"
    for pattern in old.deny:
        if pattern not in new.deny:
            yield f"no longer denied: {pattern}"
    kept = {(each.id, each.run, each.review) for each in new.acceptance}
    for each in old.acceptance:
        if (each.id, each.run, each.review) not in kept:
            yield f"acceptance criterion {each.id} changed or gone"
    for stage in (Stage.IMPLEMENT, Stage.REVIEW):
        if before.model_for(old, stage) != after.model_for(new, stage):
            yield f"another holds its {stage} role"


by_a_person = ways.ask(lambda case: f"ask a person, or the planner, to commit it: {case.ctx.model} may not")


RULE = Rule(
    code="PLN002",
    name="plan-widened",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.PLANS, Need.FACTS}),
    ways=(by_a_person,),
    bad=(("role implement codex", "model codex", "plan version = 2", "plan files += src/more.py"),),
    good=(("role implement codex", "model human", "plan version = 2", "plan files += src/more.py"),),
)
