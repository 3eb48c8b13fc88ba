"""A task lists a pattern that allows nearly everything.

## What it checks
A pattern of a task's `files` that names the whole repository or a whole folder at its top: `**`, `src/**`,
`src/*`, `src/**/*.py`. A name further in makes it narrow enough: `src/auth/**`, `src/**/auth.py`. Patterns of
themes and of `deny` may be wide.

## Why is this bad?
A task that may touch everything fences nothing in, and nobody can tell which work it stands for.

## Fix
List the files, or the folder one level down that the task is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.gitio.globs import is_wide
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, task in ctx.numbered():
        for index, entry in enumerate(task.files):
            if is_wide(entry.path):
                message = f"task {task.id}: `{entry.path}` allows nearly everything"
                yield RULE.at(ctx, (*path, "files", index, "path"), message, "list the files, or a folder further in")


RULE = LintRule("LNT001", "pattern-too-wide", Severity.ERROR, check)
