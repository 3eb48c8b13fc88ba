"""A task modifies or deletes a file that is not there.

## What it checks
Entries without a wildcard whose `change` is `modify` or `delete`: the path must be in the repository, or a task
of the plan adds it. It needs the repository's files, so it is skipped if they are not known.

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
    added = {entry.path for task in ctx.plan.tasks for entry in task.files if entry.change in (Action.ADD, None)}
    wide = [each for each in added if not paths.is_literal(each)]
    known = _FileIndex(ctx.tree.paths)
    for path, task in ctx.numbered():
        for index, entry in enumerate(task.files):
            if entry.change in (Action.ADD, None) or not paths.is_literal(entry.path):
                continue
            if (
                entry.path in ctx.tree.paths
                or entry.path in ctx.tree.folders
                or entry.path in added
                or paths.matches(wide, entry.path)
            ):
                continue
            message = f"task {task.id}: there is no `{entry.path}` to {entry.change}"
            yield RULE.at(ctx, (*path, "files", index, "path"), message, known.fix(entry.path))


class _FileIndex:
    """The repository's files by name and by folder, sorted out at the first question."""

    def __init__(self, tree: frozenset[str]) -> None:
        self._tree = tree
        self._by_name: dict[str, list[str]] = {}
        self._names_in: dict[str, list[str]] = {}

    def fix(self, path: str) -> str:
        """The file of this name elsewhere, else one of the same folder with a similar name."""
        if not self._by_name:
            for each in sorted(self._tree):
                folder, _, name = each.rpartition("/")
                self._by_name.setdefault(name, []).append(each)
                self._names_in.setdefault(folder, []).append(name)
        folder, _, name = path.rpartition("/")
        same = self._by_name.get(name, [])
        if not same and (near := nearest(name, self._names_in.get(folder, []))):
            same = [f"{folder}/{near}".lstrip("/")]
        return f"did you mean `{same[0]}`?" if same else 'a new file has `change = "add"`'


RULE = LintRule("LNT014", "path-unknown", Severity.WARN, check)
