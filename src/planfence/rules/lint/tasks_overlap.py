"""Two tasks touch the same files, and neither waits for the other.

## What it checks
Whether some path is allowed by the `files` of two tasks of which neither depends on the other, directly or
through others. `deny` is not counted: it takes files away from one task only.

## Why is this bad?
Two agents that work at once on one file undo each other's work, or fight over its merge.

## Fix
Let the later one wait (`depends_on`), or give the files to one of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.gitio.globs import overlap
from planfence.manifest.plan import Plan, Task
from planfence.rules.lint.base import LintContext, LintRule


def check(ctx: LintContext) -> Iterator[Finding]:
    behind = {task.id: _behind(ctx.plan, task) for task in ctx.plan.tasks}
    numbered = list(ctx.numbered())
    for number, (path, later) in enumerate(numbered):
        for _, earlier in numbered[:number]:
            if later.id in behind[earlier.id] or earlier.id in behind[later.id]:
                continue
            shared = _shared(earlier, later)
            if shared is not None:
                index, pattern, other = shared
                same = f"`{pattern}`" if pattern == other else f"`{other}` and `{pattern}`"
                message = f"tasks {earlier.id} and {later.id} both touch {same}, and neither waits for the other"
                fix = f'add `depends_on = ["{earlier.id}"]` to {later.id}'
                yield RULE.at(ctx, (*path, "files", index, "path"), message, fix)


def _behind(plan: Plan, task: Task) -> set[str]:
    """The ids of all tasks that this one waits for."""
    found: set[str] = set()
    waiting = list(task.depends_on)
    while waiting:
        other = plan.task(waiting.pop())
        if other is not None and other.id not in found:
            found.add(other.id)
            waiting += other.depends_on
    return found


def _shared(earlier: Task, later: Task) -> tuple[int, str, str] | None:
    for index, pattern in enumerate(later.patterns):
        for other in earlier.patterns:
            if overlap(pattern, other):
                return index, pattern, other
    return None


RULE = LintRule("LNT012", "tasks-overlap", Severity.ERROR, check)
