"""A text of the plan still has to be written.

## What it checks
Whether any string of the file begins with `TODO`, as the starter of `planfence plan new` has them.

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


def check(ctx: LintContext) -> Iterator[Finding]:
    for path in _unwritten(ctx.source.data, ()):
        yield RULE.at(ctx, path, f"`{label(path)}` still has to be written", "write it, or take the entry out")


def _unwritten(value: object, path: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if value.startswith("TODO"):
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unwritten(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unwritten(inner, (*path, index))


RULE = LintRule("LNT016", "placeholder-left", Severity.ERROR, check)
