"""A path is changed in another way than the task plans.

## What it checks
Where every line of `files` that names the path states a `change`, the change must be one of these: an
`add` that modifies or deletes, a `modify` that deletes, and so on. A line without `change` allows any.

## Why is this bad?
A plan that says "add a file" was reviewed as an addition. An executor that overwrites or deletes an
existing file under the same name does something that nobody agreed to.

## Fix
Do what the plan says, or amend the plan: state the change that is meant, in a commit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.core.finding import Finding, Severity
from planfence.core.rule import Context, Door, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.door is not Door.TASK or ctx.task is None:
        return
    for file in ctx.change.files:
        entries = ctx.task.entries(file.path)
        planned = {entry.change for entry in entries}
        if entries and None not in planned and file.action not in planned:
            words = " or ".join(sorted(str(change) for change in planned))
            yield RULE.at(file.path, f"{ctx.task_name} plans to {words} it, this change would {file.action} it")


RULE = Rule("SCP002", "change-not-planned", Severity.ERROR, check)
