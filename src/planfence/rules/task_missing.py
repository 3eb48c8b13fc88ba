"""A change belongs to no task, and is neither small nor urgent.

## What it checks
A change needs a task (`planfence start`, `PLANFENCE_TASK`, in a commit its `Plan-Task` trailer) that its
plan has. Without one it must touch no more than `unplanned.files` paths; in a range the paths of all such
commits count together. Standing work of the policy (`[[standing]]`) needs none. An urgent change
(`PLANFENCE_URGENT="why"`) passes, and says so in a trailer.

## Why is this bad?
Work that no plan asked for can't be checked against one, and its cost is never seen.

## Fix
Start a task, write a small plan (`planfence plan new`), or say why it can't wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import standing, ways
from planfence.rules.rule import Context, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route is not Route.CLOSED:
        return
    near = _near(ctx)
    if ctx.task_name:
        if near and standing.names(ctx.policy, ctx.task_name):
            yield RULE.about(near.removeprefix("; "))
            return
        yield RULE.about(f"there is no task {ctx.task_name} in the plans at its parent commit{near}")
        return
    if ctx.beside:
        yield RULE.about(
            f"it belongs to none of the tasks of this branch ({', '.join(ctx.beside)}), "
            "and no hook has marked it as a small change"
        )
        return
    limit = ctx.policy.unplanned.files
    own, total = len(ctx.change.files), len(ctx.unplanned)
    many = f"{own} files without a task" if own > limit else f"{total} files in all unplanned commits together"
    yield RULE.about(f"{many}; without one at most {limit} may change{near}")


def _near(ctx: Context) -> str:
    if not ctx.policy.standing:
        return ""
    why = standing.near_miss(ctx.change, ctx.policy, ctx.model, ctx.message, ctx.task_name)
    return f"; {why}" if why else ""


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    return () if task else [f"files {policy.unplanned.files}"]


RULE = Rule(
    code="MSG001",
    name="task-missing",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    ways=(ways.begin_task, ways.urgent, ways.some_task),
    bad=(("task none", "change src/user.py src/mail.py src/page.py"),),
    good=(("task none", "change src/user.py src/mail.py"),),
)
