"""The verdict on changes, one after the other: the same for every hook and for CI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Action, Change, Mode
from planfence.change.collisions import Siblings
from planfence.change.governing import entry_of
from planfence.change.message import Message
from planfence.errors import BadFile, PlanfenceError
from planfence.finding import Finding, Report
from planfence.gitio.commits import added_by
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.identity import HUMAN
from planfence.judge import content
from planfence.judge.autosquash import Folding
from planfence.judge.claims import Claim, claim_of, split_task
from planfence.judge.planchanges import plan_edits, with_begun, with_past
from planfence.judge.sources import Governing, Sources
from planfence.ledger.evidence import missing
from planfence.ledger.records import HISTORY, Basis, Book, believed_runs, load_facts, signer_of
from planfence.ledger.refs import Tips
from planfence.ledger.stages import Facts
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy, Standing
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context, Door, Need, Rule
from planfence.rules.runner import door, judge, needs, selected
from planfence.rules.standing import names, standing_of


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first change that was refused, and the findings that refuse it: what the next steps are about."""

    ctx: Context
    errors: tuple[Finding, ...]


@dataclass(slots=True)
class Verdicts:
    """Collects findings over the changes of one check."""

    repository: Repository
    objects: Objects
    sources: Sources
    findings: list[Finding] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subjects: dict[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    unplanned: frozenset[str] = frozenset()
    #: Whose trailers count for stages and roles (`git log` arguments), and how many commits at most (0: all).
    history: tuple[str, ...] = ()
    most: int = HISTORY
    #: A change's name → the gate (`push`, `commit`) at which its tree needs evidence.
    gates: dict[str, str] = field(default_factory=dict)
    #: The protected branch's commit from which signers are read (empty: the branch as it is here).
    base: str = ""
    tips: Tips | None = None
    #: Whether what was found of a signature is kept for the next hook.
    remembers: bool = False
    #: A commit → why its tests did not pass when they were run for this verdict (empty: they did).
    reruns: dict[str, str] = field(default_factory=dict)
    #: Whether a merge's tree is looked at for names that collide; a range looks at its end alone.
    whole_merges: bool = False
    #: Whether every change's content is looked at, not only where its message's type asks for it.
    thorough: bool = False
    _known: tuple[Facts, Book] | None = None
    _told: bool = False
    #: Whether a range is judged, and whether its changes come with their lines counted.
    walks: bool = False
    counted: bool = False
    #: Where the judged commits are about to leave this clone or to be reviewed: what waits there to be folded.
    folding: Folding | None = None
    #: The commits of a task that lack what the hooks write into each.
    unmarked: list[str] = field(default_factory=list)
    _rules: tuple[Policy, tuple[Rule, ...], frozenset[Need]] | None = None
    _folders: Siblings | None = None

    def facts(self, policy: Policy, task: str = "") -> Facts:
        """Return what the ledger and the trailers say, read once; what is wrong with it is noted in the report."""
        self._told = True
        return self.peek(policy, task)

    def peek(self, policy: Policy, task: str = "") -> Facts:
        """Return the facts without a note of what is wrong with them."""
        if self._known is None:
            basis = Basis(self.base, self.tips, self.remembers)
            tasks = [task] if task else []
            self._known = load_facts(self.repository, policy, self.history, tasks, self.most, basis)
        return self._known[0]

    def facts_at(self, ctx: Context) -> Facts:
        """Return the facts, with the evidence for this change's tree where a gate asks for it."""
        facts, gate = self.peek(ctx.policy, ctx.task_name), self.gates.get(ctx.change.name)
        if gate is None:
            return facts
        assert self._known is not None
        policy, tree = ctx.policy, ctx.change.tree
        if ctx.change.name in self.reruns:
            return replace(facts, gates={ctx.change.name: (gate, self.reruns[ctx.change.name])})
        runs = believed_runs(self.repository, self._known[1], policy, tree, base=self.base)
        why = missing(runs, tree, policy.tests, signed=policy.trust.evidence == "signed")
        return replace(facts, gates={ctx.change.name: (gate, why)})

    def judge(self, change: Change, governing: Governing, claim: Claim, message: Message | None) -> None:
        """Judge one change by what governs at its parent."""
        policy = governing.policy
        if governing.broken is not None:
            self._judge_mend(change, governing.broken)
            return
        assert policy is not None
        ctx = self._context(change, governing, policy, claim, message)
        if self.folding is not None and message is not None:
            fold = self.folding.see(change, message)
            ctx = ctx if fold is None else replace(ctx, fold=fold)
        rules, needed = self.rules(policy)
        ctx = self._provide(ctx, governing, needed)
        found = judge(ctx, rules)
        self._judged(change.name, claim, None if change.is_merge else message)
        self.findings += found
        if self.refusal is None and (errors := tuple(f for f in found if f.refuses)):
            self.refusal = Refusal(ctx, errors)
        if message is not None and (found or ctx.door is Door.URGENT):
            self.subjects[change.name] = message.subject
        if ctx.door is Door.URGENT:
            self.notes.append(f"urgent: {change.name[:12]} {ctx.urgent}".rstrip())

    def accept(self, name: str, claim: Claim, message: Message) -> None:
        """Write down a commit that is proven clean, and is no merge and waits for no autosquash."""
        self._judged(name, claim, message)
        if self.folding is not None:
            self.folding.see(Change(name, (), "", ()), message)

    def _judged(self, name: str, claim: Claim, message: Message | None) -> None:
        self.judged.append(name)
        if claim.task and message is not None and not message.trailer(messages.MODEL_TRAILER):
            self.unmarked.append(name)

    def collisions(self, change: Change, added: Sequence[str]) -> dict[str, str]:
        """Return which of the names that a change adds collide with others; changes come one after the other."""
        return self._siblings().follow(change, added)

    def _siblings(self) -> Siblings:
        if self._folders is None:
            self._folders = Siblings(self.objects)
        return self._folders

    def rules(self, policy: Policy) -> tuple[tuple[Rule, ...], frozenset[Need]]:
        """The rules that are on, and what they need."""
        if self._rules is None or self._rules[0] is not policy:
            rules = selected(policy)
            self._rules = policy, rules, needs(rules)
        return self._rules[1:]

    def _judge_mend(self, change: Change, broken: BadFile) -> None:
        """Let nothing through under a policy that can't be read, but the change that mends it, by itself."""
        after = [entry_of(file.new_mode, file.new_id) for file in change.files if file.path == POLICY_PATH]
        if len(change.files) != 1 or not after or after[0] is None:
            raise broken
        self.sources.read_policy(after[0])
        self.judged.append(change.name)
        self.notes.append(f"{change.name[:12]} mends a policy that could not be read")

    def _context(
        self, change: Change, governing: Governing, policy: Policy, claim: Claim, message: Message | None
    ) -> Context:
        governs = bool(change.files) and all(policy.governs(path) for path in change.paths)
        # A change to the plans needs no task, and must be possible where the task's own plan is broken.
        plan, task = (None, None) if governs else self._task(governing, claim.task)
        urgent = bool(claim.urgent and policy.unplanned.urgent)
        standing = None if governs or urgent or task else self._standing(change, policy, claim, message)
        if not claim.task and not governs and not urgent and standing is None:
            self.unplanned |= frozenset(change.paths)
        return Context(
            change=change,
            policy=policy,
            door=door(
                change,
                policy,
                task_name=claim.task,
                planned=task is not None,
                urgent=claim.urgent,
                unplanned=self.unplanned,
                standing=standing is not None,
            ),
            plan=plan if task else None,
            task=task,
            task_name=claim.task,
            message=message,
            model=claim.model,
            stage=claim.stage,
            urgent=claim.urgent,
            unplanned=self.unplanned,
            standing=standing,
        )

    def _standing(self, change: Change, policy: Policy, claim: Claim, message: Message | None) -> Standing | None:
        """Return the standing work that a change is; where plans are signed, a commit of it is signed as well."""
        if not policy.standing:
            return None
        found = standing_of(change, policy, claim.model, message, claim.task)
        if found is None or policy.trust.plan != "signed" or change.name == STAGED:
            return found
        return found if signer_of(self.repository, self.objects, change.name, policy, self.base) else None

    def require_task(self, change: Change, governing: Governing, name: str) -> None:
        """Raise :class:`PlanfenceError` where a change that needs a task names one that the plans at HEAD lack."""
        policy = governing.policy or Policy()
        if governing.broken or names(policy, name) or all(policy.governs(path) for path in change.paths):
            return
        plan, task = self._task(governing, name)
        if task is None:
            there = ", ".join(f"{plan.id}/{each.id}" for each in plan.tasks) if plan else "see `planfence plan show`"
            raise PlanfenceError(f"there is no task {name} in the plans at HEAD", hint=f"planfence start TASK: {there}")

    def _task(self, governing: Governing, name: str) -> tuple[Plan | None, Task | None]:
        plan_id, task_id = split_task(name)
        plan = self.sources.plan(governing, plan_id) if task_id else None
        return plan, plan.task(task_id) if plan else None

    def _provide(self, ctx: Context, governing: Governing, needed: frozenset[Need]) -> Context:
        """Fetch what the rules need for this change and nothing else."""
        change, more = ctx.change, dict[str, Any]()
        if Need.LINES in needed and ctx.door in (Door.TASK, Door.STANDING) and not self.counted and not change.is_merge:
            more["change"] = reader.with_lines(self.repository, change)
        if Need.LINKS in needed and any(file.new_mode == Mode.SYMLINK for file in change.files):
            more["links"] = reader.link_targets(self.objects, change)
        if Need.TREE in needed:
            files = reader.first_parent_files(self.repository, change) if self.whole_merges else change.files
            added = [file.path for file in files if file.old_mode == Mode.ABSENT]
            if added or self.walks:
                collisions = self.collisions(change, added)
                more |= {"collisions": collisions} if collisions else {}
        if Need.ORIGINS in needed and ctx.task is not None and ctx.door is Door.TASK:
            origins = self._origins(ctx.task, change)
            more |= {"origins": origins} if origins else {}
        if any(ctx.policy.governs(file.path) for file in change.decided):
            more |= self._of_plans(ctx, governing, needed)
        asked = ctx.task is not None or more.get("edits") or more.get("plans") or change.name in self.gates
        if Need.FACTS in needed and asked:
            self.facts(ctx.policy, ctx.task_name)
            more["facts"] = self.facts_at(ctx)
        ctx = replace(ctx, **more) if more else ctx
        asked = Need.CONTENT in needed and ctx.door is not Door.STANDING
        if asked and (self.thorough or content.is_needed(ctx, self.rules(ctx.policy)[0])):
            ctx = replace(ctx, content=content.read(self.repository, change, ctx.message))
        return ctx

    def _of_plans(self, ctx: Context, governing: Governing, needed: frozenset[Need]) -> dict[str, Any]:
        """What rules ask about a change that touches plans or the policy."""
        more: dict[str, Any] = {}
        if Need.PLANS in needed:
            edits = plan_edits(self.sources, ctx.policy, governing, ctx.change)
            facts = self.peek(ctx.policy, ctx.task_name)
            more["edits"] = tuple(with_begun(self.repository, facts, ctx.change, edit) for edit in edits)
            if ctx.model != HUMAN:
                more["edits"] = tuple(with_past(self.repository, ctx.policy, ctx.change, more["edits"]))
                more["plans"] = self.sources.plans(governing)
        if Need.SIGNER in needed and not ctx.staged and ctx.policy.trust.plan == "signed":
            more["signer"] = signer_of(self.repository, self.objects, ctx.change.name, ctx.policy, self.base)
        return more

    def _origins(self, task: Task, change: Change) -> dict[str, str]:
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
                found[file.path] = claim_of(messages.parse(text)).task
        return found

    def judge_end(self, policy: Policy, revisions: Sequence[str]) -> None:
        """Look at the trees that a range with merges ends in, for names that collide."""
        known = {(finding.code, finding.path) for finding in self.findings}
        without = [revision for revision in revisions if revision.startswith("^")]
        for tip in (revision for revision in revisions if not revision.startswith("^")):
            end = reader.end_of(self.repository, tip, [revision[1:] for revision in without])
            added = [file.path for file in end.files if file.old_mode == Mode.ABSENT]
            found = self._siblings().collisions(added, end.tree)
            ctx = Context(change=replace(end, files=()), policy=policy, door=Door.SMALL, collisions=found)
            rules = [rule for rule in selected(policy) if Need.TREE in rule.needs]
            self.findings += [each for each in judge(ctx, rules) if (each.code, each.path) not in known]

    def report(self) -> Report:
        """Return what was found so far."""
        problems = self._known[0].problems if self._told and self._known else ()
        return Report(tuple(self.judged), tuple(self.findings), (*self.notes, *problems), dict(self.subjects))
