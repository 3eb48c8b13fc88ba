"""What the rules look at, for one change after the other: its context, and what they need beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Action, Change, Mode
from planfence.change.collisions import Siblings
from planfence.change.message import Message
from planfence.errors import PlanfenceError
from planfence.finding import Finding
from planfence.gitio.commits import added_by
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.identity import HUMAN
from planfence.judge import content, reviewed
from planfence.judge.attribution import Attribution, attribution_of, split_task
from planfence.judge.ledgerfacts import LedgerFacts
from planfence.judge.planchanges import plan_edits, with_begun, with_past
from planfence.judge.sources import Governing, Sources
from planfence.ledger.records import signer_of
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Limits, Policy, StandingTask
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context, Need, Route, Rule
from planfence.rules.runner import judge, needs, route, selected
from planfence.rules.standing import names, standing_of


@dataclass(slots=True)
class Contexts:
    """Makes the contexts of one check. Rules get what they need of a change and nothing else is read.

    ``walks`` says that a range is judged, ``counted`` that its changes come with their lines counted. ``whole_merges``
    looks at a merge's whole tree for names that collide; a range looks at its end alone. ``thorough`` looks at every
    change's content, not only if its message's type asks for it.

    ``apart`` are commits that were judged when they came to another branch: a small one among them counts by itself.
    ``requests`` maps a commit to the request that brought it, and ``unplanned`` a request to the paths of all its small
    changes so far (an empty name: there is but one).
    """

    repository: Repository
    objects: Objects
    sources: Sources
    ledger: LedgerFacts
    walks: bool = False
    counted: bool = False
    whole_merges: bool = False
    thorough: bool = False
    apart: frozenset[str] = frozenset()
    requests: dict[str, str] = field(default_factory=dict)
    unplanned: dict[str, frozenset[str]] = field(default_factory=dict)
    _rules: tuple[Policy, tuple[Rule, ...], frozenset[Need]] | None = None
    _folders: Siblings | None = None

    def rules(self, policy: Policy) -> tuple[tuple[Rule, ...], frozenset[Need]]:
        """The rules that are on, and what they need."""
        if self._rules is None or self._rules[0] is not policy:
            rules = selected(policy)
            self._rules = policy, rules, needs(rules)
        return self._rules[1:]

    def of(
        self, change: Change, governing: Governing, policy: Policy, attribution: Attribution, message: Message | None
    ) -> Context:
        """Return the context of a change that comes in by its own route; what rules need beside it is not read yet."""
        governs = bool(change.files) and all(policy.governs(path) for path in change.paths)
        # A change to the plans needs no task, and must be possible if the task's own plan is broken.
        plan, task = (None, None) if governs else self.task(governing, attribution.task)
        request = self.requests.get(change.name, "")
        unplanned = self.unplanned.get(request, frozenset())
        urgent = bool(attribution.urgent and policy.unplanned.lets(attribution.model))
        standing = None if governs or urgent or task else self._standing(change, policy, attribution, message)
        if not attribution.task and not governs and not urgent and standing is None:
            own = frozenset(change.paths)
            if change.name in self.apart:
                unplanned = own
            else:
                unplanned = self.unplanned[request] = unplanned | own
        ctx = Context(
            change=change,
            policy=policy,
            plan=plan if task else None,
            task=task,
            task_name=attribution.task,
            message=message,
            model=attribution.model,
            stage=attribution.stage,
            urgent=attribution.urgent,
            unplanned=unplanned,
            standing=standing,
        )
        return replace(ctx, route=route(ctx))

    def _standing(
        self, change: Change, policy: Policy, attribution: Attribution, message: Message | None
    ) -> StandingTask | None:
        """Return the standing work that a change is; where plans are signed, a commit of it is signed as well."""
        if not policy.standing:
            return None
        found = standing_of(change, policy, attribution.model, message, attribution.task)
        if found is None or policy.trust.plan != "signed" or change.name == STAGED:
            return found
        return found if self._signer(change, policy) else None

    def _signer(self, change: Change, policy: Policy) -> str:
        return signer_of(self.repository, self.objects, change.name, policy, self.ledger.basis.base)

    def require_task(self, change: Change, governing: Governing, name: str) -> None:
        """Raise :class:`PlanfenceError` where a change that needs a task names one that the plans at HEAD lack."""
        policy = governing.policy or Policy()
        if governing.broken or names(policy, name) or all(policy.governs(path) for path in change.paths):
            return
        plan, task = self.task(governing, name)
        if task is None:
            there = ", ".join(f"{plan.id}/{each.id}" for each in plan.tasks) if plan else "see `planfence plan show`"
            raise PlanfenceError(f"there is no task {name} in the plans at HEAD", hint=f"planfence start TASK: {there}")

    def task(self, governing: Governing, name: str) -> tuple[Plan | None, Task | None]:
        """Return the plan and the task that a name (`<plan>/<task>`) means; None for what is not there."""
        plan_id, task_id = split_task(name)
        plan = self.sources.plan(governing, plan_id) if task_id else None
        return plan, plan.task(task_id) if plan else None

    def provide(self, ctx: Context, governing: Governing, needed: frozenset[Need]) -> Context:
        """Fetch what the rules need for this change and nothing else."""
        change, more = ctx.change, dict[str, Any]()
        if Need.LINES in needed and ctx.route in (Route.TASK, Route.STANDING) and not change.is_merge:
            lined = change if self.counted else reader.with_lines(self.repository, change)
            more |= {"change": lined} | self._unread(ctx.policy.limits, lined)
        if Need.LINKS in needed and any(file.new_mode == Mode.SYMLINK for file in change.files):
            more["links"] = reader.link_targets(self.objects, change)
        if Need.TREE in needed:
            files = reader.first_parent_files(self.repository, change) if self.whole_merges else change.files
            added = [file.path for file in files if file.old_mode == Mode.ABSENT]
            if added or self.walks:
                collisions = self.collisions(change, added)
                more |= {"collisions": collisions} if collisions else {}
        if Need.ORIGINS in needed and ctx.task is not None and ctx.route is Route.TASK:
            origins = self.origins(ctx.task, change)
            more |= {"origins": origins} if origins else {}
        # What git merges by itself may together be looser than either side.
        if any(ctx.policy.governs(file.path) for file in change.decided) or (change.is_merge and ctx.policy.locks):
            more |= self._of_plans(ctx, governing, needed)
        asked = ctx.task is not None or more.get("edits") or more.get("plans") or change.name in self.ledger.gates
        if Need.FACTS in needed and asked:
            self.ledger.facts(ctx.policy, ctx.task_name)
            more["facts"] = self.ledger.at(ctx)
        ctx = replace(ctx, **more) if more else ctx
        asked = Need.CONTENT in needed and ctx.route is not Route.STANDING
        if asked and (self.thorough or content.is_needed(ctx, self.rules(ctx.policy)[0])):
            in_hook = change.name == STAGED and not self.thorough
            ctx = replace(ctx, content=content.read(self.repository, change, ctx.message, in_hook=in_hook))
        return ctx

    def _unread(self, limits: Limits, change: Change) -> dict[str, Any]:
        """Which lines nobody reads, if a change is too large with them."""
        lines = sum(max(file.lines, 0) for file in change.files)
        if limits.count_generated or not limits.lines or lines <= limits.lines:
            return {}
        return {"unread": reviewed.unread(self.repository, change)}

    def _of_plans(self, ctx: Context, governing: Governing, needed: frozenset[Need]) -> dict[str, Any]:
        """What rules ask about a change that touches plans or the policy."""
        more: dict[str, Any] = {}
        if Need.PLANS in needed:
            edits = plan_edits(self.sources, ctx.policy, governing, ctx.change)
            facts = self.ledger.peek(ctx.policy, ctx.task_name)
            line, by_model = self.ledger.history, ctx.model != HUMAN
            more["edits"] = tuple(
                with_begun(self.repository, facts, ctx.change, edit, line, by_model=by_model) for edit in edits
            )
            if by_model:
                more["edits"] = tuple(with_past(self.repository, ctx.policy, ctx.change, more["edits"]))
                more["plans"] = self.sources.plans(governing)
        if Need.SIGNER in needed and not ctx.staged and ctx.policy.trust.plan == "signed":
            more["signer"] = self._signer(ctx.change, ctx.policy)
        return more

    def origins(self, task: Task, change: Change) -> dict[str, str]:
        """Which task's commit added the paths that the plan means to add, and that exist already."""
        found: dict[str, str] = {}
        if not task.states_changes:
            return found
        for file in change.files:
            if file.action is Action.ADD or not change.parents:
                continue
            planned = {entry.change for entry in task.entries(file.path)}
            if Action.ADD in planned and None not in planned and file.action not in planned:
                text = added_by(self.repository, change.parents[0], file.path)
                found[file.path] = attribution_of(messages.parse(text)).task
        return found

    def collisions(self, change: Change, added: Sequence[str]) -> dict[str, str]:
        """Return which of the names that a change adds collide with others; changes come one after the other."""
        return self._siblings().follow(change, added)

    def _siblings(self) -> Siblings:
        if self._folders is None:
            self._folders = Siblings(self.objects)
        return self._folders

    def collisions_at_end(self, policy: Policy, revisions: Sequence[str]) -> Iterator[Finding]:
        """Look at the trees that a range with merges ends in, for names that collide."""
        without = [revision for revision in revisions if revision.startswith("^")]
        for tip in (revision for revision in revisions if not revision.startswith("^")):
            end = reader.end_of(self.repository, tip, [revision[1:] for revision in without])
            added = [file.path for file in end.files if file.old_mode == Mode.ABSENT]
            found = self._siblings().collisions(added, end.tree)
            ctx = Context(change=replace(end, files=()), policy=policy, route=Route.SMALL, collisions=found)
            rules = [rule for rule in selected(policy) if Need.TREE in rule.needs]
            yield from judge(ctx, rules)
