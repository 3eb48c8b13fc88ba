"""A push deletes or rewrites the protected branch.

## What it checks
On a server: an update of the policy's `base` that deletes it, drops commits that it has, or makes a branch
point to a tag. Other branches may be deleted and forced.

## Why is this bad?
What the protected branch has was judged and agreed on. The policy itself is read from it: who can rewrite
it can judge himself.

## Fix
Push on top of it. If it really has to be rewritten, an administrator does so on the server.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import Context, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:  # noqa: ARG001 - a ref is no change: `about` reports it
    yield from ()


def about(ref: str, what: str) -> Finding:
    return RULE.about(f"{ref} {what}")


RULE = Rule(
    code="REF001",
    name="protected-ref",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset(),
)
