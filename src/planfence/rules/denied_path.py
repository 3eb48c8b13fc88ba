"""A changed path is one that the task denies.

## What it checks
Every changed path against the task's `deny` patterns, whatever its `files` say.

## Why is this bad?
`deny` marks what must not be touched even though a pattern of the task covers it: keys, generated
files, another team's folder.

## Fix
Keep the file out of the commit. If it has to change, change the plan first, in its own commit, so that
the planner decides.
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
    if ctx.route is not Route.TASK or ctx.task is None or not ctx.task.deny:
        return
    for file in ctx.change.files:
        if paths.matches(ctx.task.deny, file.path):
            yield RULE.at(file.path, f"denied by {ctx.task_name}")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    return [f"bar {pattern}" for pattern in task.deny] if task else ()


RULE = Rule(
    code="SCP003",
    name="denied-path",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    ways=(ways.keep_out, ways.urgent, ways.one_side, ways.give_up),
    bad=(
        ("files src/**", "deny src/keys/**", "change src/user.py src/keys/root.pem"),
        ("files src/**", "deny src/keys/**", "change +src/keys/new.pem"),
    ),
    good=(("files src/**", "deny src/keys/**", "change src/user.py"),),
)
