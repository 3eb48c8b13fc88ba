"""The push: every ref that goes out, every commit that is new to the protected branch, the evidence at each tip."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.boundary import pushnote
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.finding import Report
from planfence.gate.testrun import Teller, run_tests
from planfence.gate.testtarget import target_of
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.judge import check
from planfence.judge.check import Outcome
from planfence.judge.sources import Sources
from planfence.ledger.evidence import TESTS
from planfence.ledger.refs import PREFIX
from planfence.ledger.remote import remote_of
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.terminal import PassedOn, say


@dataclass(frozen=True, slots=True)
class Update:
    """One ref of a push: its local name and id (zeros: deleted), the remote's name and the id it had (zeros: new)."""

    local: str
    new: str
    remote: str
    old: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a push, and what there is to say besides."""

    outcome: Outcome
    notes: tuple[str, ...] = ()


def parse(repository: Repository, stdin: bytes) -> tuple[Update, ...]:
    """Read what git tells a pre-push hook (githooks(5)). Raises :class:`CouldNotCheck` for anything else."""
    found = []
    for raw in stdin.splitlines():
        line = raw.decode("utf-8", "surrogateescape")
        fields = line.split(" ")
        if len(fields) != 4 or not all(_is_id(repository, each) for each in (fields[1], fields[3])):
            raise CouldNotCheck(f"a pre-push line can't be read: {line!r}", hint="run the hook from `git push`")
        local, new, there, old = fields
        found.append(Update(local, new, there, old))
    return tuple(found)


def _is_id(repository: Repository, text: str) -> bool:
    return len(text) == len(repository.zero) and all(char in "0123456789abcdef" for char in text)


def judge(repository: Repository, remote: str, updates: Iterable[Update], *, rerun: bool = True) -> Judged:
    """Judge what a push would bring: each new commit by its real parent, and each tip's evidence.

    New is what the remote's protected branch does not have: what another unguarded branch
    already has was never judged. With ``rerun`` off no test is run here.
    """
    notes: list[str] = []
    tips = {}
    for update in updates:
        tip = _tip(repository, update, notes)
        if tip:
            tips[tip] = update
    if not tips:
        return Judged(Outcome(Report(), None), tuple(notes))
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        name, base, known = _protected(repository, sources, remote, tips)
        seen = pushnote.state(repository, remote, name)
        gates = {tip: "push" for tip in tips if _is_gated(sources, objects, tip, base)}
        steady = not any(_is_rerun(each) for tip in gates for each in _policies(sources, objects, tip, base))
        running = {tip for tip in gates if rerun and _runs_itself(repository, sources, objects, tip, base)}
    revisions = [*tips, *(f"^{commit}" for commit in known)]
    new = set(repository.git.text("rev-list", "--no-walk=unsorted", "--stdin", stdin=_lines([*tips])).split())
    if known:
        new -= _reached(repository, tips, known)
    gates = {tip: gate for tip, gate in gates.items() if tip in new}
    failed = [tip for tip in running & set(gates) if not _run(repository, tip, again=not steady)]
    outcome = check.check_revisions(repository, revisions, gates)
    if failed and not outcome.report.refused:
        raise PlanfenceError(
            f"the tests of {', '.join(tip[:12] for tip in failed)} did not pass just now", hint="planfence test --again"
        )
    if steady and len(tips) == 1 and not outcome.report.findings and outcome.policy is not None:
        tip = next(iter(tips))
        pushnote.leave(repository, replace(outcome.policy, base=name), tip, remote, seen)
    return Judged(outcome, tuple(notes))


def foresee(repository: Repository, commit: str) -> None:
    """Judge the push that is likely next, of ``commit`` to the branch's remote, so that the hook finds its note.

    Only what is allowed leaves one; a refusal is the hook's to say.
    """
    try:
        remote = remote_of(repository)
    except PlanfenceError:
        return
    branch = "refs/heads/-"
    judge(repository, remote, [Update(branch, commit, branch, repository.zero)], rerun=False)


def _lines(words: Iterable[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()


def _reached(repository: Repository, tips: Iterable[str], known: Iterable[str]) -> set[str]:
    """The tips that the protected branch has already."""
    out = repository.git.text("rev-list", "--stdin", stdin=_lines([*tips, *(f"^{commit}" for commit in known)]))
    return set(tips) - set(out.split())


def _tip(repository: Repository, update: Update, notes: list[str]) -> str:
    """Return the commit that an update leads to, empty where there is nothing to judge.

    Raises :class:`PlanfenceError` for what must not be pushed at all.
    """
    if update.remote.startswith(PREFIX):
        _keep_ledger(repository, update)
        return ""
    if update.new == repository.zero:
        notes.append(f"{update.remote} is deleted on the remote: nothing to judge")
        return ""
    status, out = repository.git.status("rev-parse", "--verify", "--quiet", f"{update.new}^{{commit}}", ok=(0, 1, 128))
    if status != 0:
        raise PlanfenceError(
            f"{update.local} leads to no commit, so it can't be judged", hint="push a commit, or a tag of one"
        )
    if update.old not in (repository.zero, update.new):
        status, _ = repository.git.status("merge-base", "--is-ancestor", update.old, update.new, ok=(0, 1, 128))
        if status != 0:
            notes.append(f"{update.remote} is forced: commits that the remote has are dropped")
    return out.decode().strip()


def _keep_ledger(repository: Repository, update: Update) -> None:
    """A ledger on the remote only grows."""
    if update.old == repository.zero:
        return
    status = 1
    if update.new != repository.zero:
        status, _ = repository.git.status("merge-base", "--is-ancestor", update.old, update.new, ok=(0, 1, 128))
    if status != 0:
        raise PlanfenceError(f"{update.remote} is a ledger: it only grows", hint="planfence sync")


def _protected(
    repository: Repository, sources: Sources, remote: str, tips: dict[str, Update]
) -> tuple[str, str, tuple[str, ...]]:
    """Return the protected branch's name, its commit as far as it is known (or empty), and what to leave out.

    Its name is the policy's at the remote's own HEAD where that is known, otherwise at the first tip.
    """
    git = repository.git
    name = Policy().base
    for ref in (f"refs/remotes/{remote}/HEAD", *tips):
        status, out = git.status("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", ok=(0, 1, 128))
        policy = sources.policy(out.decode().strip()) if status == 0 else None
        if policy is not None:
            name = policy.base
            break
    told = [update.old for update in tips.values() if update.remote == f"refs/heads/{name}"]
    for ref in (*told, f"refs/remotes/{remote}/{name}"):
        status, out = git.status("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", ok=(0, 1, 128))
        if status == 0 and ref != repository.zero:
            commit = out.decode().strip()
            return name, commit, (commit,)
    return name, "", ()


def _policies(sources: Sources, objects: Objects, tip: str, base: str) -> tuple[Policy, ...]:
    """The policies that a tip answers to: its first parent's, and the protected branch's."""
    raw = objects.read(tip)
    lines = raw.data.decode("utf-8", "replace").split("\n\n", 1)[0].splitlines() if raw else []
    parents = [line.split(" ")[1] for line in lines if line.startswith("parent ")]
    found = []
    for commit in (*parents[:1], base):
        try:
            policy = sources.policy(commit) if commit else None
        except BadFile:
            policy = Policy()
        if policy is not None:
            found.append(policy)
    return tuple(found)


def _is_gated(sources: Sources, objects: Objects, tip: str, base: str) -> bool:
    return any("push" in policy.tests.required for policy in _policies(sources, objects, tip, base))


def _runs_itself(repository: Repository, sources: Sources, objects: Objects, tip: str, base: str) -> bool:
    """Whether a missing gate is run then and there: the user's word, or the policy's."""
    if repository.environment.get("PLANFENCE_RUN_TESTS") == "1":
        return True
    policies = _policies(sources, objects, tip, base)
    return any(policy.tests.run_at_push or _is_rerun(policy) for policy in policies)


def _is_rerun(policy: Policy) -> bool:
    return policy.trust.evidence == "rerun"


def _run(repository: Repository, tip: str, *, again: bool) -> bool:
    passed_on = PassedOn(err=True)

    def tell(text: str) -> None:
        passed_on.end()
        say(f"planfence: {text}", err=True)

    target = target_of(repository, rev=tip)
    # At the push only the policy's own command counts; the criteria were `advance`'s business.
    own = {key: each for key, each in target.commands.items() if each[0] == TESTS and not key.startswith("acceptance")}
    teller = Teller(tell, passed_on.take, lambda *_: None)
    try:
        return run_tests(repository, replace(target, commands=own), teller, again=again).passed
    finally:
        passed_on.end()
