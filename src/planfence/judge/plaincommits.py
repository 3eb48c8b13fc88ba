"""The commits of a range that are surely clean, by what the rules themselves give as their proofs (`rules.rule.Proof`).

Nothing here refuses: what is not proven goes to the rules, which say the same of it at more cost.
"""

from __future__ import annotations

from planfence import prover
from planfence.change import message as messages
from planfence.change.change import Change, FileChange, Mode
from planfence.change.message import Message
from planfence.change.reader import DiffedCommit
from planfence.errors import BadFile
from planfence.gitio import paths
from planfence.judge.attribution import Attribution, attribution_of, split_task
from planfence.judge.sources import Governing
from planfence.judge.verdicts import Verdicts
from planfence.manifest.policy import Policy
from planfence.prover import Prover
from planfence.records import replace
from planfence.rules import claimed_elsewhere
from planfence.rules.rule import Context, Need, Route, by_ledger
from planfence.rules.runner import clauses, judge

#: So many different trailers, and so many proofs, are remembered.
_KEPT = 1024
#: Stands for any plain change if only the task, the stage and the model count.
_ANY = Change("", ("",), "", (FileChange("", Mode.FILE, Mode.FILE, "", ""),))


class PlainCommits:
    """Proves commits clean one after the other, parents first, and writes them down where the rules' verdicts stand."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._attributions: dict[tuple[tuple[str, str], ...], Attribution | None] = {}
        self._known: dict[tuple[object, ...], Prover | None] = {}

    def take(self, step: DiffedCommit, governing: Governing) -> bool:
        """Whether the commit is proven clean; then it is judged."""
        contexts, commit, policy = self._verdicts.contexts, step.commit, governing.policy
        if policy is None or governing.broken is not None or commit.id in contexts.ledger.gates or contexts.thorough:
            return False
        files = prover.parse(step.raw) if step.raw else None
        if files is None:
            return False
        message = messages.parse(commit.message)
        attribution = self._attribution(message)
        if attribution is None or len(message.all_types) > 1 or len(message.all_issues) > 1 or message.autosquash:
            return False
        proof = self._proof(governing, policy, attribution, *message.types)
        if proof is None or not proof.holds(files):
            return False
        if proof.lines is not None:
            lines = prover.lines_of(step.counts) if contexts.counted else None
            if lines is None or lines > proof.lines:
                return False
        if proof.names:
            added = [path for path, action in files if action == b"A"]
            change = Change(commit.id, commit.parents, commit.tree, ())
            if added and (not prover.portable(added) or contexts.collisions(change, list(map(paths.decode, added)))):
                return False
            if not added:
                contexts.collisions(change, [])
        self._verdicts.accept(commit.id, attribution, message, commit.parents)
        return True

    def _attribution(self, message: Message) -> Attribution | None:
        """What a commit says of itself; None for one of several tasks, of none, or an urgent one."""
        if message.trailers not in self._attributions:
            if len(self._attributions) == _KEPT:
                self._attributions.clear()
            attribution = attribution_of(message)
            one = len(message.trailer(messages.TASK_TRAILER)) == 1 and attribution.task and not attribution.urgent
            self._attributions[message.trailers] = attribution if one else None
        return self._attributions[message.trailers]

    def _proof(self, governing: Governing, policy: Policy, attribution: Attribution, kind: str = "") -> Prover | None:
        plan_id, task_id = split_task(attribution.task)
        entry = governing.plans.get(policy.plan_path(plan_id))
        key = (id(policy), entry and entry.id, attribution.task, attribution.model, attribution.stage, kind)
        if key not in self._known:
            if len(self._known) == _KEPT:
                self._known.clear()
            self._known[key] = self._read(governing, policy, attribution, plan_id, task_id, kind)
        return self._known[key]

    def _read(
        self, governing: Governing, policy: Policy, attribution: Attribution, plan_id: str, task_id: str, kind: str
    ) -> Prover | None:
        """Return what proves such commits; None if a rule has no cheap proof, or the ledger or the type refuses."""
        contexts = self._verdicts.contexts
        try:
            plan = contexts.sources.plan(governing, plan_id)
        except BadFile:
            return None
        task = plan.task(task_id) if plan else None
        said = clauses(policy, plan, task) if task else None
        if said is None:
            return None
        rules, needed = contexts.rules(policy)
        ctx = Context(
            _ANY, policy, Route.TASK, plan, task, attribution.task, model=attribution.model, stage=attribution.stage
        )
        if Need.FACTS in needed:
            contexts.ledger.facts(policy, attribution.task)
            facts = contexts.ledger.at(ctx)
            ctx = replace(ctx, facts=facts)
            if plan and task and claimed_elsewhere.RULE in rules:
                said = (*said, *claimed_elsewhere.bars(facts, plan, task))
        words = prover.read(paths.encode(clause) for clause in said)
        if judge(ctx, [rule for rule in rules if rule.proof is by_ledger]) or not prover.allows(words, kind.encode()):
            return None
        return Prover(words)
