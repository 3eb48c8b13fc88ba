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

from collections.abc import Iterable, Iterator

from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
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


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:  # noqa: ARG001 - a Proof
    limits = policy.limits
    if task and limits.files:
        yield f"files {limits.files}"
    if task and limits.lines:
        yield f"lines {limits.lines}"


RULE = Rule(
    code="SIZ001",
    name="change-too-large",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    needs=frozenset({Need.LINES}),
)
