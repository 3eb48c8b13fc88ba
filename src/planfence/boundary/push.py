"""The push: every ref that goes out, every commit that is new to the protected branch, the evidence at each tip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from planfence.boundary import incoming
from planfence.boundary.incoming import sort_out, terms_at, together, weighed
from planfence.boundary.policyfix import held_to
from planfence.boundary.pushnote import Aim
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.finding import Finding
from planfence.gate.testrun import RunProgress, run_tests
from planfence.gate.testtarget import target_of
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository, branch_of
from planfence.gitio.revisions import Heads, heads
from planfence.judge import check
from planfence.judge.attribution import NOBODY
from planfence.judge.check import Terms
from planfence.judge.ranges import BRANCH, Protected, Ranges, TipRange, beginning, find_protected
from planfence.judge.sources import Sources
from planfence.judge.verdicts import CheckResult
from planfence.ledger.evidence import TESTS
from planfence.ledger.records import Basis, Reading, reading
from planfence.ledger.refs import KEPT, PREFIX
from planfence.ledger.remote import remote_of
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.terminal import PassedOn


@dataclass(frozen=True, slots=True)
class PushedRef:
    """One ref of a push: its local name and id (zeros: deleted), the remote's name and the id it had (zeros: new)."""

    local: str
    new: str
    remote: str
    old: str


@dataclass(frozen=True, slots=True)
class PushVerdict:
    """The verdict on a push, and what there is to say besides."""

    outcome: CheckResult
    notes: tuple[str, ...] = ()


def parse(repository: Repository, stdin: bytes) -> tuple[PushedRef, ...]:
    """Read what git tells a pre-push hook (githooks(5)). Raises :class:`CouldNotCheck` for anything else."""
    found = []
    for raw in stdin.splitlines():
        line = raw.decode("utf-8", "surrogateescape")
        fields = line.split(" ")
        if len(fields) != 4 or not all(map(repository.is_id, (fields[1], fields[3]))):
            raise CouldNotCheck(f"a pre-push line can't be read: {line!r}", hint="run the hook from `git push`")
        local, new, there, old = fields
        found.append(PushedRef(local, new, there, old))
    return tuple(found)


def judge(
    repository: Repository,
    remote: str,
    updates: Iterable[PushedRef],
    *,
    rerun: bool = True,
    book: Reading | None = None,
) -> PushVerdict:
    """Judge what a push would bring, as the remote's server and CI do as far as its branches are known here.

    Each tip is judged by itself. What another branch already has counts only if the policy says that it was judged
    there. If the remote has no policy yet, each commit's parent has its own. With ``rerun`` off no test is run here.
    ``book`` tells the ledger; it is asked after all else that a note of the verdict depends on.
    """
    updates = [update for update in updates if not _is_ledger(repository, update)]
    branches = _branches(repository, remote, updates)
    objects = repository.objects
    sources = Sources(objects)
    protected = None
    if updates:
        news = [update.new for update in updates]
        protected = held_to(repository, sources, lambda each: find_protected(each, branches), news)
    target = updates[0].remote if len(updates) == 1 else ""
    aim = Aim(repository, remote, protected, branches, target) if protected is not None else None
    seen = aim.state() if aim is not None else ""
    coming = [incoming.RefUpdate(update.old, update.new, update.remote) for update in updates]
    found = sort_out(repository, objects, protected, branches, coming, PlanfenceError)
    spans, more = _spans(repository, sources, protected, branches, found.tips)
    notes = [*_notes(repository, updates, {each.message.partition(" ")[0] for each in found.findings}), *more]
    said = {span.tip: _policies(sources, objects, span.tip, protected) for span in spans}
    gates = _gates(said, protected)
    steady = not any(_is_rerun(each) for tip in gates for each in said[tip])
    running = [tip for tip in gates if rerun and _runs_itself(repository, said[tip])]
    failed = [tip for tip in running if not _run(repository, tip, again=not steady)]
    book = book or reading(repository)
    outcomes = [_judge(repository, protected, span, gates, book) for span in spans]
    outcome = replace(_together(outcomes, found.findings, protected), remote=remote)
    report = outcome.report
    notes += _unknown(repository, remote) if report.refused and not branches.tips else []
    if failed and not report.refused:
        raise PlanfenceError(
            f"the tests of {', '.join(tip[:12] for tip in failed)} did not pass just now", hint="planfence test --again"
        )
    tips = dict.fromkeys(tip for _, tip in found.tips)
    if steady and len(updates) == len(tips) == 1 and not report.findings and aim is not None:
        aim.leave(next(iter(tips)), seen)
    return PushVerdict(outcome, tuple(notes))


def _gates(said: Mapping[str, Sequence[Policy]], protected: Protected | None) -> dict[str, str]:
    """The tips that need evidence: by the protected branch's word, or by what each one's policies say."""
    held = {tip: (protected.policy,) if protected else policies for tip, policies in said.items()}
    return {tip: "push" for tip, policies in held.items() if any("push" in each.tests.required for each in policies)}


def _spans(
    repository: Repository,
    sources: Sources,
    protected: Protected | None,
    branches: Heads,
    tips: Sequence[tuple[str, str]],
) -> tuple[Sequence[TipRange], Sequence[str]]:
    """Return what each tip brings, and what there is to say of that."""
    if protected is None:
        return beginning(repository, sources, branches, (tip for _, tip in tips)), ()
    ranges = Ranges(repository, repository.objects, protected, branches)
    return ranges.spans(tips), ranges.notes


def _together(outcomes: list[CheckResult], findings: Sequence[Finding], protected: Protected | None) -> CheckResult:
    """What was found in all spans, and of the refs themselves, as one result."""
    found = together(outcomes, None, weighed(findings, protected.policy if protected else None))
    judged_by = protected.policy if protected and found.report.findings else None
    policy = next((outcome.policy for outcome in outcomes), judged_by)
    attribution = outcomes[-1].attribution if len(outcomes) == 1 else NOBODY
    return replace(found, policy=policy, attribution=attribution, files=len(found.report.judged))


def _judge(
    repository: Repository, protected: Protected | None, span: TipRange, gates: dict[str, str], book: Reading
) -> CheckResult:
    terms = Terms(basis=Basis(book=book), leaving=True)
    if protected is not None:
        terms = terms_at(repository, protected, span, book)
    own = {tip: gate for tip, gate in gates.items() if tip == span.tip}
    return check.judge_commits(repository, list(span.revisions), terms=replace(terms, gates=own))


def _branches(repository: Repository, remote: str, updates: Iterable[PushedRef]) -> Heads:
    """The remote's branches as they are known here, and as it has just told of those that are pushed."""
    found = heads(repository, f"refs/remotes/{remote}/")
    tips = dict(found.tips)
    told = [update for update in updates if update.remote.startswith(BRANCH) and update.old != repository.zero]
    if told:
        objects = repository.objects
        tips |= {update.remote.removeprefix(BRANCH): update.old for update in told if objects.find(update.old)}
    return replace(found, tips=tips)


def _notes(repository: Repository, updates: Iterable[PushedRef], refused: set[str]) -> list[str]:
    notes = []
    for update in updates:
        if update.remote in refused:
            continue
        if update.new == repository.zero:
            notes.append(f"{update.remote} is deleted on the remote: nothing to judge")
        elif update.old not in (repository.zero, update.new) and not repository.git.is_ancestor(update.old, update.new):
            notes.append(f"{update.remote} is forced: commits that the remote has are dropped")
    return notes


def _unknown(repository: Repository, remote: str) -> list[str]:
    """Say what to fetch if nothing is known of a remote: `git clone --bare` and `--mirror` keep no branches of it."""
    if repository.git.status("config", "--get", f"remote.{remote}.url", ok=(0, 1))[0]:
        return []
    fetched = repository.git.status("config", "--get-all", f"remote.{remote}.fetch")[1]
    if f":refs/remotes/{remote}/".encode() in fetched:  # then it had no branch by the last fetch
        return []
    fetch = f"git config --add remote.{remote}.fetch '+{BRANCH}*:refs/remotes/{remote}/*' && git fetch {remote}"
    return [f"what {remote} has is not known here, so that all commits are judged: `{fetch}`"]


def foresee(repository: Repository, commit: str, book: Reading | None = None) -> None:
    """Judge the push that is likely next, of ``commit`` to the branch's remote, so that the hook finds its note.

    Only what is allowed leaves one; a refusal is the hook's to say. ``book`` tells the ledger as it is by then.
    """
    branch = branch_of(repository)
    try:
        remote = remote_of(repository, branch=branch)
    except PlanfenceError:
        return
    ref = f"{BRANCH}{branch or '-'}"
    judge(repository, remote, [PushedRef(ref, commit, ref, repository.zero)], rerun=False, book=book)


def _is_ledger(repository: Repository, update: PushedRef) -> bool:
    """Whether it is a ledger's, which holds no commits to judge; raises :class:`PlanfenceError` if it shrinks.

    What is kept beside the ledger may go.
    """
    if not update.remote.startswith(PREFIX):
        return update.remote.startswith(KEPT)
    grows = update.new != repository.zero and repository.git.is_ancestor(update.old, update.new)
    if update.old != repository.zero and not grows:
        raise PlanfenceError(f"{update.remote} is a ledger: it only grows", hint="planfence sync")
    return True


def _policies(sources: Sources, objects: Objects, tip: str, protected: Protected | None) -> tuple[Policy, ...]:
    """The policies that a tip knows of: its first parent's, and the protected branch's."""
    raw = objects.read(tip)
    lines = raw.data.decode("utf-8", "replace").split("\n\n", 1)[0].split("\n") if raw else []
    parents = [line.split(" ")[1] for line in lines if line.startswith("parent ")]
    found = [protected.policy] if protected is not None else []
    for commit in parents[:1]:
        try:
            policy = sources.policy(commit)
        except BadFile:
            policy = Policy()
        if policy is not None:
            found.append(policy)
    return tuple(found)


def _runs_itself(repository: Repository, policies: Iterable[Policy]) -> bool:
    """Whether a missing gate is run then and there: the user's word, or a policy's."""
    if repository.environment.get("PLANFENCE_RUN_TESTS") == "1":
        return True
    return any(policy.tests.run_at_push or _is_rerun(policy) for policy in policies)


def _is_rerun(policy: Policy) -> bool:
    return policy.trust.evidence == "rerun"


def _run(repository: Repository, tip: str, *, again: bool) -> bool:
    passed_on = PassedOn(err=True)
    target = target_of(repository, rev=tip)
    # At the push only the policy's own command counts; the criteria were `advance`'s business.
    own = {key: each for key, each in target.commands.items() if each[0] == TESTS and not key.startswith("acceptance")}
    teller = RunProgress(passed_on.say, passed_on.take, lambda *_: None)
    try:
        return run_tests(repository, replace(target, commands=own), teller, again=again).passed
    finally:
        passed_on.end()
