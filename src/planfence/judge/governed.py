"""What governs at the commits of a range, and what their messages say of them there."""

from __future__ import annotations

from planfence.change import message as messages
from planfence.change.message import TASK_TRAILER, Message, needs_content
from planfence.errors import BadFile
from planfence.finding import Severity
from planfence.gitio import paths as text
from planfence.judge.claims import NOBODY, Claim, claim_of, split_task
from planfence.judge.pathprover import PathScreen, gist, stand_in
from planfence.judge.sources import Governing
from planfence.judge.verdicts import Verdicts
from planfence.ledger.records import commit_fact
from planfence.ledger.stages import CommitFact
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field
from planfence.rules import change_too_large

#: Messages whose meaning is remembered; each is some hundred bytes.
_KEPT = 4096


@dataclass(slots=True)
class Bench:
    """What governs at some commits, and what their messages were found to mean there (an index of `classes`)."""

    governing: Governing
    policy: Policy
    doubtful: bool
    counts: bool
    known: dict[tuple[bytes, bytes], int] = field(default_factory=dict)


@dataclass(slots=True)
class Class:
    """Commits that say the same of themselves at one bench; ``paths`` is None where the rules must judge them.

    ``accepted`` tells whether one of them was.
    """

    bench: Bench
    claim: Claim
    marked: bool
    fact: CommitFact
    plan: Plan | None = None
    task: Task | None = None
    paths: PathScreen | None = None
    accepted: bool = False


class Benches:
    """Reads what governs a commit where it is not known from the one before, and each meaning of a message once."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._sources = verdicts.sources
        self._screens: dict[tuple[int, int, str], PathScreen] = {}
        self._keys: dict[tuple[object, ...], int] = {}
        self._after: dict[str, Bench] = {}
        self.all: list[Bench] = []
        self.classes: list[Class] = []
        #: Whether a commit waits to be folded into another (`fixup!`).
        self.folds = False
        #: Whether `git log` would say of the messages what is read here.
        self.as_log = not (verdicts.repository.common_dir / "shallow").exists()

    def at(self, parent: str) -> Bench:
        """What governs at a commit, known or read."""
        found = self._after.get(parent)
        if found is None:
            found = self._after[parent] = self.read(parent)
        return found

    def after(self, name: str, bench: Bench) -> None:
        """Say what governs after a commit."""
        self._after[name] = bench

    def read(self, commit: str) -> Bench:
        """Read what governs at a commit, there itself."""
        governing = self._sources.before_judging(commit)
        for bench in reversed(self.all):
            if bench.governing == governing:
                return bench
        policy = governing.policy or Policy()
        advice = policy.rules.get("THM004", policy.rules.get("mixed-content"))
        unsure = (
            governing.policy is None
            or governing.broken is not None
            or policy.trust.evidence == "signed"
            or advice is Severity.ERROR
        )
        counts = bool(policy.limits.lines) and change_too_large.RULE.severity_under(policy) is not Severity.OFF
        self.all.append(Bench(governing, policy, unsure, counts))
        return self.all[-1]

    def class_of(self, bench: Bench, body: bytes) -> int:
        """What a message says of its commit."""
        short = gist(body)
        if short is None:
            self.as_log = self.as_log and b"\0" not in body
            return self._class(bench, messages.parse(text.decode(body)), fact_of(body))
        index = bench.known.get(short)
        if index is None:
            said = stand_in(*short)
            index = self._class(bench, messages.parse(said), fact_of(said.encode()))
            if len(bench.known) >= _KEPT:
                bench.known.clear()
            bench.known[short] = index
        return index

    def _class(self, bench: Bench, message: Message, fact: CommitFact) -> int:
        claim = claim_of(message)
        self.folds = self.folds or message.autosquash
        several = max(len(message.trailer(TASK_TRAILER)), len(message.types), len(message.issues)) > 1
        if bench.doubtful or several or not claim.task or claim.urgent or message.autosquash or needs_content(message):
            return self.doubtful(bench, fact)
        plan_id, task_id = split_task(claim.task)
        try:
            plan = self._sources.plan(bench.governing, plan_id) if task_id else None
        except BadFile:
            plan = None
        task = plan.task(task_id) if plan else None
        if plan is None or task is None:
            return self.doubtful(bench, fact)
        types = plan.themes[task.theme].types if task.theme in plan.themes else ()
        if types and not set(message.types) <= set(types):
            return self.doubtful(bench, fact)
        marked = bool(message.trailer(messages.MODEL_TRAILER))
        key = (id(bench.policy), id(plan), task_id)
        if key not in self._screens:
            self._screens[key] = PathScreen(bench.policy, plan, task)
        return self._index(Class(bench, claim, marked, fact, plan, task, self._screens[key]))

    def doubtful(self, bench: Bench, fact: CommitFact) -> int:
        """A class of commits that the rules must judge."""
        return self._index(Class(bench, NOBODY, True, fact))

    def _index(self, found: Class) -> int:
        key = (id(found.bench), found.claim, found.marked, found.fact, found.paths is None)
        index = self._keys.get(key)
        if index is None:
            index = self._keys[key] = len(self.classes)
            self.classes.append(found)
        return index


def fact_of(body: bytes) -> CommitFact:
    """What `ledger.records.read_history` reads in a message, of no commit in particular."""
    return commit_fact("", body) if TASK_TRAILER.encode() in body else CommitFact("", "", "", "")
