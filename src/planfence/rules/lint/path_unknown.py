"""A task modifies or deletes a file that is not there.

## What it checks
Entries without a wildcard whose `change` is `modify` or `delete`: the path must be in the repository, or a task
of the plan adds it. It needs the repository's files, so it is skipped where they are not known.

## Why is this bad?
A path that does not exist was guessed. The work then lands somewhere else, and is refused there.

## Fix
Look up the path; for a new file write `change = "add"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.change import Action
from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.manifest.tablereader import nearest
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    if ctx.tree is None:
        return
    added = [entry.path for task in ctx.plan.tasks for entry in task.files if entry.change in (Action.ADD, None)]
    for path, task in ctx.numbered():
        for index, entry in enumerate(task.files):
            if entry.change in (Action.ADD, None) or not paths.is_literal(entry.path):
                continue
            if entry.path in ctx.tree.paths or entry.path in ctx.tree.folders or paths.matches(added, entry.path):
                continue
            message = f"task {task.id}: there is no `{entry.path}` to {entry.change}"
            yield RULE.at(ctx, (*path, "files", index, "path"), message, _fix(ctx.tree.paths, entry.path))


def _fix(tree: frozenset[str], path: str) -> str:
    """The file of this name elsewhere, else one of the same folder with a similar name."""
    folder, _, name = path.rpartition("/")
    same = sorted(each for each in tree if each.rpartition("/")[2] == name)
    if not same:
        beside = {each.rpartition("/")[2] for each in tree if each.rpartition("/")[0] == folder}
        near = nearest(name, sorted(beside))
        same = [f"{folder}/{near}".lstrip("/")] if near else []
    return f"did you mean `{same[0]}`?" if same else 'a new file has `change = "add"`'


RULE = LintRule("LNT014", "path-unknown", Severity.WARN, check)
