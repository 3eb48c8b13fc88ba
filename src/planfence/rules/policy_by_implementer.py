"""The policy or the signers' file is changed by a model that holds a task's implement role.

## What it checks
A commit that changes `planfence.toml`, a shared policy or the `trust.signers` file, or a merge that settles one of
them, must not be by a model that holds the implement role of any task of the plans at its parent (if a plan names
nobody: that began the task, or wrote code for it). People may.

## Why is this bad?
The policy says which rules hold, and the signers' file whose word counts. Whoever works inside them would switch off
what is in the way, or list its own key.

## Fix
Ask a person to make the change, in a commit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.ledger.stages import HUMAN, Facts, Stage, implementers
from planfence.rules import ways
from planfence.rules.rule import Context, Need, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.model == HUMAN:
        return
    signers = ctx.policy.trust.signers
    touched = [file.path for file in ctx.change.decided if file.path == signers or ctx.policy.is_policy(file.path)]
    held = sorted(_held(ctx)) if touched else []
    if held:
        more = f" and {len(held) - 1} more" if held[1:] else ""
        for path in touched:
            yield RULE.at(path, f"{ctx.model} implements {held[0]}{more}, so it does not change what it is held to")


def _held(ctx: Context) -> Iterator[str]:
    facts = ctx.facts if isinstance(ctx.facts, Facts) else Facts()
    for plan in ctx.plans:
        for task in plan.tasks:
            name = f"{plan.id}/{task.id}"
            state = facts.state(name)
            at_work = name == ctx.task_name and not state.holder(plan, task, Stage.IMPLEMENT)
            if at_work or ctx.model in implementers(state, plan, task):
                yield name


by_a_person = ways.ask(lambda case: f"let a person commit it: {case.ctx.model} may not")


RULE = Rule(
    code="POL002",
    name="policy-by-implementer",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.PLANS, Need.FACTS}),
    ways=(by_a_person,),
    bad=(
        ("role implement codex", "model codex", 'policy trust.signers = "keys"', "change keys"),
        (
            *("role implement codex", "model codex", "has .planfence/org.toml = schema = 1\n"),
            'change .planfence/org.toml = schema = 1\nmode = "observe"\n',
        ),
    ),
    good=(
        ("role implement codex", "model human", 'policy trust.signers = "keys"', "change keys"),
        ("role implement codex", "model claude", "task none", 'policy trust.signers = "keys"', "change keys"),
    ),
)
