"""A push deletes or rewrites the protected branch.

## What it checks
At a push, and on a server: an update that deletes a guarded branch, drops commits that it has, or makes a branch
point to a tag. Guarded are the policy's `base`, what `[branches] guarded` names, and the branch that the server's HEAD
names; a symbolic ref counts as the branch that it stands for. On a server also: a push that would make another
branch the protected one, by another `base` in the policy. Other branches may be deleted and forced.

## Why is this bad?
What the protected branch has was judged and agreed on. The policy itself is read from it: who can rewrite
it can judge himself.

## Fix
Push on top of it. If it really has to be rewritten, an administrator does so on the server. Another protected branch is
the administrator's word as well: `git config planfence.base NAME` in the server's repository.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Case, Context, NextStep, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:  # a ref is not a change: `about` reports it
    yield from ()


def about(ref: str, what: str) -> Finding:
    return RULE.about(f"{ref} {what}")


def catch_up(case: Case) -> Iterator[NextStep]:
    """Push on top of what is there; the server can't know what the pusher calls it."""
    for each in case.findings:
        ref = each.message.partition(" ")[0]
        branch, remote = ways.quote(ref.removeprefix("refs/heads/")), ways.quote(case.place.remote)
        if each.message.endswith("would lose commits that it has"):
            yield NextStep(
                "put your commits on top of it, and push again", f"git pull --rebase {remote} {branch}", (each,)
            )
        elif each.message.endswith("not a commit"):
            line = f"git push {remote} 'HEAD^{{commit}}:{ref}'"
            yield NextStep("push a commit", line)
        else:
            yield NextStep("keep it; see what it has", f"git ls-remote {remote} {branch}")


RULE = Rule(
    code="REF001",
    name="protected-ref",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    ways=(catch_up,),
    bad=(
        ("push :refs/heads/main",),
        ("push +HEAD^:refs/heads/main",),
    ),
    good=(
        ("push HEAD:refs/heads/main",),
        ("push +HEAD^:refs/heads/topic",),
    ),
)
