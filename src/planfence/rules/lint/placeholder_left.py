"""A text of the plan still has to be written.

## What it checks
Whether any string of the file begins with `TODO`, as the starter of `planfence plan new` has them. One that begins
with `OPEN:` is only a warning: so `planfence plan new ID --goal …` marks what nobody has said yet.

## Why is this bad?
A plan that is half written allows and promises what nobody meant.

## Fix
Write what belongs there, or take the entry out.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.tablereader import label
from planfence.manifest.tomlsource import Path
from planfence.rules.lint.base import LintContext, LintRule

#: What a text begins with that is left to the planner.
OPEN = "OPEN:"


def check(ctx: LintContext) -> Iterator[Finding]:
    for path, text in _unwritten(ctx.source.data, ()):
        weight = Severity.WARN if text.startswith(OPEN) else None
        what = "is left to the planner" if weight else "still has to be written"
        yield RULE.at(ctx, path, f"`{label(path)}` {what}", "write it, or take the entry out", weight=weight)


def _unwritten(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if value.startswith(("TODO", OPEN)):
            yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unwritten(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unwritten(inner, (*path, index))


RULE = LintRule("LNT016", "placeholder-left", Severity.ERROR, check)
