"""A push takes something out of the ledger, or writes into another's.

## What it checks
On a server, every update under `refs/planfence/`: it must be a ledger's ref (`refs/planfence/ledger/<writer>`),
grow from what it was, and come from the one who pushed it first, if the server says who pushes. Attachments
(`refs/planfence/kept/<writer>/<day>`) are their writer's; if they are older than `[ledger] retention_days`, anybody may
drop them.

## Why is this bad?
The ledger holds who did what, which tests ran, how often a task was sent back. If records could be taken back, they
would prove nothing.

## Fix
`planfence sync` pushes the own ledger and fetches the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import Case, Context, NextStep, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:  # a ref is not a change: `about` reports it
    yield from ()


def about(ref: str, what: str) -> Finding:
    return RULE.about(f"{ref} {what}")


def sync(case: Case) -> Iterator[NextStep]:
    """Push the own ledger alone."""
    yield NextStep("push your own ledger, and fetch the others", "planfence sync")


RULE = Rule(
    code="REF002",
    name="ledger-rewritten",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    ways=(sync,),
    bad=(("push HEAD:refs/planfence/other",),),
    good=(("push HEAD:refs/heads/topic",),),
)
