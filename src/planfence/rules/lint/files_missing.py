"""A task lists no files.

## What it checks
That every task's `files` names at least one path.

## Why is this bad?
A task may touch only what it lists: with an empty list every commit of it is refused.

## Fix
List the files that the task adds, modifies or deletes.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, task in ctx.numbered():
        if not task.files:
            fix = 'list them: `files = [{ path = "…", change = "modify" }]`'
            yield RULE.at(ctx, (*path, "files"), f"task {task.id} lists no files", fix)


RULE = LintRule("LNT003", "files-missing", Severity.ERROR, check)
