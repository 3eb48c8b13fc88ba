"""A protected path is changed without being named.

## What it checks
Every changed path against the policy's `protected` patterns. A task opens one only by its literal
path: a pattern such as `**/*.yml` is not enough. Standing work may change those that it lists, if the policy
says `may_touch_protected`. A commit that changes plans or the policy alone may
change these (PLN001 keeps them apart), but to take the policy away needs a task that names it.

## Why is this bad?
The policy, the hook configuration, CI workflows and git's own control files decide what is checked at all.
Whoever changes them in passing can switch every other rule off.

## Fix
Name the path literally in a task's `files`, in a plan commit of its own, or keep it out of this change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence import POLICY_PATH
from planfence.change.change import Action
from planfence.finding import Finding, Severity
from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules import ways
from planfence.rules.rule import Context, Rule


def check(ctx: Context) -> Iterator[Finding]:
    if ctx.was_judged:
        return
    protected = ctx.policy.protected
    if ctx.standing is not None and ctx.standing.may_touch_protected:
        return  # it lists every path, and none of them governs
    named = ctx.task.named if ctx.task else frozenset()
    for file in ctx.change.files:
        if file.path in named:
            continue
        if file.path == POLICY_PATH and file.action is Action.DELETE:
            yield RULE.at(file.path, "the policy would be taken away; a task must name it literally")
        elif ctx.policy.governs(file.path):
            continue
        elif paths.matches(protected, file.path):
            yield RULE.at(file.path, "protected by the policy; a task must name it literally")


def proof(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    yield from (f"bar {pattern}" for pattern in policy.protected)
    yield from (f"free {path}" for path in (task.named if task else ()))


RULE = Rule(
    code="SCP004",
    name="protected-path",
    severity=Severity.ERROR,
    check=check,
    proof=proof,
    edit=True,
    ways=(ways.keep_out, ways.amend_plan, ways.one_side, ways.give_up),
    bad=(
        ("files **/*.yml src/user.py", "change .github/workflows/ci.yml src/user.py"),
        ("files src/user.py", "change +.gitmodules src/user.py"),
        ("task none", "change .gitattributes"),
    ),
    good=(("files .github/workflows/ci.yml", "change .github/workflows/ci.yml"),),
)
