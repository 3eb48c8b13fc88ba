"""A plan or the policy is changed by a commit that no listed key signed.

## What it checks
Under `trust.plan = "signed"`, every commit that changes `planfence.toml` or a plan must bear an SSH signature
(`git commit -S` with `gpg.format = ssh`) by a key of the `trust.signers` file, as that file stands on the
protected branch. So must a merge that settles a conflict in one of them, also by taking one side whole. `ssh-keygen`
checks it, not git, whose configuration could fake the answer. The staged change is left out: it bears no signature yet.

## Why is this bad?
Whoever may write plans may allow anything. A name in a commit is only a claim; a signature says who planned.

## Fix
Let the planner commit the plan: `git commit -S`. Is the key new? Add it to the signers' file on the protected branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN
from planfence.rules.rule import Case, Context, Need, NextStep, Route, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.policy.trust.plan != "signed" or ctx.staged or ctx.signer or ctx.route is Route.SQUASH:
        return
    for file in ctx.change.decided:
        if ctx.policy.governs(file.path):
            yield RULE.at(file.path, "changed by a commit that no listed key signed")


def sign(case: Case) -> Iterator[NextStep]:
    """Sign the commit and those after it; only a listed key helps."""
    line = f"git rebase -q -r --force-rebase --gpg-sign {case.ctx.change.name[:12]}^"
    yield NextStep("let the planner sign it", line, case.findings, asks=case.ctx.model != HUMAN)


RULE = Rule(
    code="PLN004",
    name="plan-not-signed",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.SIGNER}),
    later=True,
    ways=(sign,),
    bad=(("at push", 'policy trust.plan = "signed"', "plan version = 2"),),
    good=(("at push", 'policy trust.plan = "signed"', "plan version = 2", "signed"),),
)
