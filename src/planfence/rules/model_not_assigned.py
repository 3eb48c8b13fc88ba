"""A commit is made by a model that does not hold the role of its stage.

## What it checks
Who commits (a model that `PLANFENCE_MODEL` names, else the agent that the processes or variables tell of, else
`human`) must hold the task's implement role: as the plan's `[roles]`, the task's own, or a recorded handover says.
A plan is amended by whoever holds its plan role, or by a person. If nobody is named, anyone may.

## Why is this bad?
Who does what was decided for a reason (cost, strength, a second pair of eyes). A silent swap takes it away,
and makes every number in the report wrong.

## Fix
Let the holder do it. A person takes the role over, which is recorded (`planfence start TASK --take-over "why"`), and
sets `PLANFENCE_MODEL` for a holder that is not detected (it makes no known agent another).
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is not None and ctx.plan is not None and ctx.route is Route.TASK and ctx.change.files:
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
        # A merge that takes one parent's text whole amends nothing; what it may take is PLN003's question.
        holder = "" if edit.old is None or edit.settled else edit.old.roles.get(Stage.PLAN, "")
        if holder and ctx.model not in (holder, HUMAN):
            yield RULE.at(edit.path, f"{ctx.model} does not hold the plan role of {edit.path}: {holder} does")


def take_over(case: Case) -> Iterator[NextStep]:
    """Give the role to the one who commits."""
    about, name = tuple(each for each in case.findings if not each.path), case.ctx.task_name
    if not about:
        return
    line = f'planfence handover {name} --to {case.ctx.model} --why "…"'
    line += " && planfence sync" if case.place.far else ""
    why = f"give the role to {case.ctx.model}, which is recorded"
    yield NextStep(why, line, about, case.ctx.model != HUMAN, f"give the implement role of {name} to {case.ctx.model}")


def by_the_holder(case: Case) -> Iterator[NextStep]:
    """A plan is amended by its planner or a person."""
    if any(each.path for each in case.findings):
        yield from ways.ask(lambda _: "let the planner or a person commit the plan")(case)


RULE = Rule(
    code="ROL001",
    name="model-not-assigned",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS, Need.PLANS}),
    ways=(take_over, by_the_holder, ways.urgent),
    bad=(
        ("role implement codex", "model claude"),
        ("role plan claude", "role implement human", "model codex", "plan version = 2"),
    ),
    good=(
        ("role implement codex", "model codex"),
        ("role plan claude", "model human", "plan version = 2"),
    ),
)
