"""A change is larger than the policy allows.

## What it checks
The number of changed paths against `limits.files`, and the added plus deleted lines against
`limits.lines` (binary files count no lines; a limit of 0 is no limit). Merges are not counted.

## Why is this bad?
Reviewers read small changes and wave large ones through. A task of 30 to 60 minutes that needs more
than this is several tasks.

## Fix
Commit in steps, or split the task: `planfence split` proposes one commit for each theme.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Context, Door, Need, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.door is not Door.TASK or ctx.change.is_merge:
        return
    limits = ctx.policy.limits
    count = len(ctx.change.files)
    if limits.files and count > limits.files:
        yield RULE.about(f"{count} files, the limit is {limits.files}")
    lines = sum(max(file.lines, 0) for file in ctx.change.files)
    if limits.lines and lines > limits.lines:
        yield RULE.about(f"{lines} changed lines, the limit is {limits.lines}")


RULE = Rule(
    code="SIZ001",
    name="change-too-large",
    severity=Severity.ERROR,
    check=check,
    needs=frozenset({Need.LINES}),
    ways=(fewer, ways.urgent, by_hunks, ways.split, ways.give_up),
    bad=(
        ("policy limits.files = 1", "files src/**", "change src/user.py src/mail.py"),
        ("policy limits.lines = 3", "files src/**", "change src/user.py = a\nb\nc\nd\ne\n"),
    ),
    good=(
        ("policy limits.files = 2", "files src/**", "change src/user.py src/mail.py"),
        ("policy limits.lines = 9", "files src/**", "change src/user.py = a\nb\nc\n"),
    ),
)
