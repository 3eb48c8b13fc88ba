"""Code is committed in a stage that does not write code.

## What it checks
A commit of a task needs the task to be in its implement stage: begun with `planfence start`, and neither under
review nor done. At a push, commits that were there when the task was moved on are fine.

## Why is this bad?
What was tested and what is being reviewed must not change under the reviewer; and work on a task that nobody
began has no clock, no role and no record.

## Fix
Begin the task (`planfence start PLAN/TASK`); or send it back (`planfence rework --why …`); or fetch what
others recorded (`planfence sync`).
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.message import TASK_TRAILER
from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, by_ledger


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.task is None or ctx.route is not Route.TASK or not ctx.change.files:
        return
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    name = ctx.task_name
    stage = facts.state(name).stage
    if stage is not Stage.PLAN and ctx.squashed:
        return  # what was reviewed is brought in
    if stage is Stage.IMPLEMENT or ctx.change.name in facts.covered.get(name, ()):
        return
    if stage is Stage.PLAN:
        yield RULE.about(f"{name} has not begun", fixes=(f"planfence start {name}", "planfence sync"))
    elif stage is Stage.REVIEW:
        yield RULE.about(
            f"{name} is under review: its code must not change", fixes=(f'planfence rework {name} --why "…"',)
        )
    else:
        yield RULE.about(f"{name} is done", fixes=("planfence start PLAN/TASK   # another task",))


def next_stage(case: Case) -> Iterator[NextStep]:
    """Begin the task, or send it back from review."""
    ctx, name = case.ctx, case.ctx.task_name
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    stage = facts.state(name).stage
    sync = " && planfence sync" if case.place.far else ""
    asks = ctx.model != HUMAN
    if stage is Stage.PLAN:
        yield NextStep("begin it", f"planfence start {name}{sync}", case.findings, asks, f"begin {name}")
    elif stage is Stage.REVIEW:
        reviewer = facts.state(name).holder(ctx.plan, ctx.task, Stage.REVIEW) if ctx.plan and ctx.task else ""
        who = f"let {reviewer} send it back" if reviewer not in ("", HUMAN) else "send it back"
        asks = asks and reviewer != ctx.model
        yield NextStep(
            who, f'planfence rework {name} --why "…"{sync}', case.findings, asks, f"send {name} back for rework"
        )
    if stage is not Stage.DONE:
        yield NextStep("fetch what others recorded", "planfence sync")


def other_task(case: Case) -> Iterator[NextStep]:
    """If the task is done, work under another task that lists the files."""
    if not (case.ctx.message and case.ctx.message.trailer(TASK_TRAILER)):
        yield from ways.begin_task(case)


RULE = Rule(
    code="GAT002",
    name="stage-closed",
    severity=Severity.ERROR,
    check=check,
    proof=by_ledger,
    needs=frozenset({Need.FACTS}),
    ways=(next_stage, other_task, ways.urgent),
    bad=(
        ("stage plan",),
        ("stage review", "role review human"),
        ("stage done",),
    ),
    good=(("stage implement",),),
)
