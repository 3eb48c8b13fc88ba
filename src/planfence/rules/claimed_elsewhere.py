"""A changed path is claimed by another active task.

## What it checks
An active task claims the paths that it lists, from `planfence start` until it is done, or stale (`[claims] stale_h`).
All plans count, in every worktree, and in every clone as far as the ledger was synced. Of two tasks that claim one path
the first to start has it, unless one waits for the other (`depends_on`). The first is told of the second, and both are
told if a person shares the path (`planfence start TASK --share PATH --why …`): that is never more than advice. The
commits of a task that is done were made while it had its claim.

## Why is this bad?
Two agents that change one file at once undo each other's work, or fight over its merge.

## Fix
Wait until the other task is done, let one of them depend on the other, take the path out of one of them, or have a
person share it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.holds import Hold
from planfence.ledger.stages import Facts, Stage
from planfence.manifest.plan import Plan, Task
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, by_ledger
from planfence.tables import HUMAN


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route is not Route.TASK or ctx.task is None or ctx.plan is None or not isinstance(ctx.facts, Facts):
        return
    holds = ctx.facts.holds
    if ctx.facts.state(ctx.task_name).stage is Stage.DONE:
        return  # it was made while the task had its claim
    others = holds.beside(ctx.task_name, ctx.plan, ctx.task)
    own = holds.of(ctx.task_name) if others else None
    for file in ctx.change.files if others else ():
        for other in others:
            if other.names(file.path) and not holds.stale(other):
                said, advice = _said(file.path, own, other)
                yield RULE.at(file.path, said, advice=advice)


def _said(path: str, own: Hold | None, other: Hold) -> tuple[str, bool]:
    """Say who else claims a path, and whether that is never more than advice."""
    who = f"{other.task}, which {other.model} began at {other.since}"
    if other.shares(path) or (own is not None and own.shares(path)):
        return f"shared with {who}", True
    if own is not None and own.came_before(other):
        return f"claimed by {own.task} first, and also by {who}", True
    return f"claimed by {who}", False


def bars(facts: Facts, plan: Plan, task: Task) -> tuple[str, ...]:
    """Return what keeps a task's change from being proved clean: the paths of others' claims, in `prover`'s words."""
    name = f"{plan.id}/{task.id}"
    if facts.state(name).stage is Stage.DONE:
        return ()
    found = (pattern for other in facts.holds.beside(name, plan, task) for pattern in other.like(task.patterns))
    return tuple(f"bar {RULE.code} {pattern}" for pattern in dict.fromkeys(found))


def share(case: Case) -> Iterator[NextStep]:
    """Let a person share the path between the tasks, which is recorded with its reason."""
    ctx = case.ctx
    shared = " ".join(f"--share {ways.word(path)}" for path in dict.fromkeys(each.path for each in case.findings))
    line = f'planfence start {ctx.task_name} {shared} --why "why both must change it"'
    wish = f"share {', '.join(dict.fromkeys(each.path for each in case.findings))} between the tasks"
    yield NextStep("let both tasks change it, which is recorded", line, case.findings, ctx.model != HUMAN, wish)


def fetch(case: Case) -> Iterator[NextStep]:
    """Fetch what others recorded: the other task may be done."""
    yield NextStep("fetch what others recorded: the other task may be done", "planfence sync")


RULE = Rule(
    code="SCP007",
    name="claimed-elsewhere",
    severity=Severity.WARN,
    check=check,
    proof=by_ledger,
    edit=True,
    needs=frozenset({Need.FACTS}),
    ways=(share, fetch),
    bad=(('policy rules.claimed-elsewhere = "error"', "claimed q/other src/user.py"),),
    good=(
        ('policy rules.claimed-elsewhere = "error"', "claimed q/other src/mail.py"),
        ('policy rules.claimed-elsewhere = "error"', "files src/**", "claimed q/other src/mail/**"),
    ),
)
