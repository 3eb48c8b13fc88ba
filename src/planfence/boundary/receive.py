"""A server's pre-receive hook: every ref of a push, judged by the protected branch as it was before (githooks(5)).

Everything is read: in the quarantine, refs can't be moved and nothing is written. What a client
says of itself (push options, its environment) is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from planfence.boundary.ledgerpush import judge_ledger
from planfence.boundary.verify import bypassed, policy_at
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.finding import Finding, Report
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.judge import check
from planfence.judge.check import Outcome, Terms
from planfence.judge.verdicts import Refusal
from planfence.ledger.refs import Ledger, Tips
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules import protected_ref

#: Everything of ours on a server stands here.
OWN = "refs/planfence/"


@dataclass(frozen=True, slots=True)
class Update:
    """One line of a pre-receive hook's input: the ids before and after (zeros: none), and the full ref."""

    old: str
    new: str
    ref: str


@dataclass(frozen=True, slots=True)
class Protected:
    """The protected branch as it is before the push, and its policy."""

    ref: str
    commit: str
    policy: Policy


@dataclass(slots=True)
class _Push:
    repository: Repository
    protected: Protected
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def receive(repository: Repository, data: bytes) -> Outcome:
    """Judge a push. Raises :class:`PlanfenceError` where the server has no policy, or what comes can't be read."""
    if repository.environment.get("GIT_NAMESPACE"):
        raise CouldNotCheck("a push into a git namespace can't be judged", hint="give each project a repository")
    updates = parse(repository, data)
    protected = find_protected(repository)
    push = _Push(repository, protected)
    tips: dict[str, list[str]] = {}
    # One process answers for all refs: thousands of tags may come at once.
    with Objects(repository.git) as objects:
        for update in updates:
            if update.ref.startswith(OWN):
                push.findings += judge_ledger(repository, update.old, update.new, update.ref)
            else:
                for tip in _tip(push, objects, update):
                    tips.setdefault(tip, []).append(update.ref)
        ledger = _ledger_after(repository, objects, updates)
    unknown = _unknown(repository, tips, protected.commit)
    outcomes = [_judge(repository, protected, tip, ledger) for tip in unknown]
    bad = [ref for tip, outcome in zip(unknown, outcomes, strict=True) if outcome.report.refused for ref in tips[tip]]
    if bad and len(bad) < len(updates):
        push.notes.append(f"of {len(updates)} refs, {', '.join(bad)} brought what is refused; a push is taken whole")
    report = _merge([outcome.report for outcome in outcomes], push)
    unmarked = dict.fromkeys(name for outcome in outcomes for name in outcome.unmarked)
    whole = Outcome(report, protected.policy, unmarked=tuple(unmarked), refusal=_first(push, outcomes))
    return replace(whole, report=replace(report, notes=report.notes + bypassed(whole)))


def _first(push: _Push, outcomes: Iterable[Outcome]) -> Refusal | None:
    """The first commit that is refused, where no ref is refused as such."""
    return None if push.findings else next((each.refusal for each in outcomes if each.refusal), None)


def parse(repository: Repository, data: bytes) -> tuple[Update, ...]:
    """Read `<old> <new> <ref>` lines. Raises :class:`CouldNotCheck` for anything else."""
    found: list[Update] = []
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        fields = line.split(" ", 2)
        if len(fields) != 3 or not all(_is_id(repository, each) for each in fields[:2]) or fields[2][:5] != "refs/":
            raise CouldNotCheck("a pre-receive line can't be read", hint="git runs this hook; nobody else should")
        found.append(Update(*fields))
    return tuple(found)


def _is_id(repository: Repository, text: str) -> bool:
    return len(text) == len(repository.zero) and not set(text) - set("0123456789abcdef")


def find_protected(repository: Repository) -> Protected:
    """Return the protected branch: that which the policy at the server's own HEAD names.

    Raises :class:`PlanfenceError` where there is none, or it has no policy.
    """
    status, out = repository.git.status("symbolic-ref", "--quiet", "HEAD", ok=(0, 1, 128))
    head = out.decode("utf-8", "surrogateescape").strip() if status == 0 else ""
    commit = _commit(repository, head) if head else ""
    if not commit:
        raise PlanfenceError(
            "this server has no default branch yet, so nothing says what a push is held to",
            hint="push the first commits, with the policy, before `planfence install --server`",
        )
    policy = policy_at(repository, commit)
    ref = f"refs/heads/{policy.base}"
    if ref == head:
        return Protected(ref, commit, policy)
    there = _commit(repository, ref)
    if not there:
        raise PlanfenceError(f"the policy's base {policy.base} is no branch here", hint="create it, or set `base`")
    return Protected(ref, there, policy_at(repository, there))


def _commit(repository: Repository, name: str) -> str:
    status, out = repository.git.status("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=(0, 1, 128))
    return out.decode().strip() if status == 0 else ""


def _peeled(objects: Objects, identifier: str) -> str:
    """Return the commit that an id leads to, empty where it is none."""
    found = objects.find(f"{identifier}^{{commit}}")
    return found[0] if found else ""


def _tip(push: _Push, objects: Objects, update: Update) -> list[str]:
    """Return the commit to judge, if there is one; note and refuse what happens to the ref itself."""
    zero = push.repository.zero
    guarded = update.ref == push.protected.ref
    if update.new == zero:
        if guarded:
            push.findings.append(protected_ref.about(update.ref, "would be deleted"))
        return []
    tip = _peeled(objects, update.new)
    if not tip:
        raise CouldNotCheck(
            f"{update.ref} would lead to something that is no commit, so it can't be judged",
            hint="push a commit, or a tag of one",
        )
    if update.ref.startswith("refs/heads/") and tip != update.new:
        push.findings.append(protected_ref.about(update.ref, "would be a tag, not a commit"))
    if guarded and update.old != zero and not _is_ancestor(push.repository, update.old, tip):
        push.findings.append(protected_ref.about(update.ref, "would lose commits that it has"))
    return [tip]


def _is_ancestor(repository: Repository, old: str, new: str) -> bool:
    return repository.git.status("merge-base", "--is-ancestor", old, new, ok=(0, 1, 128))[0] == 0


def _unknown(repository: Repository, tips: Iterable[str], base: str) -> list[str]:
    """Keep the tips that the protected branch does not have; one question for all."""
    tips = list(tips)
    if not tips:
        return []
    question = "".join(f"{tip}\n" for tip in (*tips, f"^{base}")).encode()
    new = set(repository.git.text("rev-list", "--stdin", stdin=question).split())
    return [tip for tip in tips if tip in new]


def _ledger_after(repository: Repository, objects: Objects, updates: Iterable[Update]) -> Tips:
    """The ledger as it will be once the push is in: records may come with the commits that need them."""
    tips = Ledger(repository).tips()
    new = [u.new for u in updates if u.ref.startswith(OWN) and u.new != repository.zero]
    return replace(tips, commits=tuple(dict.fromkeys((*tips.commits, *filter(lambda c: _peeled(objects, c), new)))))


def _judge(repository: Repository, protected: Protected, tip: str, ledger: Tips) -> Outcome:
    """Judge one tip by itself, so that the verdict does not depend on what else is pushed with it."""
    policy = protected.policy
    gates = {tip: "push"} if "push" in policy.tests.required else {}
    terms = Terms(policy, protected.commit, gates, tips=ledger, leaving=True)
    if gates and policy.trust.evidence == "rerun":
        terms = replace(terms, reruns=_rerun(repository, protected, tip))
    return check.judge_commits(repository, [tip, f"^{protected.commit}"], terms=terms)


def _rerun(repository: Repository, protected: Protected, tip: str) -> dict[str, str]:
    if repository.environment.get("PLANFENCE_RUN_TESTS") != "1":
        raise CouldNotCheck(
            'the policy says `evidence = "rerun"`, and this server does not run what is pushed to it',
            hint="let CI verify, or set PLANFENCE_RUN_TESTS=1 in the server's environment (docs/trust.md)",
        )
    from planfence.boundary.rerun import rerun

    return rerun(repository, protected.policy, protected.commit, [tip])


def _merge(reports: Iterable[Report], push: _Push) -> Report:
    # What would lose records is refused in any mode: nothing could bring them back.
    lax = {protected_ref.RULE.code} if push.protected.policy.observes else frozenset()
    findings: dict[Finding, None] = dict.fromkeys(replace(each, observed=each.code in lax) for each in push.findings)
    judged: dict[str, None] = {}
    notes: dict[str, None] = dict.fromkeys(push.notes)
    subjects: dict[str, str] = {}
    for report in reports:
        findings |= dict.fromkeys(report.findings)
        judged |= dict.fromkeys(report.judged)
        notes |= dict.fromkeys(report.notes)
        subjects |= report.subjects
    return Report(tuple(judged), tuple(findings), tuple(notes), subjects)
