"""The verdict on one change: every rule that the policy does not switch off."""

from __future__ import annotations

from collections.abc import Iterable

from planfence import POLICY_PATH, prover
from planfence.finding import Finding, Severity
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import SHARED, Policy
from planfence.records import replace
from planfence.rules import RULES
from planfence.rules.rule import Context, Need, Route, Rule


def selected(policy: Policy) -> tuple[Rule, ...]:
    """The rules that are on, and those that are asked in any case."""
    return tuple(rule for rule in RULES if rule.always or rule.severity_under(policy) is not Severity.OFF)


def needs(rules: Iterable[Rule]) -> frozenset[Need]:
    """What these rules ask for, all together."""
    return frozenset().union(*(rule.needs for rule in rules))


def clauses(
    policy: Policy, plan: Plan | None, task: Task | None, rules: Iterable[Rule] | None = None
) -> tuple[str, ...] | None:
    """Return all that a plain change must keep to so that no rule finds anything in it, in the words of `prover`.

    ``rules`` are those that are on. None: one of them has no cheap proof, here or at all.
    """
    governing = (POLICY_PATH, SHARED, *policy.shared, f"{policy.plans}/", policy.trust.signers)
    found = [f"governs {path}" for path in governing if path]
    for rule in selected(policy) if rules is None else rules:
        said = None if rule.proof is None else rule.proof(policy, plan, task)
        if said is None:
            return None
        for clause in said:
            word, _, value = clause.partition(" ")
            if word not in prover.WORDS:
                return None
            found.append(f"{word} {rule.code} {value}")
    return tuple(found)


def judge(ctx: Context, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Run rules over one change, with the policy's severities and the change's name on each finding.

    What a rule itself only warns of, though it is an error by default, stays a warning. If the policy only
    observes, nothing refuses but what would end that.
    """
    return tuple(
        replace(finding, severity=weight, change=ctx.change.name, observed=ctx.policy.observes and not finding.always)
        for rule in rules
        for finding in rule.check(ctx)
        if (weight := _weight(rule, finding, ctx.policy)) is not Severity.OFF
    )


def would_refuse(findings: Iterable[Finding]) -> bool:
    """Whether any of these refuses its change, or would if the policy did more than observe."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _weight(rule: Rule, finding: Finding, policy: Policy) -> Severity:
    if finding.always:
        return Severity.ERROR
    lighter = finding.advice or (finding.severity is Severity.WARN and rule.severity is Severity.ERROR)
    return Severity.WARN if lighter else rule.severity_under(policy)


def route(ctx: Context) -> Route:
    """By which route the context's change comes in; the route that the context names is not looked at.

    ``ctx.unplanned`` is the union of the paths of all unplanned changes of the range, this one included.
    """
    change, policy = ctx.change, ctx.policy
    if change.files and all(policy.governs(file.path) for file in change.files):
        return Route.GOVERNING
    if ctx.urgent and policy.unplanned.lets(ctx.model):
        return Route.URGENT
    if ctx.task_name and ctx.task is not None:
        return Route.TASK
    if ctx.standing is not None:
        return Route.STANDING
    if ctx.task_name:
        return Route.CLOSED
    if change.is_merge and not change.files:
        return Route.SMALL
    return Route.SMALL if 0 < policy.unplanned.files >= len(ctx.unplanned) else Route.CLOSED
