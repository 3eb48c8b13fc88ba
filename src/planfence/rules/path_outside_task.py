"""A changed path is outside the active task.

## What it checks
Every path that the change touches, both sides of a rename, deletions and mode changes, against
the `files` of the task. A commit that changes plans or the policy alone needs no task and is left out.

## Why is this bad?
Unplanned edits hide in planned commits: nobody asked for them, nobody reviews them, and two tasks that
were meant to be independent collide.

## Fix
Keep the file out of this commit (`git restore --staged PATH`), or amend the plan in its own commit
(`planfence plan amend TASK --add PATH --why …`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Context, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route is not Route.TASK or ctx.task is None:
        return
    for file in ctx.change.files:
        if not paths.matches(ctx.task.patterns, file.path):
            yield RULE.at(file.path, f"not in the files of {ctx.task_name}")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    return [f"need * {pattern}" for pattern in task.patterns] if task else ()


RULE = Rule(
    code="SCP001",
    name="path-outside-task",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    ways=(ways.keep_out, ways.begin_task, ways.amend_plan, ways.urgent, ways.one_side, ways.give_up),
    bad=(
        ("files src/user.py", "change src/user.py src/mail.py"),
        ("files src/user.py", "change +docs/notes.md -src/user.py"),
        ("files src/user.py", "change src/mail.py"),
    ),
    good=(
        ("files src/user.py", "change src/user.py"),
        ("files src/auth/**", "change +src/auth/token.py"),
    ),
)
