"""A server's pre-receive hook: every ref of a push, judged by the protected branch as it was before (githooks(5)).

Everything is read: in the quarantine, refs can't be moved and nothing is written. What a client
says of itself (push options, its environment) is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.boundary.incoming import OWN, RefUpdate, sort_out, terms_at, together, weighed
from planfence.boundary.ledgerpush import judge_ledger
from planfence.boundary.policyfix import held_to
from planfence.boundary.verify import bypassed
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.finding import Finding
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Heads, heads, stands_for
from planfence.judge import check
from planfence.judge.ranges import BRANCH, Protected, Ranges, TipRange, find_protected, no_policy, protected_at
from planfence.judge.sources import Sources
from planfence.judge.verdicts import CheckResult
from planfence.ledger.records import Reading, reading
from planfence.ledger.refs import PREFIX, Ledger, Tips
from planfence.ledger.remote import first_day
from planfence.records import replace
from planfence.rules import protected_ref

#: The server's own word on which branch is protected, before any policy's (git-config(1)).
SETTING = "planfence.base"


def receive(repository: Repository, data: bytes) -> CheckResult:
    """Judge a push. Raises :class:`PlanfenceError` if the server has no policy, or what comes can't be read."""
    if repository.environment.get("GIT_NAMESPACE"):
        raise CouldNotCheck("a push into a git namespace can't be judged", hint="give each project a repository")
    updates = _resolved(repository, parse(repository, data))
    branches = server_heads(repository)
    setting = server_setting(repository)
    # One process answers for all refs: thousands of tags may come at once.
    objects = repository.objects
    sources = Sources(objects)
    ours = [update for update in updates if update.ref.startswith(OWN)]
    others = [update for update in updates if not update.ref.startswith(OWN)]
    protected = held_to(
        repository, sources, lambda each: server_protected(each, branches, setting), [u.new for u in others]
    )
    found = sort_out(repository, objects, protected, branches, others)
    days = protected.policy.ledger.retention_days
    first = first_day(days) if days else ""
    findings = [each for update in ours for each in judge_ledger(repository, update.old, update.new, update.ref, first)]
    findings += found.findings
    if not setting:
        findings += _chosen_anew(sources, protected, branches, found.tips)
    ranges = Ranges(repository, objects, protected, branches)
    spans = ranges.spans(found.tips)
    book = reading(repository, _ledger_after(repository, objects, ours))
    outcomes = [_judge(repository, protected, span, book) for span in spans]
    notes = ranges.notes + _whole(spans, outcomes, len(updates))
    whole = together(outcomes, protected.policy, weighed(findings, protected.policy), notes)
    return replace(whole, report=replace(whole.report, notes=whole.report.notes + bypassed(whole)))


def _resolved(repository: Repository, updates: Sequence[RefUpdate]) -> list[RefUpdate]:
    """The updates with symbolic refs by what they stand for, since git moves that."""
    symbolic = stands_for(repository, [update.ref for update in updates])
    return [replace(update, ref=symbolic.get(update.ref, update.ref)) for update in updates]


def server_heads(repository: Repository) -> Heads:
    """Return a server's branches; its default branch is the one that its own HEAD names."""
    found = heads(repository, BRANCH)
    head = repository.git.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1, 128))
    name = head.removeprefix(BRANCH)
    return replace(found, default=name if name in found.tips and head != name else "")


def server_setting(repository: Repository) -> str:
    """Return the protected branch by the server's own word; empty: it says none."""
    return repository.git.text("config", "--get", SETTING, ok=(0, 1)).strip().removeprefix(BRANCH)


def require_default(branches: Heads, setting: str = "") -> None:
    """Raise :class:`PlanfenceError` if neither a server's own word nor its HEAD names a branch that is there."""
    if (setting or branches.default) not in branches.tips:
        raise PlanfenceError(
            "this server has no default branch yet, so nothing says what a push is held to",
            hint="push the first commits, with the policy, before `planfence install --server`",
        )


def server_protected(sources: Sources, branches: Heads, setting: str = "") -> Protected:
    """Return the protected branch: the server's own word, else that which the policy at its HEAD names.

    Raises :class:`PlanfenceError` if there is none, or it has no policy.
    """
    if setting:
        return protected_at(sources, branches, setting, told=True)
    require_default(branches)
    found = find_protected(sources, branches)
    if found is None:
        raise no_policy(branches.tips[branches.default])
    return found


def _chosen_anew(
    sources: Sources, protected: Protected, branches: Heads, tips: Iterable[tuple[str, str]]
) -> Iterable[Finding]:
    """Refuse what would make another branch the protected one: whoever may push must not choose it."""
    for ref, tip in tips:
        if ref not in (BRANCH + branches.default, BRANCH + protected.name):
            continue
        try:
            policy = sources.policy(tip)
        except BadFile:
            continue  # that it can't be read is said of the commit
        if policy is not None and policy.base != protected.name:
            what = f"would make {policy.base} the protected branch; `git config {SETTING}` on the server is its word"
            yield protected_ref.about(ref, what)


def _whole(spans: Sequence[TipRange], outcomes: Sequence[CheckResult], count: int) -> list[str]:
    """Say which refs are to blame where others came with them."""
    pairs = zip(spans, outcomes, strict=True)
    bad = dict.fromkeys(ref for span, outcome in pairs if outcome.report.refused for ref in span.refs)
    if not bad or len(bad) >= count:
        return []
    return [f"of {count} refs, {', '.join(bad)} brought what is refused; a push is taken whole"]


def parse(repository: Repository, data: bytes) -> tuple[RefUpdate, ...]:
    """Read `<old> <new> <ref>` lines. Raises :class:`CouldNotCheck` for anything else."""
    found: list[RefUpdate] = []
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        fields = line.split(" ", 2)
        if len(fields) != 3 or not all(map(repository.is_id, fields[:2])) or fields[2][:5] != "refs/":
            raise CouldNotCheck("a pre-receive line can't be read", hint="git runs this hook; nobody else should")
        found.append(RefUpdate(*fields))
    return tuple(found)


def _ledger_after(repository: Repository, objects: Objects, updates: Iterable[RefUpdate]) -> Tips:
    """The ledger as it will be once the push is in: records may come with the commits that need them."""
    tips = Ledger(repository).tips()
    new = [u.new for u in updates if u.ref.startswith(PREFIX) and u.new != repository.zero]
    return replace(tips, commits=tuple(dict.fromkeys((*tips.commits, *filter(objects.commit, new)))))


def _judge(repository: Repository, protected: Protected, span: TipRange, book: Reading) -> CheckResult:
    """Judge one tip by itself, so that the verdict does not depend on what else is pushed with it."""
    policy = protected.policy
    gates = {span.tip: "push"} if "push" in policy.tests.required else {}
    terms = replace(terms_at(repository, protected, span, book), gates=gates)
    if gates and policy.trust.evidence == "rerun":
        terms = replace(terms, reruns=_rerun(repository, protected, span.tip))
    return check.judge_commits(repository, list(span.revisions), terms=terms)


def _rerun(repository: Repository, protected: Protected, tip: str) -> dict[str, str]:
    if repository.environment.get("PLANFENCE_RUN_TESTS") != "1":
        raise CouldNotCheck(
            'the policy says `evidence = "rerun"`, and this server does not run what is pushed to it',
            hint="let CI verify, or set PLANFENCE_RUN_TESTS=1 in the server's environment (docs/trust.md)",
        )
    from planfence.boundary.rerun import rerun

    return rerun(repository, protected.policy, protected.commit, [tip])
