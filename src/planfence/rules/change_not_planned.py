"""A path is changed in another way than the task plans.

## What it checks
If every line of `files` that names the path states a `change`, the change must be one of these: an
`add` must not overwrite, a `modify` must not delete. A line without `change` allows any. A file that an
earlier commit of the same task added is the task's own: it may be modified and deleted again.

## Why is this bad?
A plan that says "add a file" was reviewed as an addition. An executor that overwrites or deletes an
existing file under the same name does something that nobody agreed to.

## Fix
Do what the plan says, or amend the plan: state the change that is meant, in a commit of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change.change import Action
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Context, Need, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route is not Route.TASK or ctx.task is None or not ctx.task.states_changes:
        return
    for file in ctx.change.files:
        planned = {entry.change for entry in ctx.task.entries(file.path)}
        if not planned or None in planned or file.action in planned:
            continue
        if Action.ADD not in planned or ctx.origins.get(file.path) != ctx.task_name:
            words = " or ".join(sorted(str(change) for change in planned))
            yield RULE.at(file.path, f"{ctx.task_name} plans to {words} it, this change would {file.action} it")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    if task is None or not task.states_changes:
        return ()
    return [f"need {entry.change.letter if entry.change else '*'} {entry.path}" for entry in task.files]


RULE = Rule(
    code="SCP002",
    name="change-not-planned",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    needs=frozenset({Need.ORIGINS}),
    ways=(ways.keep_out, ways.amend_plan, ways.urgent, ways.one_side, ways.give_up),
    bad=(
        ("files modify:src/user.py src/mail.py", "change -src/user.py src/mail.py"),
        ("files add:src/token.py", "change src/token.py"),
    ),
    good=(
        ("files add:src/token.py", "change +src/token.py"),
        ("files modify:src/user.py", "change src/user.py"),
    ),
)
