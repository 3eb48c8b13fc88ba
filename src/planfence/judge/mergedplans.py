"""What a merge makes that no commit has: plans and policies of two sides put together, a tree that wants tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence import POLICY_PATH
from planfence.change.change import Change
from planfence.finding import Finding
from planfence.identity import HUMAN
from planfence.judge.contexts import Contexts
from planfence.judge.landing import Landing
from planfence.judge.planchanges import plan_edits, with_begun_before
from planfence.judge.sources import Governing
from planfence.manifest.policy import SHARED, Policy
from planfence.records import dataclass, replace
from planfence.rules.rule import Context, Need, PlanEdit, Route
from planfence.rules.runner import judge


@dataclass(frozen=True, slots=True)
class MergedPlans:
    """Judges the plans and policies of merges. What is found comes with the context that it was found in."""

    contexts: Contexts
    landing: Landing

    def foreseen(self, base: str, head: str, tree: str) -> Iterator[tuple[Context, tuple[Finding, ...]]]:
        """Judge the plans and policies that a merge of ``head`` into the protected branch at ``base`` would bring.

        A plan's version must rise over that which the base has by now. ``tree`` is what the merge makes; empty if it
        has conflicts. Then a rebase may have none: the first amendment of each plan is looked at by itself.
        """
        governing, before = self.contexts.sources.before_judging(base), self.landing.tree_of(base)
        git, span = self.contexts.repository.git, f"{base}..{head}"
        if tree and tree != before:
            yield self.brought(Change(head, (base,), tree, ()), governing)
        if tree or git.text("rev-list", "--merges", "-n1", span):
            return
        for path in governing.plans:
            ids = git.text("rev-list", "--reverse", span, "--", path).split()
            there = git.text("rev-list", "-n1", f"{head}..{base}", "--", path)
            tree = self.landing.tree_of(ids[0]) if ids and there else ""
            files = tuple(self.landing.changed(before, tree, path)) if tree else ()
            if files:
                yield self._judged(Change(head, (base,), tree, files), governing)

    def advice(self, base: str, head: str, tree: str) -> str:
        """Say what such a merge needs before it counts; empty for nothing."""
        if not tree:
            return f"{head[:12]} has conflicts with {base[:12]}: what settles them is judged when it is there"
        policy = self.contexts.sources.before_judging(base).policy or Policy()
        asked = "push" in policy.tests.required and policy.trust.evidence != "rerun"
        if asked and tree != self.landing.tree_of(head) and self.contexts.ledger.lacks(policy, tree):
            return (
                f"the merge with {base[:12]} has another tree than {head[:12]}, and nobody has tested that: "
                "bring the branch up to date and run `planfence test`, or let the merge queue do it"
            )
        return ""

    def brought(self, change: Change, governing: Governing) -> tuple[Context, tuple[Finding, ...]]:
        """Judge the plans and policies that a merge brings to its first parent, as they are put together."""
        policy = governing.policy or Policy()
        below = (policy.plans, POLICY_PATH, SHARED, *policy.shared)
        found = self.landing.changed(self.landing.tree_of(change.parents[0]), change.tree, *below)
        files = tuple(f for f in found if policy.plan_id(f.path) is not None or policy.is_policy(f.path))
        return self._judged(replace(change, files=files), governing)

    def _judged(self, change: Change, governing: Governing) -> tuple[Context, tuple[Finding, ...]]:
        """Judge the plans and policies that a change alters, against its first parent."""
        policy = governing.policy or Policy()
        own = replace(change, parents=change.parents[:1], settled=())
        if not own.files:
            return Context(own, policy, Route.SQUASH), ()
        edits = self.as_landed(own, policy, plan_edits(self.landing.sources(), policy, governing, own))
        ctx = Context(own, policy, Route.SQUASH, edits=edits)
        rules = self.contexts.rules(policy)[0]
        return ctx, judge(ctx, [rule for rule in rules if Need.PLANS in rule.needs])

    def as_squash(self, ctx: Context) -> tuple[Context, tuple[Finding, ...]]:
        """Judge what was judged elsewhere, as a head or as what is picked; who made it does not count here."""
        ctx = replace(ctx, route=Route.SQUASH, message=None, model=HUMAN, task=None, plan=None, content=None)
        ctx = replace(ctx, edits=self.as_landed(ctx.change, ctx.policy, ctx.edits))
        return ctx, judge(ctx, self.contexts.rules(ctx.policy)[0])

    def as_landed(self, change: Change, policy: Policy, edits: Iterable[PlanEdit]) -> tuple[PlanEdit, ...]:
        """Return the edits of plans that a request brings as a whole."""
        facts = self.contexts.ledger.peek(policy)
        repository = self.contexts.repository
        return tuple(with_begun_before(repository, facts, change, edit) for edit in edits)
