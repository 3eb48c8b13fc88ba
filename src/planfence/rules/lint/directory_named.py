"""A folder stands where a file or a pattern belongs.

## What it checks
A path of `files`, `deny` or a theme that has no wildcard and is a folder of the repository. It needs the
repository's files, so it is skipped if they are not known.

## Why is this bad?
A pattern names files. A folder's own name matches none, so the task would allow nothing there, and `deny` would
deny nothing.

## Fix
Write `dir/**`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.tomlsource import Path
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    folders = ctx.tree.folders if ctx.tree else frozenset()
    for path, pattern in _patterns(ctx):
        if pattern in folders:
            yield RULE.at(ctx, path, f"`{pattern}` is a folder", f"write `{pattern}/**`")


def _patterns(ctx: LintContext) -> Iterator[tuple[Path, str]]:
    for name, theme in ctx.plan.themes.items():
        for index, pattern in enumerate(theme.paths):
            yield ("themes", name, "paths", index), pattern
    for path, task in ctx.numbered():
        for index, pattern in enumerate(task.deny):
            yield (*path, "deny", index), pattern
        for index, entry in enumerate(task.files):
            yield (*path, "files", index, "path"), entry.path


RULE = LintRule("LNT002", "directory-named", Severity.ERROR, check)
