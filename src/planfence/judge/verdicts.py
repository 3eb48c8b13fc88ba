"""The verdict on changes, one after the other: the same for every hook and for CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.change import reader
from planfence.change.change import STAGED, Change
from planfence.change.message import MODEL_TRAILER, Message
from planfence.errors import BadFile
from planfence.finding import Finding, Report
from planfence.identity import HUMAN
from planfence.judge.attribution import NOBODY, Attribution
from planfence.judge.contexts import Contexts
from planfence.judge.landing import Landing
from planfence.judge.shares import Shares
from planfence.judge.sources import Governing
from planfence.ledger.records import Book
from planfence.ledger.stages import Facts
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules import trailers_wrong
from planfence.rules.rule import Context, Route, Rule, by_ledger
from planfence.rules.runner import judge, would_refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.judge.autosquash import Folding
    from planfence.judge.mergedplans import MergedPlans
    from planfence.judge.squash import Squashes


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first change that was refused, and the findings that refuse it: what the next steps are about."""

    ctx: Context
    errors: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A report, what it was judged by (None: there is no policy yet), and the attribution of the staged change.

    ``unmarked`` are commits of a task that lack what the hooks write into each, ``past_hooks`` those that the hooks
    would have refused; ``reverts`` counts those that undo judged ones. ``refusal`` is the first change that
    was refused, ``tasks`` are those of the commits; ``remote`` is where a push goes.
    """

    report: Report
    policy: Policy | None
    attribution: Attribution = NOBODY
    files: int = 0
    #: Of a staged change: itself, what governs it, its plan and task, and what the ledger says, if it has a task; for
    #: the hooks.
    change: Change | None = None
    governing: Governing | None = None
    plan: Plan | None = None
    known: tuple[Facts, Book] | None = None
    unmarked: tuple[str, ...] = ()
    past_hooks: tuple[str, ...] = ()
    reverts: int = 0
    tasks: tuple[str, ...] = ()
    refusal: Refusal | None = None
    remote: str = "origin"

    @property
    def facts(self) -> Facts | None:
        """What the ledger says of a staged change's task."""
        return self.known[0] if self.known else None

    @property
    def task(self) -> Task | None:
        """The task that the change was judged by."""
        return self.plan.task(self.attribution.task.partition("/")[2]) if self.plan else None


@dataclass(slots=True)
class Verdicts:
    """Collects findings over the changes of one check.

    ``landing`` finds what else a commit may stand on than its own content and message. ``folding`` is set if the
    commits are about to leave this clone or to be reviewed: it knows what waits there to be folded. ``plans`` is set
    for a range, ``squashes`` for the history of a guarded branch. ``guarded`` are the tips of other guarded branches.
    """

    contexts: Contexts
    shares: Shares
    landing: Landing
    folding: Folding | None = None
    plans: MergedPlans | None = None
    squashes: Squashes | None = None
    guarded: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subjects: dict[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    #: The commits of a task that lack what the hooks write into each.
    unmarked: list[str] = field(default_factory=list)
    #: The commits that the local hooks would have refused, as far as the commit alone tells.
    past_hooks: list[str] = field(default_factory=list)
    #: The undoing of judged commits among what was judged, and the route of the last change.
    reverts: int = 0
    route: Route = Route.CLOSED

    def judge(self, change: Change, governing: Governing, attribution: Attribution, message: Message | None) -> None:
        """Judge one change by what governs at its parent."""
        policy = governing.policy
        if governing.broken is not None:
            self._judge_fix(change, governing.broken)
            return
        assert policy is not None
        ctx, found = self._found(change, governing, policy, attribution, message)
        self._write_down(change.name, change.parents, attribution, None if change.is_merge else message)
        self.findings += found
        errors = tuple(f for f in found if f.refuses)
        if errors and self._is_told_by_the_commit(ctx, errors):
            self.past_hooks.append(change.name)
        if self.refusal is None and errors:
            self.refusal = Refusal(ctx, errors)
        if message is not None and (found or ctx.route is Route.URGENT):
            self.subjects[change.name] = message.subject
        if ctx.route is Route.URGENT:
            self.notes.append(f"urgent: {change.name[:12]} {ctx.urgent}".rstrip())
        self.route = ctx.route

    def _found(
        self, change: Change, governing: Governing, policy: Policy, attribution: Attribution, message: Message | None
    ) -> tuple[Context, tuple[Finding, ...]]:
        """Return what the rules find in a change; if it is refused, what they find on other grounds that it has."""
        contexts, landing = self.contexts, self.landing
        fold = self.folding.see(change, message) if self.folding is not None and message is not None else None
        rules, needed = contexts.rules(policy)
        begun: tuple[str, ...] = ()
        if contexts.walks and message is not None:
            if landing.feeds_subtree(change, message, contexts.ledger.history):
                return Context(change=change, policy=policy, route=Route.SMALL, message=message), ()
            if change.is_merge and landing.adds_subtree(change):
                # What it brings is nobody's commit yet, so all of it is the merge's own.
                change = reader.against(contexts.repository, change, change.parents[0])
                change = replace(change, conflicted=frozenset())
                begun = self.shares.begun(governing, policy)
        request = contexts.requests.get(change.name, "")
        before = contexts.unplanned.get(request, frozenset())
        governs = bool(change.files) and all(policy.governs(path) for path in change.paths)
        undone = () if governs or attribution.task else landing.undone(change, message, attribution)
        beside = () if undone or governs else self.shares.beside(change, policy, attribution, begun)
        ctx = contexts.of(change, governing, policy, attribution, message)
        beside = () if ctx.standing is not None else beside
        ctx = ctx if fold is None else replace(ctx, fold=fold)
        ctx = replace(ctx, route=Route.REVERT, message=None) if undone else ctx
        ctx = contexts.provide(ctx, governing, needed)
        found = self.shares.by_tasks_before(ctx, governing, beside) if beside else None
        if found is None:
            if beside and not (change.is_merge and set(change.paths) <= change.conflicted):
                ctx = replace(ctx, route=Route.CLOSED, beside=beside)
            found = self._judged(ctx, rules, message)
        if not undone and would_refuse(found):
            ctx, found = self._on_other_grounds(ctx, governing, attribution, message) or (ctx, found)
        if self.squashes is not None and change.is_merge and change.name in self.squashes.landed:
            brought = self._refused(*self.squashes.plans.brought(change, governing))
            found = tuple(dict.fromkeys((*found, *brought)))
        if ctx.was_judged or (beside and not would_refuse(found)):
            contexts.unplanned[request] = before
        if ctx.route is Route.REVERT and not would_refuse(found):
            self.reverts += 1
        return ctx, found

    def _judged(self, ctx: Context, rules: Sequence[Rule], message: Message | None) -> tuple[Finding, ...]:
        """Judge a change by rules; of what the message of a revert says, its trailers alone."""
        if ctx.route is not Route.REVERT:
            return judge(ctx, rules)
        trailers = [rule for rule in rules if rule is trailers_wrong.RULE]
        return *judge(ctx, rules), *judge(replace(ctx, message=message), trailers)

    def _on_other_grounds(
        self, ctx: Context, governing: Governing, attribution: Attribution, message: Message | None
    ) -> tuple[Context, tuple[Finding, ...]] | None:
        """Judge a refused change as the undoing or the pick of judged commits, or as a squash; None if it is none."""
        change = ctx.change
        governs = all(ctx.policy.governs(path) for path in change.paths)
        if attribution.task and not governs and self.landing.undone(change, message, attribution):
            ctx = replace(ctx, route=Route.REVERT, message=None)
            return ctx, self._judged(ctx, self.contexts.rules(ctx.policy)[0], message)
        governed = any(ctx.policy.governs(path) for path in change.paths)
        mine = attribution.model == HUMAN or not governed
        if self.plans is not None and message is not None and mine:
            base = self.contexts.ledger.basis.base
            guarded = () if governed else self.guarded  # what was allowed on one line may be wanted on that one alone
            source = self.landing.picked(change, message, attribution, base, guarded)
            if source is not None:
                self.notes.append(f"{change.name[:12]} is exactly what {source.id[:12]} did on a guarded branch")
                return self.plans.as_squash(ctx)
        return self.squashes.judged(ctx, governing, message) if self.squashes is not None else None

    def _refused(self, ctx: Context, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return findings, which are the refusal if they are the first that refuse."""
        if self.refusal is None and would_refuse(found):
            self.refusal = Refusal(ctx, found)
        return found

    def foresee(self, base: str, head: str) -> None:
        """Say what a merge of ``head`` into the protected branch at ``base`` would meet that its commits do not."""
        assert self.plans is not None
        tree = self.landing.merged(base, head)
        known = {(each.code, each.path) for each in self.findings} if tree else set()
        for ctx, found in self.plans.foreseen(base, head, tree):
            self.findings += [each for each in self._refused(ctx, found) if (each.code, each.path) not in known]
        self.notes += filter(None, [self.plans.advice(base, head, tree)])

    def judge_end(self, policy: Policy, revisions: Sequence[str]) -> None:
        """Judge the trees that a range with merges ends in, for names that collide."""
        known = {(finding.code, finding.path) for finding in self.findings}
        found = list(self.contexts.collisions_at_end(policy, revisions))
        self.findings += [each for each in found if (each.code, each.path) not in known]

    def _is_told_by_the_commit(self, ctx: Context, errors: Iterable[Finding]) -> bool:
        """Whether the local hooks would have refused it: by what stands in the commit, under the same policy.

        Not by what the ledger says here, by what other commits add to it, or by what a forge made of it.
        """
        change = ctx.change
        if change.is_merge or change.name in self.contexts.requests or change.name == STAGED or not change.parents:
            return False
        if not self.contexts.sources.governs_alike(change.parents[0], ctx.policy):
            return False
        later = {rule.code for rule in self.contexts.rules(ctx.policy)[0] if rule.later or rule.proof is by_ledger}
        added_up = ctx.route is Route.CLOSED and not ctx.task_name and not ctx.beside
        added_up = added_up and len(change.files) <= ctx.policy.unplanned.files
        return any(finding.code not in later for finding in errors) and not added_up

    def accept(self, name: str, attribution: Attribution, message: Message, parents: Sequence[str] = ()) -> None:
        """Write down a commit that is proven clean, and is not a merge and does not wait for an autosquash."""
        self._write_down(name, parents, attribution, message)
        if self.folding is not None:
            self.folding.pass_by(name, message)

    def _write_down(self, name: str, parents: Sequence[str], attribution: Attribution, message: Message | None) -> None:
        self.judged.append(name)
        if attribution.task and message is not None and not message.trailer(MODEL_TRAILER):
            self.unmarked.append(name)
        self.shares.follow(name, parents, attribution)

    def _judge_fix(self, change: Change, broken: BadFile) -> None:
        """Let nothing through under a policy that can't be read, but the change that fixes it, by itself."""
        fixes = any(map(Policy().is_policy, change.paths))
        fixed = self.contexts.sources.load_policy(change.tree) if fixes else None
        if fixed is None or not all(map(fixed.policy.is_policy, change.paths)):
            raise broken
        self.judged.append(change.name)
        self.notes.append(f"{change.name[:12]} fixes a policy that could not be read")

    def report(self) -> Report:
        """Return what was found so far."""
        notes = (*self.notes, *self.contexts.ledger.problems)
        return Report(tuple(self.judged), tuple(self.findings), notes, dict(self.subjects))

    def result(self, policy: Policy | None, attribution: Attribution, files: int) -> CheckResult:
        """Return the outcome of the check by a policy, of so many files (a range: commits)."""
        return CheckResult(
            self.report(), policy, attribution, files, unmarked=tuple(self.unmarked), past_hooks=tuple(self.past_hooks),
            reverts=self.reverts, tasks=tuple(self.shares.hands), refusal=self.refusal,
        )  # fmt: skip
