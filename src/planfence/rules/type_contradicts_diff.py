"""The message claims what the diff does not do.

## What it checks
The Conventional Commits type against the kinds of the changed hunks. `docs:` may change documentation and
comments, `style:` formatting, `test:` tests, `ci:` and `build:` what builds; comments and formatting are free
everywhere. An error only if it is proven: `docs:` or `style:` on source whose code gained a word or lost one. All
else is a warning: `docs:` on examples and on the site that shows it, `style:` that says it follows a linter, other
paths that the type does not license, `feat:`, `fix:` or `perf:` on documentation alone, and a scope that is a folder
or theme of this repository and owns none of the changed paths. Plans and the policy may change under any type.

## Why is this bad?
Changelogs, releases and reviews go by the type: behaviour under `docs:` is behaviour that nobody looks at.

## Fix
Use the type that is true, or make two commits: `planfence split` proposes how.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change.message import NARROW_TYPES
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Rule

#: So many paths are named; the rest is counted.
_NAMED = 5


def check(ctx: Context) -> Iterator[Finding]:
    message, content = ctx.message, ctx.content
    if message is None or content is None or not message.types or message.autosquash or ctx.change.is_merge:
        return
    from planfence.content.committypes import breaches, says_more  # only where content is looked at at all

    kind = message.types[0]
    judged = [one for one in content.judged if not ctx.policy.governs(one.unit.path)]
    found = sorted(breaches(kind, judged, message.subject), key=lambda breach: not breach.proven)
    for breach in found[:_NAMED]:
        weight = Severity.ERROR if breach.proven else Severity.WARN
        yield RULE.at(breach.path, f"`{kind}:` does not cover {breach.what}", line=breach.line, weight=weight)
    if len(found) > _NAMED:
        yield RULE.about(f"`{kind}:` does not cover {len(found) - _NAMED} more paths", weight=Severity.WARN)
    if says_more(kind, judged):
        yield RULE.about(f"`{kind}:` on documentation and comments alone", weight=Severity.WARN)
    yield from _scope(ctx, message.scope)


def _scope(ctx: Context, scope: str) -> Iterator[Finding]:
    from planfence.content.committypes import is_folder, owns

    if not scope or owns(scope, ctx.change.paths):
        return
    theme = ctx.plan.themes.get(scope) if ctx.plan else None
    foreign = (
        theme is not None
        and ctx.plan is not None
        and not any(scope in ctx.plan.themes_of(path) for path in ctx.change.paths)
    )
    if foreign or (theme is None and is_folder(scope, ctx.content.folders)):
        yield RULE.about(f"scope `{scope}` owns none of the changed paths", weight=Severity.WARN)


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    return [f"no-type {word}" for word in sorted(NARROW_TYPES)]


def true_to_diff(case: Case) -> Iterator[NextStep]:
    """Say a type that the diff does not contradict."""
    kind = ways.true_type(case.ctx)
    if kind:
        yield from ways.retyped(case, kind, "say the type that is true", case.findings)


RULE = Rule(
    code="THM003",
    name="type-contradicts-diff",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    needs=frozenset({Need.MESSAGE, Need.CONTENT}),
    ways=(true_to_diff, ways.edit_message, ways.split),
    bad=(
        ("change src/user.py = def user():\n    return 2\n", "message docs: the words of it"),
        ("change src/user.py = def user(name):\n    return name\n", "message style: the layout"),
    ),
    good=(
        ("files README.md", "change README.md", "message docs: the words of it"),
        ("change src/user.py = def user():\n    return 2\n", "message fix: the number"),
    ),
)
