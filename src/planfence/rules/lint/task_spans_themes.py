"""A task lists files of a theme that is not its own.

## What it checks
Each entry of `files` against `[themes]`. A path in no theme counts for the task's own theme, and so does a path
that its own theme claims beside others. A pattern that reaches into another theme is a finding unless the
task's theme covers it whole.

## Why is this bad?
One commit carries one theme, so the commits of such a task are refused (`mixed-themes`).

## Fix
Move the files into a task of their theme, or let the theme's `paths` claim them.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.gitio.globs import covers, overlap
from planfence.manifest.plan import Task
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, task in ctx.numbered():
        for index, pattern in enumerate(task.patterns):
            foreign = _foreign(ctx, task, pattern)
            if foreign:
                message = f"task {task.id} has the theme {task.theme}, but `{pattern}` is in {foreign}"
                fixes = (f"move it to a task of the theme {foreign}", f"or add it to `themes.{task.theme}.paths`")
                yield RULE.at(ctx, (*path, "files", index, "path"), message, *fixes)


def _foreign(ctx: LintContext, task: Task, pattern: str) -> str:
    """The name of a theme that the pattern reaches into, empty if it stays in the task's own or in none."""
    own = ctx.plan.themes[task.theme].paths
    if any(covers(each, pattern) for each in own):
        return ""
    if ctx.tree is not None and not paths.is_literal(pattern):
        found = (path for path in ctx.tree.paths if paths.matches((pattern,), path) and not paths.matches(own, path))
        foreign = min((name for path in found for name in ctx.plan.themes_of(path)), default="")
        if foreign or any(overlap(each, pattern) for each in own):
            return foreign
    for theme in ctx.plan.themes.values():
        if theme.name != task.theme and any(overlap(each, pattern) for each in theme.paths):
            return theme.name
    return ""


RULE = LintRule("LNT013", "task-spans-themes", Severity.ERROR, check)
