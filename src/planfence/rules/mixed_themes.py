"""One change mixes themes.

## What it checks
Each changed path against the plan's themes. A path that belongs to other themes than the task's is
refused. A path in no theme counts for the task's own theme if the task lists it; a path in several
counts for whichever keeps the change whole. If the theme lists `types`, the message's Conventional
Commits type must be one of them.

## Why is this bad?
A commit of one theme can be reviewed, reverted and measured. A commit of two can't.

## Fix
Commit each theme under its own task: `planfence split` proposes how.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.route is not Route.TASK or ctx.plan is None or ctx.task is None:
        return
    theme = ctx.task.theme
    for file in ctx.change.files:
        claimed = ctx.plan.themes_of(file.path)
        if claimed and theme not in claimed:
            yield RULE.at(file.path, f"belongs to theme {' and '.join(claimed)}, the task's theme is {theme}")
    types = ctx.plan.themes[theme].types if theme in ctx.plan.themes else ()
    if types and ctx.message is not None and not ctx.message.autosquash:
        for word in ctx.message.types[:1]:
            if word not in types:
                yield RULE.about(f"`{word}:` is not a type of theme {theme} ({', '.join(types)})")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    if plan is None or task is None:
        return
    for theme in plan.themes.values():
        own = theme.name == task.theme
        yield from (f"{'free' if own else 'bar'} {pattern}" for pattern in theme.paths)
        yield from (f"type {word}" for word in theme.types if own)


def own_type(case: Case) -> Iterator[NextStep]:
    """Say a type that the task's theme has."""
    about = tuple(each for each in case.findings if not each.path)
    kind = ways.true_type(case.ctx)
    if about and kind:
        theme = case.ctx.task.theme if case.ctx.task else ""
        types = ", ".join(case.ctx.plan.themes[theme].types) if case.ctx.plan else ""
        yield from ways.retyped(case, kind, f"say a type of the theme {theme} ({types})", about)


RULE = Rule(
    code="THM001",
    name="mixed-themes",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    needs=frozenset({Need.MESSAGE}),
    ways=(ways.keep_out, ways.begin_task, own_type, ways.split, ways.urgent, ways.give_up),
    bad=(
        ("theme docs docs/**", "files src/** docs/**", "change src/user.py docs/guide.md"),
        ("theme docs docs/**", "files src/** docs/**", "change docs/guide.md"),
        ("types feat fix", "message docs: the words of it"),
    ),
    good=(
        ("theme docs docs/**", "files src/** docs/**", "change src/user.py src/mail.py"),
        ("types feat fix", "message fix: the crash"),
    ),
)
