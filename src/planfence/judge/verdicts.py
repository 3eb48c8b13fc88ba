"""The verdict on changes, one after the other: the same for every hook and for CI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Action, Change, FileChange, Mode
from planfence.change.collisions import Siblings
from planfence.change.message import Message
from planfence.errors import BadFile, PlanfenceError
from planfence.finding import Finding, Report, Severity
from planfence.gitio import paths as patterns
from planfence.gitio.commits import Commit, added_by
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.identity import HUMAN
from planfence.judge import content, reviewed
from planfence.judge.attribution import NOBODY, Attribution, claim_of, split_task, squashed_claims
from planfence.judge.autosquash import Folding
from planfence.judge.landing import Head, Landing, to_fetch
from planfence.judge.planchanges import plan_edits, with_begun, with_past
from planfence.judge.sources import Governing, Sources
from planfence.ledger.evidence import missing
from planfence.ledger.records import HERE, HISTORY, Basis, Book, believed_runs, load_facts, signer_of
from planfence.ledger.stages import Facts, Stage
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Limits, Policy, StandingTask
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context, Door, Fold, Need, PlanEdit, Rule, by_ledger
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
    #: The paths of all small changes of the range so far, by the request that brought them (empty: there is but one).
    unplanned: dict[str, frozenset[str]] = field(default_factory=dict)
    #: Commits that were judged when they came to another branch: a small one among them counts by itself.
    apart: frozenset[str] = frozenset()
    #: Whose trailers count for stages and roles (`git log` arguments), and how many commits at most (0: all).
    history: tuple[str, ...] = ()
    most: int = HISTORY
    #: A change's name → the gate (`push`, `commit`) at which its tree needs evidence.
    gates: dict[str, str] = field(default_factory=dict)
    #: What the ledger is read by.
    basis: Basis = HERE
    #: A commit → why its tests did not pass when they were run for this verdict (empty: they did).
    reruns: dict[str, str] = field(default_factory=dict)
    #: Whether a merge's tree is looked at for names that collide; a range looks at its end alone.
    whole_merges: bool = False
    #: Whether every change's content is looked at, not only if its message's type asks for it.
    thorough: bool = False
    #: What the ledger and the trailers say, and the ledger itself, once somebody has asked.
    known: tuple[Facts, Book] | None = None
    _told: bool = False
    #: Whether a range is judged, and whether its changes come with their lines counted.
    walks: bool = False
    counted: bool = False
    #: Where the judged commits are about to leave this clone or to be reviewed: what waits there to be folded.
    folding: Folding | None = None
    #: The commits of a task that lack what the hooks write into each.
    unmarked: list[str] = field(default_factory=list)
    #: What else a commit may stand on; None if nothing but its own content and message counts.
    landing: Landing | None = None
    #: The commits that a guarded branch got one by one, as far as they are judged, each with the message that says what
    #: brought it, and which request brought a commit.
    landed: Mapping[str, Message] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)
    #: Judges what a head (a full id) has and the excluded commits have not; None if no head is asked for.
    judge_head: Callable[[str, Sequence[str]], tuple[bool, int]] | None = None
    #: The commits that the local hooks would have refused, as far as the commit alone tells.
    past_hooks: list[str] = field(default_factory=list)
    #: The undoing of judged commits among what was judged, and the door of the last change.
    reverts: int = 0
    door: Door = Door.CLOSED
    #: Who made the latest commit of each task.
    _hands: dict[str, str] = field(default_factory=dict)
    _tasks: dict[str, frozenset[str]] = field(default_factory=dict)
    _heads: dict[tuple[str, ...], tuple[bool, int]] = field(default_factory=dict)
    _rules: tuple[Policy, tuple[Rule, ...], frozenset[Need]] | None = None
    _folders: Siblings | None = None

    def facts(self, policy: Policy, task: str = "") -> Facts:
        """Return what the ledger and the trailers say, read once; what is wrong with it is noted in the report."""
        self._told = True
        return self.peek(policy, task)

    def peek(self, policy: Policy, task: str = "") -> Facts:
        """Return the facts without a note of what is wrong with them."""
        if self.known is None:
            tasks = [task] if task else []
            self.known = load_facts(self.repository, policy, self.history, tasks, self.most, self.basis)
        return self.known[0]

    def facts_at(self, ctx: Context) -> Facts:
        """Return the facts, with the evidence for this change's tree if a gate asks for it."""
        facts, gate = self.peek(ctx.policy, ctx.task_name), self.gates.get(ctx.change.name)
        if gate is None:
            return facts
        assert self.known is not None
        policy, tree = ctx.policy, ctx.change.tree
        if ctx.change.name in self.reruns:
            return replace(facts, gates={ctx.change.name: (gate, self.reruns[ctx.change.name])})
        runs = believed_runs(self.repository, self.known[1], policy, tree, base=self.basis.base)
        why = missing(runs, tree, policy.tests, signed=policy.trust.evidence == "signed")
        return replace(facts, gates={ctx.change.name: (gate, why)})

    def judge(self, change: Change, governing: Governing, claim: Attribution, message: Message | None) -> None:
        """Judge one change by what governs at its parent."""
        policy = governing.policy
        if governing.broken is not None:
            self._judge_fix(change, governing.broken)
            return
        assert policy is not None
        fold = self.folding.see(change, message) if self.folding is not None and message is not None else None
        ctx, found = self._found(change, governing, policy, claim, message, fold)
        self._judged(change.name, claim, None if change.is_merge else message)
        self._follow(change.name, change.parents, claim.task)
        self.findings += found
        errors = tuple(f for f in found if f.refuses)
        if errors and self._is_told_by_the_commit(ctx, errors):
            self.past_hooks.append(change.name)
        if self.refusal is None and errors:
            self.refusal = Refusal(ctx, errors)
        if message is not None and (found or ctx.door is Door.URGENT):
            self.subjects[change.name] = message.subject
        if ctx.door is Door.URGENT:
            self.notes.append(f"urgent: {change.name[:12]} {ctx.urgent}".rstrip())
        self.door = ctx.door

    def _found(
        self, change: Change, governing: Governing, policy: Policy, claim: Attribution, message: Message | None,
        fold: Fold | None,
    ) -> tuple[Context, tuple[Finding, ...]]:  # fmt: skip
        """Return what the rules find in a change; if it is refused, what they find on other grounds that it has."""
        rules, needed = self.rules(policy)
        begun: tuple[str, ...] = ()
        if self.landing is not None and self.walks and message is not None:
            if self.landing.feeds_subtree(change, message, self.history):
                return Context(change=change, policy=policy, door=Door.SMALL, message=message), ()
            if change.is_merge and self.landing.adds_subtree(change):
                # What it brings is nobody's commit yet, so all of it is the merge's own.
                change = replace(reader.against(self.repository, change, change.parents[0]), conflicted=frozenset())
                begun = self._begun(governing, policy)
        request = self.requests.get(change.name, "")
        before = self.unplanned.get(request, frozenset())
        governs = bool(change.files) and all(policy.governs(path) for path in change.paths)
        asked = self.landing is not None and not governs and not claim.task
        undone = self.landing.undone(change, message, claim) if self.landing is not None and asked else ()
        beside = () if undone or governs else self._beside(change, policy, claim, begun)
        ctx = self._context(change, governing, policy, claim, message)
        beside = () if ctx.standing is not None else beside
        ctx = ctx if fold is None else replace(ctx, fold=fold)
        ctx = replace(ctx, door=Door.REVERT, message=None) if undone else ctx
        ctx = self._provide(ctx, governing, needed)
        found: tuple[Finding, ...] | None = None
        if beside:
            found = self._by_tasks_before(ctx, governing, beside)
        if found is None:
            if beside and not (change.is_merge and set(change.paths) <= change.conflicted):
                ctx = replace(ctx, door=Door.CLOSED, beside=beside)
            found = judge(ctx, rules)
        if self.landing is not None and not undone and _refuses(found):
            other = self._on_other_grounds(self.landing, ctx, governing, claim, message)
            if other is not None:
                ctx, found = other
        if change.is_merge and change.name in self.landed:
            found = tuple(dict.fromkeys((*found, *self._plans_brought(change, governing))))
        if ctx.was_judged or (beside and not _refuses(found)):
            self.unplanned[request] = before
        if ctx.door is Door.REVERT and not _refuses(found):
            self.reverts += 1
        return ctx, found

    def foresee(self, base: str, head: str) -> None:
        """Say what a merge of ``head`` into the protected branch at ``base`` would meet there, and its commits do not.

        A plan's version must rise over that which the base has by now, and it is the merged tree that wants tests.
        """
        if self.landing is None:
            return
        tree = self.landing.merged(base, head)
        if not tree:
            self.notes.append(
                f"{head[:12]} has conflicts with {base[:12]}: what settles them is judged when it is there"
            )
        governing = self.sources.before_judging(base)
        policy = governing.policy or Policy()
        if not tree:
            self._foresee_rebase(base, head, governing)
            return
        if tree != self.landing.tree_of(base):
            known = {(each.code, each.path) for each in self.findings}
            found = self._plans_brought(Change(head, (base,), tree, ()), governing)
            self.findings += [each for each in found if (each.code, each.path) not in known]
        if "push" in policy.tests.required and tree != self.landing.tree_of(head) and policy.trust.evidence != "rerun":
            self.peek(policy)
            assert self.known is not None
            runs = believed_runs(self.repository, self.known[1], policy, tree, base=self.basis.base)
            if missing(runs, tree, policy.tests, signed=policy.trust.evidence == "signed"):
                self.notes.append(
                    f"the merge with {base[:12]} has another tree than {head[:12]}, and nobody has tested that: "
                    "bring the branch up to date and run `planfence test`, or let the merge queue do it"
                )

    def _foresee_rebase(self, base: str, head: str, governing: Governing) -> None:
        """Where the whole has conflicts, a rebase may have none: look at the first amendment of each plan by itself."""
        assert self.landing is not None
        policy = governing.policy or Policy()
        git, span = self.repository.git, f"{base}..{head}"
        if git.text("rev-list", "--merges", "-n1", span):
            return
        for path in governing.plans:
            ids = git.text("rev-list", "--reverse", span, "--", path).split()
            there = git.text("rev-list", "-n1", f"{head}..{base}", "--", path)
            tree = self.landing.tree_of(ids[0]) if ids and there else ""
            before = self.landing.tree_of(base)
            files = tuple(each for each in self.landing.changed(before, tree) if each.path == path) if tree else ()
            if files:
                change = Change(head, (base,), tree, files)
                self.findings += self._plans_of(change, policy, governing, files)

    def _plans_brought(self, change: Change, governing: Governing) -> tuple[Finding, ...]:
        """What is wrong with the plans that a merge brings to its first parent, as they are put together."""
        policy, landing = governing.policy or Policy(), self.landing
        if landing is None or not change.parents:
            return ()
        before = landing.tree_of(change.parents[0])
        files = tuple(file for file in landing.changed(before, change.tree) if policy.plan_id(file.path) is not None)
        return self._plans_of(change, policy, governing, files) if files else ()

    def _plans_of(
        self, change: Change, policy: Policy, governing: Governing, files: tuple[FileChange, ...]
    ) -> tuple[Finding, ...]:
        assert self.landing is not None
        own = replace(change, parents=change.parents[:1], files=files, settled=())
        edits = self._landed(own, policy, plan_edits(self.landing.sources(), policy, governing, own))
        ctx = Context(change=own, policy=policy, door=Door.SQUASH, edits=edits)
        found = judge(ctx, [rule for rule in self.rules(policy)[0] if Need.PLANS in rule.needs])
        if self.refusal is None and _refuses(found):
            self.refusal = Refusal(ctx, found)
        return found

    def _landed(self, change: Change, policy: Policy, edits: Iterable[PlanEdit]) -> tuple[PlanEdit, ...]:
        """The edits of plans that a request brings as a whole."""
        facts = self.peek(policy)
        return tuple(with_begun(self.repository, facts, change, edit, landed=True) for edit in edits)

    def _on_other_grounds(
        self, landing: Landing, ctx: Context, governing: Governing, claim: Attribution, message: Message | None
    ) -> tuple[Context, tuple[Finding, ...]] | None:
        change, rules = ctx.change, self.rules(ctx.policy)[0]
        governs = all(ctx.policy.governs(path) for path in change.paths)
        if claim.task and not governs and landing.undone(change, message, claim):
            ctx = replace(ctx, door=Door.REVERT, message=None)
            return ctx, judge(ctx, rules)
        source = landing.picked(change, message, self.basis.base) if self.walks and message is not None else None
        if source is not None:
            self.notes.append(f"{change.name[:12]} is exactly what {source.id[:12]} did on the protected branch")
            own = self._as_squash(ctx)
            return own, judge(own, rules)
        if change.name not in self.landed or message is None or len(change.parents) != 1:
            return None
        brought = self._by_head(landing, ctx)
        if brought is not None:
            own, found = brought
            return None if found is None else (own, found)
        found = self._by_message(landing, ctx, governing, message)
        if found is not None and not _refuses(found):
            return replace(ctx, door=Door.TASK), found
        brings = self.landed[change.name]
        if messages.reads_like_a_squash(message) or messages.merges_on_gitlab(brings):
            self.notes.append(
                f"{change.name[:12]} may be the squash of a request whose head is not here: `{to_fetch(brings)}`"
            )
        elif not claim.task and len(ctx.unplanned) > len(set(change.paths)) and not landing.knows_requests:
            # Small changes that a forge rebased count by request, and no message says which it was.
            note = f"if requests were merged by rebase, their heads are not here: `{to_fetch(brings)}`"
            self.notes += [note] if note not in self.notes else []
        return None

    # -- squashes

    def _by_head(self, landing: Landing, ctx: Context) -> tuple[Context, tuple[Finding, ...] | None] | None:
        """Judge a commit by the head that it was made of; None: no head is here. No findings: the head is refused."""
        if self.judge_head is None:
            return None
        change, refused = ctx.change, ""
        number = messages.request_of(self.landed[change.name])
        for head in landing.heads(change, number, self._ledger_heads(ctx.policy)):
            clean, count = self._judge_head(head, change.parents[0])
            where = head.ref.removeprefix("refs/") or head.commit[:12]
            if clean and count:
                ctx = self._as_squash(ctx)
                self.notes.append(f"{change.name[:12]} is what {where} brings: judged by its {count} commits")
                return ctx, judge(ctx, self.rules(ctx.policy)[0])
            refused = where if count else refused
        if refused:
            self.notes.append(f"{change.name[:12]} is what {refused} brings, which is refused itself")
            return ctx, None
        return None

    def _as_squash(self, ctx: Context) -> Context:
        """What was judged elsewhere, as it comes here: whoever amended a plan in it did so in a commit of its own."""
        ctx = replace(ctx, door=Door.SQUASH, message=None, model=HUMAN, task=None, plan=None, content=None)
        return replace(ctx, edits=self._landed(ctx.change, ctx.policy, ctx.edits))

    def _judge_head(self, head: Head, parent: str) -> tuple[bool, int]:
        assert self.judge_head is not None
        without = tuple(dict.fromkeys(filter(None, (parent, self.basis.base))))
        key = head.commit, *without
        if key not in self._heads:
            self._heads[key] = self.judge_head(head.commit, without)
        return self._heads[key]

    def _ledger_heads(self, policy: Policy) -> tuple[str, ...]:
        self.peek(policy)
        moves = self.known[1].moves if self.known else ()
        return tuple(move.commit for move in moves[-HISTORY:] if move.commit)

    def _by_message(
        self, landing: Landing, ctx: Context, governing: Governing, message: Message
    ) -> tuple[Finding, ...] | None:
        """Judge a squash by its message: its tasks' files together; None if it does not read like one."""
        text = f"{message.subject}\n\n{message.body}"
        claims = squashed_claims(text)
        change, policy = ctx.change, ctx.policy
        if not messages.reads_like_a_squash(message):
            return None
        undone = landing.undone_in(change.parents[0], message, NOBODY)
        if not claims and not undone:
            return None
        if any(policy.governs(path) for path in change.paths):
            return None  # without a head nobody can tell that the plan came first
        shares, left = self._shares(ctx, governing, [claim for claim in claims if claim.task])
        left = self._not_undone(landing, change, undone, left)
        found = dict.fromkeys(
            finding
            for claim, files in shares.items()
            for finding in self._share(ctx, governing, claim, files, squashed=True)
        )
        if left:
            blocks = [block.strip("\n") for block in message.body.split("\n\n")]
            subjects = sum(block.startswith("* ") and "\n" not in block for block in blocks)
            tasks = sum(key == messages.TASK_TRAILER for key, _ in messages.inner_trailers(text))
            urgent = policy.unplanned.urgent and any(claim.urgent for claim in claims)
            unmarked = subjects > tasks or any(claim.marked for claim in claims)
            if not urgent and not (unmarked and len(left) <= policy.unplanned.files):
                return None
            rest = replace(
                ctx, change=replace(change, files=left), door=Door.URGENT if urgent else Door.SMALL,
                task=None, plan=None, task_name="", message=None, content=None,
            )  # fmt: skip
            found |= dict.fromkeys(judge(rest, self.rules(policy)[0]))
        return tuple(found)

    def _not_undone(
        self, landing: Landing, change: Change, undone: tuple[Commit, ...], files: tuple[FileChange, ...]
    ) -> tuple[FileChange, ...]:
        """Leave out the files that are as the reverts that the squash names make them."""
        if not undone or not files:
            return files
        before = landing.tree_of(change.parents[0])
        for order in (undone, undone[::-1]):
            after = landing.without(before, order)
            if after:
                explained = {(file.path, file.new_mode, file.new_id) for file in landing.changed(before, after)}
                return tuple(file for file in files if (file.path, file.new_mode, file.new_id) not in explained)
        return files

    # -- whose files they are

    def _shares(
        self, ctx: Context, governing: Governing, claims: Sequence[Attribution]
    ) -> tuple[dict[Attribution, tuple[FileChange, ...]], tuple[FileChange, ...]]:
        """Give each file to the first of these claims' tasks that it suits; return what suits none as well.

        Each claim of a task answers for all of the task's files: who made which is not known.
        """
        shares: dict[str, list[FileChange]] = {claim.task: [] for claim in claims}
        left = []
        for file in ctx.change.files:
            own = [name for name in shares if self._lists(governing, name, (file.path,))]
            by_task = {claim.task: claim for claim in claims}
            good = (
                name
                for name in own
                if not any(found.path for found in self._share(ctx, governing, by_task[name], (file,)))
            )
            name = next(good, next(iter(own), ""))
            if name:
                shares[name].append(file)
            else:
                left.append(file)
        # A task whose files all came out as they were still has to exist, be begun, and be in the right hands.
        return {claim: tuple(shares[claim.task]) for claim in claims if shares[claim.task]}, tuple(left)

    def _lists(self, governing: Governing, name: str, names: Iterable[str]) -> bool:
        """Whether a task lists all these paths."""
        _, task = self._task(governing, name)
        return task is not None and all(
            patterns.matches(task.patterns, path) and not patterns.matches(task.deny, path) for path in names
        )

    def _share(
        self,
        ctx: Context,
        governing: Governing,
        claim: Attribution,
        files: tuple[FileChange, ...],
        *,
        squashed: bool = False,
    ) -> tuple[Finding, ...]:
        """Judge some files of a change as those of a claim's task."""
        plan, task = self._task(governing, claim.task)
        rules, needed = self.rules(ctx.policy)
        own = replace(
            ctx, change=replace(ctx.change, files=files), door=Door.CLOSED if task is None else Door.TASK,
            plan=plan if task else None, task=task, task_name=claim.task, message=None, model=claim.model,
            stage=claim.stage, edits=(), content=None, squashed=squashed, beside=(),
        )  # fmt: skip
        if task is not None and Need.ORIGINS in needed:
            own = replace(own, origins=self._origins(task, own.change))
        if task is not None and Need.FACTS in needed:
            self.facts(ctx.policy, claim.task)
            own = replace(own, facts=self.facts_at(own))
        return judge(own, rules)

    def _beside(self, change: Change, policy: Policy, claim: Attribution, begun: tuple[str, ...]) -> tuple[str, ...]:
        """The tasks of the commits before a change that says nothing of its own; empty if that is as it should be.

        On a branch that holds a task's commits the hooks mark what they let through as small. If no hook can have
        run, those that are ``begun`` may be meant as well.
        """
        silent = not claim.task and not claim.marked and not (claim.urgent and policy.unplanned.urgent)
        if not self.walks or not silent or not change.files:
            return ()
        return tuple(dict.fromkeys((*sorted(self._before(change.name, change.parents)), *begun)))

    def _begun(self, governing: Governing, policy: Policy) -> tuple[str, ...]:
        """The tasks that are being implemented: `git subtree` runs no hook that would write down its own."""
        plans = [self.sources.plan(governing, name) for path in governing.plans if (name := policy.plan_id(path))]
        names = (f"{plan.id}/{task.id}" for plan in plans if plan for task in plan.tasks)
        facts = self.facts(policy)
        return tuple(name for name in names if facts.state(name).stage is Stage.IMPLEMENT)

    def _by_tasks_before(
        self, ctx: Context, governing: Governing, names: tuple[str, ...]
    ) -> tuple[Finding, ...] | None:
        """Judge a change as a task's among these that lists all of it, a merge's files as those of each; else None."""
        change = ctx.change
        claims = [Attribution(name, self._hands.get(name, HUMAN)) for name in names]
        if change.is_merge:
            shares, left = self._shares(ctx, governing, claims)
            if left:
                return None
            return tuple(
                dict.fromkeys(each for claim, own in shares.items() for each in self._share(ctx, governing, claim, own))
            )
        best: tuple[Finding, ...] | None = None
        for claim in claims:
            if self._lists(governing, claim.task, change.paths):
                found = self._share(ctx, governing, claim, change.files)
                if best is None or (_refuses(best) and not _refuses(found)):
                    best = found
        return best

    def _before(self, name: str, parents: Sequence[str]) -> frozenset[str]:
        request = self.requests.get(name, "")
        known = (self._tasks.get(parent) for parent in parents if self.requests.get(parent, "") == request)
        found = [tasks for tasks in known if tasks]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def _follow(self, name: str, parents: Sequence[str], task: str) -> None:
        """Take note of the tasks of a commit and of those before it."""
        if self.walks:
            before = self._before(name, parents)
            self._tasks[name] = before if not task or task in before else before | {task}

    def _is_told_by_the_commit(self, ctx: Context, errors: Iterable[Finding]) -> bool:
        """Whether the local hooks would have refused it: by what stands in the commit, under the same policy.

        Not by what the ledger says here, by what other commits add to it, or by what a forge made of it.
        """
        change = ctx.change
        if change.is_merge or change.name in self.requests or change.name == STAGED or not change.parents:
            return False
        if not self.sources.governs_alike(change.parents[0], ctx.policy):
            return False
        later = {rule.code for rule in self.rules(ctx.policy)[0] if rule.later or rule.proof is by_ledger}
        added_up = ctx.door is Door.CLOSED and not ctx.task_name and not ctx.beside
        added_up = added_up and len(change.files) <= ctx.policy.unplanned.files
        return any(finding.code not in later for finding in errors) and not added_up

    def accept(self, name: str, claim: Attribution, message: Message, parents: Sequence[str] = ()) -> None:
        """Write down a commit that is proven clean, and is not a merge and does not wait for an autosquash."""
        self._judged(name, claim, message)
        self._follow(name, parents, claim.task)
        if self.folding is not None:
            self.folding.see(Change(name, (), "", ()), message)

    def _judged(self, name: str, claim: Attribution, message: Message | None) -> None:
        self.judged.append(name)
        if claim.task:
            self._hands[claim.task] = claim.model
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

    def _judge_fix(self, change: Change, broken: BadFile) -> None:
        """Let nothing through under a policy that can't be read, but the change that fixes it, by itself."""
        fixed = self.sources.load_policy(change.tree) if any(Policy().is_policy(p) for p in change.paths) else None
        if fixed is None or not all(fixed.policy.is_policy(path) for path in change.paths):
            raise broken
        self.judged.append(change.name)
        self.notes.append(f"{change.name[:12]} fixes a policy that could not be read")

    def _context(
        self, change: Change, governing: Governing, policy: Policy, claim: Attribution, message: Message | None
    ) -> Context:
        governs = bool(change.files) and all(policy.governs(path) for path in change.paths)
        # A change to the plans needs no task, and must be possible if the task's own plan is broken.
        plan, task = (None, None) if governs else self._task(governing, claim.task)
        request = self.requests.get(change.name, "")
        unplanned = self.unplanned.get(request, frozenset())
        urgent = bool(claim.urgent and policy.unplanned.lets(claim.model))
        standing = None if governs or urgent or task else self._standing(change, policy, claim, message)
        if not claim.task and not governs and not urgent and standing is None:
            own = frozenset(change.paths)
            if change.name in self.apart:
                unplanned = own
            else:
                unplanned = self.unplanned[request] = unplanned | own
        return Context(
            change=change,
            policy=policy,
            door=door(
                change,
                policy,
                task_name=claim.task,
                planned=task is not None,
                urgent=claim.urgent,
                unplanned=unplanned,
                model=claim.model,
                standing=standing is not None,
            ),
            plan=plan if task else None,
            task=task,
            task_name=claim.task,
            message=message,
            model=claim.model,
            stage=claim.stage,
            urgent=claim.urgent,
            unplanned=unplanned,
            standing=standing,
        )

    def _standing(
        self, change: Change, policy: Policy, claim: Attribution, message: Message | None
    ) -> StandingTask | None:
        """Return the standing work that a change is; where plans are signed, a commit of it is signed as well."""
        if not policy.standing:
            return None
        found = standing_of(change, policy, claim.model, message, claim.task)
        if found is None or policy.trust.plan != "signed" or change.name == STAGED:
            return found
        return found if signer_of(self.repository, self.objects, change.name, policy, self.basis.base) else None

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
        if Need.LINES in needed and ctx.door in (Door.TASK, Door.STANDING) and not change.is_merge:
            more |= self._unread(ctx.policy.limits, more.get("change", change))
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
        # What git merges by itself may together be looser than either side.
        if any(ctx.policy.governs(file.path) for file in change.decided) or (change.is_merge and ctx.policy.locks):
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
            facts = self.peek(ctx.policy, ctx.task_name)
            more["edits"] = tuple(
                with_begun(self.repository, facts, ctx.change, edit, history=self.history) for edit in edits
            )
            if ctx.model != HUMAN:
                more["edits"] = tuple(with_past(self.repository, ctx.policy, ctx.change, more["edits"]))
                more["plans"] = self.sources.plans(governing)
        if Need.SIGNER in needed and not ctx.staged and ctx.policy.trust.plan == "signed":
            more["signer"] = signer_of(self.repository, self.objects, ctx.change.name, ctx.policy, self.basis.base)
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

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the changes so far."""
        return tuple(self._hands)

    def report(self) -> Report:
        """Return what was found so far."""
        problems = self.known[0].problems if self._told and self.known else ()
        return Report(tuple(self.judged), tuple(self.findings), (*self.notes, *problems), dict(self.subjects))


def _refuses(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
