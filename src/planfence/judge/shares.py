"""Whose files a change has, if it is not one task's alone: those of the tasks before it, or that it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.change.change import Change, FileChange
from planfence.finding import Finding
from planfence.gitio import paths as patterns
from planfence.identity import HUMAN
from planfence.judge.attribution import Attribution
from planfence.judge.contexts import Contexts
from planfence.judge.sources import Governing
from planfence.ledger.stages import Stage
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context, Need, Route
from planfence.rules.runner import judge, would_refuse


@dataclass(slots=True)
class Shares:
    """Judges files of a change as a task's, and follows which tasks a range's commits are of."""

    contexts: Contexts
    #: Who made the latest commit of each task.
    hands: dict[str, str] = field(default_factory=dict)
    _tasks: dict[str, frozenset[str]] = field(default_factory=dict)

    def judged(
        self,
        ctx: Context,
        governing: Governing,
        attribution: Attribution,
        files: tuple[FileChange, ...],
    ) -> tuple[Finding, ...]:
        """Judge some files of a change as those of the task that an attribution names."""
        plan, task = self.contexts.task(governing, attribution.task)
        rules, needed = self.contexts.rules(ctx.policy)
        own = replace(
            ctx, change=replace(ctx.change, files=files), route=Route.CLOSED if task is None else Route.TASK,
            plan=plan if task else None, task=task, task_name=attribution.task, message=None, model=attribution.model,
            stage=attribution.stage, edits=(), content=None, beside=(),
        )  # fmt: skip
        if task is not None and Need.ORIGINS in needed:
            own = replace(own, origins=self.contexts.origins(task, own.change))
        if task is not None and Need.FACTS in needed:
            self.contexts.ledger.facts(ctx.policy, attribution.task)
            own = replace(own, facts=self.contexts.ledger.at(own))
        return judge(own, rules)

    def divided(
        self, ctx: Context, governing: Governing, attributions: Sequence[Attribution]
    ) -> tuple[dict[Attribution, tuple[FileChange, ...]], tuple[FileChange, ...]]:
        """Give each file to the first of these attributions' tasks that it suits; return what suits none as well.

        Each attribution of a task answers for all of the task's files: who made which is not known.
        """
        by_task = {each.task: each for each in attributions}
        shares: dict[str, list[FileChange]] = {name: [] for name in by_task}
        left = []
        for file in ctx.change.files:
            own = [name for name in shares if self._lists(governing, name, (file.path,))]
            good = (
                name
                for name in own
                if not any(found.path for found in self.judged(ctx, governing, by_task[name], (file,)))
            )
            name = next(good, next(iter(own), ""))
            if name:
                shares[name].append(file)
            else:
                left.append(file)
        # A task whose files all came out as they were still has to exist, be begun, and be in the right hands.
        return {each: tuple(shares[each.task]) for each in attributions if shares[each.task]}, tuple(left)

    def _lists(self, governing: Governing, name: str, names: Iterable[str]) -> bool:
        """Whether a task lists all these paths."""
        _, task = self.contexts.task(governing, name)
        return task is not None and all(
            patterns.matches(task.patterns, path) and not patterns.matches(task.deny, path) for path in names
        )

    def beside(
        self, change: Change, policy: Policy, attribution: Attribution, begun: tuple[str, ...]
    ) -> tuple[str, ...]:
        """The tasks of the commits before a change that says nothing of its own; empty if that is as it should be.

        On a branch that holds a task's commits the hooks mark what they let through as small. If no hook can have
        run, those that are ``begun`` may be meant as well.
        """
        told = attribution.task or attribution.marked or (attribution.urgent and policy.unplanned.urgent)
        if not self.contexts.walks or told or not change.files:
            return ()
        return tuple(dict.fromkeys((*sorted(self._before(change.name, change.parents)), *begun)))

    def begun(self, governing: Governing, policy: Policy) -> tuple[str, ...]:
        """The tasks that are being implemented: `git subtree` runs no hook that would write down its own."""
        ids = filter(None, map(policy.plan_id, governing.plans))
        plans = [self.contexts.sources.plan(governing, each) for each in ids]
        names = (f"{plan.id}/{task.id}" for plan in plans if plan for task in plan.tasks)
        facts = self.contexts.ledger.facts(policy)
        return tuple(name for name in names if facts.state(name).stage is Stage.IMPLEMENT)

    def by_tasks_before(self, ctx: Context, governing: Governing, names: tuple[str, ...]) -> tuple[Finding, ...] | None:
        """Judge a change as a task's among these that lists all of it, a merge's files as those of each; else None."""
        change = ctx.change
        attributions = [Attribution(name, self.hands.get(name, HUMAN)) for name in names]
        if change.is_merge:
            shares, left = self.divided(ctx, governing, attributions)
            if left:
                return None
            found = (each for who, own in shares.items() for each in self.judged(ctx, governing, who, own))
            return tuple(dict.fromkeys(found))
        best: tuple[Finding, ...] | None = None
        for each in attributions:
            if self._lists(governing, each.task, change.paths):
                judged = self.judged(ctx, governing, each, change.files)
                if best is None or (would_refuse(best) and not would_refuse(judged)):
                    best = judged
        return best

    def _before(self, name: str, parents: Sequence[str]) -> frozenset[str]:
        request = self.contexts.requests.get(name, "")
        known = (self._tasks.get(parent) for parent in parents if self.contexts.requests.get(parent, "") == request)
        found = [tasks for tasks in known if tasks]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def follow(self, name: str, parents: Sequence[str], attribution: Attribution) -> None:
        """Take note of a judged commit's task, and of the tasks of those before it."""
        task = attribution.task
        if task:
            self.hands[task] = attribution.model
        if self.contexts.walks:
            before = self._before(name, parents)
            self._tasks[name] = before if not task or task in before else before | {task}
