"""A plan is widened by the model that it would give more room.

## What it checks
Whatever makes more possible in a task must not be done by the model that holds the task's implement role (if the
plan names nobody: that began it, or wrote code for it, and while the task is at work any model but the plan's planner,
since each may commit to it; of the task that is active, the planner too). People may. Who only began a task does not
name another implementer either, and no holder itself the planner. What came before the task began is asked of those
alone whom the plan names. It is computed on what the plan allows before and after: each path with what may be done to
it, its theme's types and the paths that other themes keep for themselves, `deny`, `depends_on` that is not done,
criteria, roles, the estimate, constraints, and what is out of scope. A plan follows its id and its tasks: one that was
deleted and comes back, also under another name, is compared with what it was last. Who only implements gives itself no
new task, and no new plan.

## Why is this bad?
A fence that the one inside can move is none.

## Fix
Ask the planner or a person. `planfence plan amend TASK --add PATH --why …` by a model leaves a request, which a person
sees in `planfence requests` and commits by `planfence approve N`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage, implementers
from planfence.manifest.allowance import wider
from planfence.manifest.plan import Plan, Task
from planfence.rules import ways
from planfence.rules.rule import Context, Need, PlanEdit, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.model == HUMAN:
        return
    for edit in ctx.edits:
        if edit.new is None or edit.settled:
            continue
        for new in edit.new.tasks:
            for what in dict.fromkeys(_gained(ctx, edit, edit.new, new)):
                yield RULE.at(edit.path, f"{ctx.model} would widen its own task {edit.new.id}/{new.id}: {what}")


def _gained(ctx: Context, edit: PlanEdit, after: Plan, new: Task) -> Iterator[str]:
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    known = [(plan, old) for plan in _plans_with(edit, new.id) if (old := plan.task(new.id)) is not None]
    for before, old in known:
        given = {after.model_for(new, Stage.IMPLEMENT), after.model_for(old, Stage.IMPLEMENT)}
        holders = _holders(ctx, facts, before, old, edit)
        if ctx.model in holders:
            yield from _named(ctx.model, (before, old), (after, new))
        if ctx.model in holders | given:
            done = _done(facts, before, old)
            yield from wider(
                (before, old), (after, new), protected=ctx.policy.protected, done=done, budget=ctx.policy.budget
            )
    # A new plan that names nobody is everybody's.
    free = not edit.before and not after.model_for(new, Stage.IMPLEMENT)
    if not known and (free or ctx.model in _holders(ctx, facts, after, new, edit)):
        yield from _new_task(ctx, facts, edit)


def _plans_with(edit: PlanEdit, task_id: str) -> tuple[Plan, ...]:
    """The plans that said last what a task may: those before the change, else its past, else one that is gone."""
    here = tuple(plan for plan in edit.before if plan.task(task_id) is not None)
    past = (plan for plan in (*edit.past, *edit.gone) if plan.task(task_id) is not None)
    return here or tuple(past)[:1]


def _holders(ctx: Context, facts: Facts, plan: Plan, task: Task, edit: PlanEdit | None = None) -> frozenset[str]:
    """Who holds a task; if nobody is named, also who may work on it now.

    A task that is at work and names nobody takes commits of every model, whoever began it: each would give itself room,
    the planner if the task is active. What the edit came before gave nobody a role then.
    """
    name = f"{plan.id}/{task.id}"
    state = facts.state(name)
    begun = edit is None or task.id not in edit.unbegun
    known = implementers(state, plan, task) if begun else frozenset({plan.model_for(task, Stage.IMPLEMENT)})
    at_work = begun and state.stage in (Stage.IMPLEMENT, Stage.REVIEW) and not _plans(plan, ctx.model)
    unnamed = (at_work or name == ctx.task_name) and not state.holder(plan, task, Stage.IMPLEMENT)
    return known | ({ctx.model} if unnamed else frozenset())


def _named(model: str, before: tuple[Plan, Task], after: tuple[Plan, Task]) -> Iterator[str]:
    """A role that nobody had, by which whoever holds a task would be let out of it."""
    (old_plan, old), (new_plan, new) = before, after
    implementer = new_plan.model_for(new, Stage.IMPLEMENT)
    if not old_plan.model_for(old, Stage.IMPLEMENT) and implementer not in ("", model):
        yield f"{implementer} implements it instead"
    if _plans(new_plan, model) and not old_plan.roles.get(Stage.PLAN):
        yield f"{model} becomes its planner"


def _done(facts: Facts, plan: Plan, task: Task) -> tuple[str, ...]:
    return tuple(name for name in task.depends_on if facts.state(f"{plan.id}/{name}").stage is Stage.DONE)


def _new_task(ctx: Context, facts: Facts, edit: PlanEdit) -> Iterator[str]:
    """A planner may add tasks and plans; who only implements may not give itself another."""
    if edit.before:
        if any(_parts_roles(plan) for plan in edit.before):
            yield "a new task"
        return
    plans = (*ctx.plans, *edit.past[:1], *edit.gone)
    holds = any(ctx.model in _holders(ctx, facts, plan, task) for plan in plans for task in plan.tasks)
    if holds and all(_parts_roles(plan) for plan in plans) and not any(_plans(plan, ctx.model) for plan in plans):
        yield "a new plan"


def _parts_roles(plan: Plan) -> bool:
    return plan.roles.get(Stage.PLAN) != plan.roles.get(Stage.IMPLEMENT)


def _plans(plan: Plan, model: str) -> bool:
    return plan.roles.get(Stage.PLAN) == model


by_a_person = ways.ask(
    lambda case: f"let a person commit it, or a planner that does not implement the task: {case.ctx.model} may not"
)


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
