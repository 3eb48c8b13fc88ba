"""What `check` and the hooks judge: the staged tree, one commit, a range, a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import STAGED, Change
from planfence.change.message import Message
from planfence.change.reader import Commits
from planfence.errors import PlanfenceError
from planfence.finding import Report
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead, listed, walked
from planfence.judge.autosquash import Folding
from planfence.judge.claims import NOBODY, Claim, claim_of, split_task, staged_claim
from planfence.judge.plaincommits import PlainCommits
from planfence.judge.sources import Governing, Pinned, Sources
from planfence.judge.verdicts import Refusal, Verdicts
from planfence.ledger.records import HISTORY
from planfence.ledger.refs import Tips
from planfence.ledger.stages import Facts
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Need
from planfence.rules.standing import names

NO_POLICY = f"no {POLICY_PATH} at HEAD: nothing is enforced yet (`planfence init` writes one)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report, what it was judged by (None: there is no policy yet), and the claim of the staged change.

    ``unmarked`` are commits of a task that lack what the hooks write into each, ``refusal`` is the first change
    that was refused.
    """

    report: Report
    policy: Policy | None
    claim: Claim = NOBODY
    files: int = 0
    #: Of a staged change: itself, what governs it, its plan and task, and what the ledger says; for the hooks.
    change: Change | None = None
    governing: Governing | None = None
    plan: Plan | None = None
    facts: Facts | None = None
    unmarked: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def task(self) -> Task | None:
        """The task that the change was judged by."""
        return self.plan.task(self.claim.task.partition("/")[2]) if self.plan else None


def _with_message(repository: Repository, claim: Claim, message: Message | None) -> Claim:
    """What the message's own trailers say beside the claim.

    A task that the message names wins: `--amend`, `-C` and a typed trailer mean that task. In
    a rebase the commit is somebody's already, so model, stage and urgency stay theirs too.
    """
    if message is None:
        return claim
    said = claim_of(message)
    rebasing = any((repository.git_dir / name).is_dir() for name in ("rebase-merge", "rebase-apply"))
    if rebasing and (said.task or said.urgent):
        return said
    return Claim(said.task or claim.task, claim.model, claim.stage, claim.urgent or said.urgent)


def require_policy(policy: Policy | None) -> Policy:
    """Return the policy; commands, unlike hooks, can't do without one."""
    if policy is None:
        raise PlanfenceError(
            f"there is no {POLICY_PATH} at HEAD", hint="run `planfence init`, and commit what it writes"
        )
    return policy


def check_staged(repository: Repository, message: Message | None = None, *, thorough: bool = False) -> Outcome:
    """Judge the staged tree by HEAD's policy and plans; with ``message``, the message too.

    ``thorough``, here and below, looks at every change's content, not only where its
    message's type asks for it.
    """
    change = reader.staged(repository)
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        governing = sources.before_judging(next(iter(change.parents), ""))
        if governing.policy is None:
            return Outcome(Report((STAGED,), (), (NO_POLICY,)), None)
        verdicts = Verdicts(repository, objects, sources, history=change.parents[:1], whole_merges=True, remembers=True)
        verdicts.thorough = thorough
        if "commit" in governing.policy.tests.required and change.files:
            verdicts.gates[STAGED] = "commit"
        if governing.policy.standing:
            change = replace(change, author=reader.next_author(repository))
        claim = _with_message(repository, staged_claim(repository), message)
        if not change.files and change.is_merge:
            claim = Claim("", claim.model, claim.stage, "")
        if claim.task and change.files and not claim.urgent:
            verdicts.require_task(change, governing, claim.task)
        if claim.task and not names(governing.policy, claim.task):
            state = verdicts.facts(governing.policy, claim.task).state(claim.task)
            claim = replace(claim, stage=str(state.stage), rework=state.round)
        verdicts.judge(change, governing, claim, message)
        code = any(not governing.policy.governs(path) for path in change.paths)  # else a broken plan may be mended
        plan = sources.plan(governing, split_task(claim.task)[0]) if claim.task and code else None
        facts = verdicts.facts(governing.policy, claim.task) if claim.task else None
        return Outcome(
            verdicts.report(), governing.policy, claim, len(change.files), change, governing, plan, facts,
            refusal=verdicts.refusal,
        )  # fmt: skip


def check_commit(repository: Repository, revision: str, *, thorough: bool = False, remembers: bool = False) -> Outcome:
    """Judge one commit against its real parent."""
    identifier = reader.resolve(repository, revision)
    return judge_commits(repository, [identifier], walk=False, terms=Terms(thorough=thorough, remembers=remembers))


def check_range(
    repository: Repository, base: str, head: str, ahead: Ahead | None = None, *, leaving: bool = False
) -> Outcome:
    """Judge every commit that ``head`` has and ``base`` has not (full ids), each against its real parent.

    ``leaving``: they are about to be reviewed.
    """
    revisions = [head, f"^{base}"] if base else [head]
    return judge_commits(repository, revisions, terms=Terms(leaving=leaving, ahead=ahead))


def check_span(repository: Repository, span: str, ahead: Ahead | None = None) -> Outcome:
    """Judge a range written as `A..B`; `A...B` starts at their merge base."""
    if ahead is not None:
        return check_range(repository, ahead.base, ahead.head, ahead)
    symmetric = "..." in span
    left, found, right = span.partition("..." if symmetric else "..")
    if not found or not left or not right:
        raise PlanfenceError(f"{span} is no range", hint="write it as A..B, such as origin/main..HEAD")
    base, head = reader.resolve(repository, left), reader.resolve(repository, right)
    if symmetric:
        base = repository.git.text("merge-base", base, head)
    return check_range(repository, base, head)


def check_revisions(repository: Repository, revisions: list[str], gates: Mapping[str, str] | None = None) -> Outcome:
    """Judge every commit that these `rev-list` arguments (full ids, `^` to exclude) name.

    ``gates`` maps a commit to the gate (`push`) at which its tree needs evidence; given at all, the commits leave.
    """
    return judge_commits(repository, revisions, terms=Terms(gates=gates or {}, leaving=gates is not None))


@dataclass(frozen=True, slots=True)
class Terms:
    """What commits are held to beside themselves.

    ``policy`` is the protected branch's, read at the commit ``base``, where CI or a server
    judges; None: each commit's parent has its own. ``gates`` maps a commit to the gate
    (`push`) at which its tree needs evidence. ``tips`` are the ledger's where the refs do not
    say it yet. ``reruns`` maps a commit whose tests were run for this verdict to why they did not
    pass (empty: they did). ``progress`` hears how many commits are judged so far. ``thorough``
    looks at the content of every change. ``leaving``: the commits are about to be pushed or
    reviewed, so that none may wait to be folded into another. ``remembers``: see ``Verdicts``. ``ahead`` is the range,
    where git began to read it earlier.
    """

    policy: Policy | None = None
    base: str = ""
    gates: Mapping[str, str] = field(default_factory=dict)
    tips: Tips | None = None
    reruns: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None
    thorough: bool = False
    leaving: bool = False
    remembers: bool = False
    ahead: Ahead | None = None


def judge_commits(
    repository: Repository, revisions: list[str], *, walk: bool = True, terms: Terms | None = None
) -> Outcome:
    """Judge the commits that these `rev-list` arguments name (``walk`` off: exactly those), parents first.

    Where there are merges, the tree at the end is looked at too: two branches may each add
    a name that only together collide.
    """
    terms = terms or Terms()
    ahead = terms.ahead if terms.ahead and terms.ahead.revisions == revisions else None
    with nullcontext(ahead.objects) if ahead else Objects(repository.git) as objects:
        sources = Pinned(objects, terms.policy, terms.base) if terms.policy else Sources(objects)
        verdicts = Verdicts(
            repository, objects, sources, history=tuple(revisions), most=0 if walk else HISTORY,
            base=terms.base, tips=terms.tips, remembers=terms.remembers, whole_merges=not walk, walks=walk,
        )  # fmt: skip
        verdicts.gates.update(terms.gates)
        verdicts.thorough = terms.thorough
        verdicts.reruns.update(terms.reruns)
        if terms.leaving:
            verdicts.folding = Folding(repository, tuple(revisions))
        if not walk:
            return _judge_all(verdicts, revisions, terms, revisions)
        return _judge_all(verdicts, revisions, terms, walked(ahead.asked) if ahead else listed(repository, revisions))


def _judge_all(verdicts: Verdicts, revisions: list[str], terms: Terms, ids: Sequence[str]) -> Outcome:
    repository, sources, walk = verdicts.repository, verdicts.sources, verdicts.walks
    known: dict[str, Governing] = {}
    before_policy, merged = 0, False
    claim, count = NOBODY, 0
    governing = Governing(terms.policy, {})
    verdicts.counted = walk and _counts(verdicts, ids)
    plain = PlainCommits(verdicts)
    with Commits(repository, verdicts.objects, lines=verdicts.counted) as commits:
        for index, step in enumerate(commits.steps(ids)):
            name, parents = step.commit.id, step.commit.parents
            if walk and len(parents) == 1 and plain.take(step, _before(sources, known, parents[0])):
                governing = known[name] = known[parents[0]]
            else:
                governing, change = _governing(repository, sources, known, commits.change(step))
                merged = merged or change.is_merge
                if governing.policy is None:
                    before_policy += 1
                else:
                    message = messages.parse(change.message or "")
                    claim, count = claim_of(message), len(change.files)
                    verdicts.judge(change, governing, claim, message)
                if walk:
                    known[name] = sources.after(governing, change)
            if terms.progress:
                terms.progress(index + 1)
    if walk and merged and governing.policy is not None:
        verdicts.judge_end(governing.policy, revisions)
    if before_policy:
        words = f"not judged, since there was no {POLICY_PATH} before them"
        verdicts.notes.append(f"{words}: {before_policy} of the commits")
    report = verdicts.report()
    said, many = (NOBODY, len(report.judged)) if walk else (claim, count)
    return Outcome(report, governing.policy, said, many, unmarked=tuple(verdicts.unmarked), refusal=verdicts.refusal)


def _counts(verdicts: Verdicts, ids: Sequence[str]) -> bool:
    """Whether lines are counted for a whole range: by the policy that governs its first commit, or the default one."""
    if not ids:
        return False
    first = parse_commit(verdicts.objects.read_many([ids[0]])[0]).parents[:1]
    policy = verdicts.sources.before_judging(first[0]).policy if first else None
    return Need.LINES in verdicts.rules(policy or Policy())[1]


def _before(sources: Sources, known: dict[str, Governing], parent: str) -> Governing:
    """Return what governs a change on this parent."""
    found = known.get(parent)
    if found is None:
        found = known[parent] = sources.before_judging(parent)
    return found


def _governing(
    repository: Repository, sources: Sources, known: Mapping[str, Governing], change: Change
) -> tuple[Governing, Change]:
    """Return what governs a change, and the change as it is to be judged.

    A merge of a history without a policy brings in content that nobody has judged: there the
    whole difference to the governed parent counts as the merge's own.
    """
    first = change.parents[0] if change.parents else ""
    governing = known.get(first) or sources.before_judging(first)
    if not change.is_merge or sources.pinned:
        return governing, change
    each = [governing, *(known.get(parent) or sources.before_judging(parent) for parent in change.parents[1:])]
    at = next((index for index, found in enumerate(each) if found.policy is not None), None)
    if at is None or all(found.policy is not None for found in each):
        return governing, change
    return each[at], reader.against(repository, change, change.parents[at])


def branch_base(repository: Repository, policy: Policy) -> str:
    """Return the commit where this branch left the policy's base, or an empty string where it did not.

    The remote's base counts before the local one, which may hold commits that nobody has seen.
    """
    for ref in (f"refs/remotes/origin/{policy.base}", f"refs/heads/{policy.base}"):
        status, out = repository.git.status("merge-base", "HEAD", ref, ok=(0, 1, 128))
        if status == 0 and out.strip():
            return out.decode().strip()
    return ""


def check_branch(repository: Repository) -> Outcome:
    """Judge this branch's commits since its merge base with the policy's base."""
    head = reader.head(repository)
    with Objects(repository.git) as objects:
        policy = Sources(objects).policy(head)
    if policy is None:
        return Outcome(Report((), (), (NO_POLICY,)), None)
    base = branch_base(repository, policy)
    if not base:
        base_names = f"{policy.base} or origin/{policy.base}"
        raise PlanfenceError(
            f"no branch {base_names} to compare with", hint=f"set `base` in {POLICY_PATH}, or fetch it"
        )
    outcome = check_range(repository, base, head)
    return replace(outcome, policy=policy, claim=NOBODY)


def nothing_staged(repository: Repository) -> bool:
    """Whether the staged tree is HEAD's and no merge is in progress."""
    change = reader.staged(repository)
    return not change.files and not change.is_merge
