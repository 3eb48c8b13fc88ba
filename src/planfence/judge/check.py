"""What `check` and the boundary judge once it is committed: one commit, a range, a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from planfence import POLICY_PATH
from planfence.change import message as messages
from planfence.change import reader
from planfence.change.change import Change
from planfence.change.reader import Commits
from planfence.errors import PlanfenceError
from planfence.finding import Report
from planfence.gitio.commits import parse_commit
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead, ends_of, listed, walked
from planfence.judge.attribution import NOBODY, attribution_of
from planfence.judge.autosquash import Folding
from planfence.judge.contexts import Contexts
from planfence.judge.landing import Landing
from planfence.judge.ledgerfacts import LedgerFacts
from planfence.judge.mergedplans import MergedPlans
from planfence.judge.plaincommits import PlainCommits
from planfence.judge.ranges import Ranges, find_protected, known_heads
from planfence.judge.shares import Shares
from planfence.judge.sources import NO_POLICY, Governing, Pinned, Sources
from planfence.judge.squash import Squashes, what_landed
from planfence.judge.verdicts import CheckResult, Verdicts
from planfence.ledger.records import HERE, HISTORY, Basis, branch_base
from planfence.ledger.refs import Ledger
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Need


def check_commit(
    repository: Repository, revision: str, *, thorough: bool = False, remembers: bool = False
) -> CheckResult:
    """Judge one commit against its real parent."""
    identifier = reader.resolve(repository, revision)
    terms = Terms(basis=Basis(remembers=remembers), thorough=thorough)
    return judge_commits(repository, [identifier], walk=False, terms=terms)


def check_range(repository: Repository, base: str, head: str, terms: Terms | None = None) -> CheckResult:
    """Judge every commit that ``head`` has and ``base`` has not (full ids), each against its real parent."""
    return judge_commits(repository, [head, f"^{base}"] if base else [head], terms=terms)


def check_span(repository: Repository, span: str, ahead: Ahead | None = None) -> CheckResult:
    """Judge a range written as `A..B`; `A...B` starts at their merge base."""
    if ahead is not None:
        return check_range(repository, ahead.base, ahead.head, Terms(ahead=ahead))
    base, head = (reader.resolve(repository, end) for end in ends_of(span))
    if "..." in span:
        base = repository.git.text("merge-base", base, head)
    return check_range(repository, base, head)


@dataclass(frozen=True, slots=True)
class Terms:
    """What commits are held to beside themselves.

    ``policy`` is the protected branch's, where CI or a server judges; None: each commit's parent has its own. ``basis``
    is what the ledger is read by; its commit is that at which the policy was read. ``gates`` and ``reruns``: see
    :class:`LedgerFacts`; ``thorough`` and ``apart``: see :class:`Contexts`. ``progress`` hears how many commits are
    judged so far. ``leaving``: the commits are about to be pushed or reviewed, so that none may wait to be folded into
    another. ``ahead`` is the range, where git began to read it earlier. ``landed`` is the tip (full id) that a guarded
    branch has, or is about to have: there a forge squashes and rebases what was judged as a request. ``request`` is the
    tip (full id) of what asks to be merged into the commit ``onto``. ``guarded`` are the tips of the other guarded
    branches, which have judged commits alone.
    """

    policy: Policy | None = None
    basis: Basis = HERE
    gates: Mapping[str, str] = field(default_factory=dict)
    reruns: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None
    thorough: bool = False
    apart: frozenset[str] = frozenset()
    leaving: bool = False
    ahead: Ahead | None = None
    landed: str = ""
    request: str = ""
    onto: str = ""
    guarded: tuple[str, ...] = ()


def judge_commits(
    repository: Repository, revisions: list[str], *, walk: bool = True, terms: Terms | None = None
) -> CheckResult:
    """Judge the commits that these `rev-list` arguments name (``walk`` off: exactly those), parents first.

    If there are merges, the tree at the end is looked at too: two branches may each add
    a name that only together collide.
    """
    terms = terms or Terms()
    ahead = terms.ahead if terms.ahead and terms.ahead.revisions == revisions else None
    objects = repository.objects
    sources = Pinned(objects, terms.policy, terms.basis.base) if terms.policy else Sources(objects)
    ledger = LedgerFacts(
        repository, tuple(revisions), 0 if walk else HISTORY, terms.basis, gates={**terms.gates},
        reruns={**terms.reruns},
    )  # fmt: skip
    contexts = Contexts(
        repository, objects, sources, ledger, walks=walk, whole_merges=not walk, thorough=terms.thorough,
        apart=terms.apart,
    )  # fmt: skip
    with Landing(repository, objects, sources) as landing:
        folding = _folding(repository, terms, revisions)
        plans = MergedPlans(contexts, landing) if walk else None
        verdicts = Verdicts(contexts, Shares(contexts), landing, folding, plans, guarded=terms.guarded)
        if plans is None:
            return _judge_all(verdicts, revisions, terms, revisions)
        if terms.landed:
            landed, contexts.requests = what_landed(repository, objects, terms.landed, revisions)
            verdicts.squashes = Squashes(
                verdicts.shares, landing, plans, landed, partial(_judge_head, verdicts, terms), verdicts.notes,
            )  # fmt: skip
        return _judge_all(verdicts, revisions, terms, walked(ahead.asked) if ahead else listed(repository, revisions))


def _folding(repository: Repository, terms: Terms, revisions: Sequence[str]) -> Folding | None:
    return Folding(repository, tuple(revisions)) if terms.leaving else None


def _judge_head(outer: Verdicts, terms: Terms, head: str, without: Sequence[str]) -> tuple[bool, int]:
    """Judge what a head has and these commits have not as the request that it was; say how many commits that are."""
    repository, objects, sources = outer.contexts.repository, outer.contexts.objects, outer.contexts.sources
    revisions = [head, *(f"^{commit}" for commit in without)]
    ids = listed(repository, revisions)
    ledger = LedgerFacts(repository, tuple(revisions), 0, terms.basis)
    contexts = Contexts(repository, objects, sources, ledger, walks=True)
    plans = MergedPlans(contexts, outer.landing)
    folding = _folding(repository, terms, revisions)
    inner = Verdicts(contexts, Shares(contexts), outer.landing, folding, plans, guarded=terms.guarded)
    own = Terms(terms.policy, terms.basis, leaving=terms.leaving)
    report = _judge_all(inner, revisions, own, ids).report
    return bool(report.judged) and not report.refused, len(ids)


def _judge_all(verdicts: Verdicts, revisions: list[str], terms: Terms, ids: Sequence[str]) -> CheckResult:
    contexts = verdicts.contexts
    repository, sources, walk = contexts.repository, contexts.sources, contexts.walks
    known: dict[str, Governing] = {}
    before_policy, merged = 0, False
    attribution, count = NOBODY, 0
    governing = Governing(terms.policy, {})
    contexts.counted = walk and _counts(contexts, ids)
    plain = PlainCommits(verdicts)
    with Commits(repository, contexts.objects, lines=contexts.counted) as commits:
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
                    attribution, count = attribution_of(message), len(change.files)
                    verdicts.judge(change, governing, attribution, message)
                if walk:
                    known[name] = sources.after(governing, change)
            if terms.progress:
                terms.progress(index + 1)
    if walk and merged and governing.policy is not None:
        verdicts.judge_end(governing.policy, revisions)
    if terms.request and ids:
        verdicts.foresee(terms.onto, terms.request)
    if before_policy:
        words = f"not judged, since there was no {POLICY_PATH} before them"
        verdicts.notes.append(f"{words}: {before_policy} of the commits")
    if walk:
        attribution, count = NOBODY, len(verdicts.judged)
    return verdicts.result(governing.policy, attribution, count)


def _counts(contexts: Contexts, ids: Sequence[str]) -> bool:
    """Whether lines are counted for a whole range: by the policy that governs its first commit, or the default one."""
    if not ids:
        return False
    first = parse_commit(contexts.objects.read_many([ids[0]])[0]).parents[:1]
    policy = contexts.sources.before_judging(first[0]).policy if first else None
    return Need.LINES in contexts.rules(policy or Policy())[1]


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


def check_branch(repository: Repository) -> CheckResult:
    """Judge what this branch would bring to the protected branch, as far as that is known here."""
    head = reader.head(repository)
    known = known_heads(repository)
    objects = repository.objects
    sources = Sources(objects)
    policy = sources.policy(head)
    if policy is None:
        return CheckResult(Report((), (), (NO_POLICY,)), None)
    named = sources.policy(known.tips[known.default]) if known.default else None
    if named is not None and named.base not in known.tips:
        raise _nothing_to_compare_with(repository, named.base, known=False)
    protected = find_protected(sources, known)
    if protected is not None:
        span = Ranges(repository, objects, protected, known).own_span(head)
        revisions, base = list(span.revisions), protected.commit
    if protected is None:
        base = branch_base(repository, policy)
        revisions = [head, f"^{base}"]
    status = repository.git.status("merge-base", head, base, ok=(0, 1, 128))[0] if base else 1
    if status != 0:
        raise _nothing_to_compare_with(repository, protected.name if protected else policy.base, known=bool(base))
    outcome = judge_commits(repository, revisions)
    notes = outcome.report.notes + without_ledger(repository, outcome.report)
    return replace(outcome, report=replace(outcome.report, notes=notes), policy=policy, attribution=NOBODY)


def _nothing_to_compare_with(repository: Repository, base: str, *, known: bool) -> PlanfenceError:
    fetch = f"git fetch origin '+refs/heads/{base}:refs/remotes/origin/{base}'"
    if repository.git.is_shallow():
        return PlanfenceError(
            f"this checkout has not the whole history since it left {base}",
            hint=f"fetch it: `{fetch.replace('fetch', 'fetch --unshallow', 1)}` (in CI: fetch-depth: 0)",
        )
    if known:
        return PlanfenceError(f"this branch has nothing in common with {base}", hint="name what to judge: --range A..B")
    return PlanfenceError(
        f"no branch {base} or origin/{base} to compare with",
        hint=f"set `base` in {POLICY_PATH}, or fetch it: `{fetch}`",
    )


#: What the ledger's records could have let pass.
_BY_RECORD = ("GAT001", "GAT002", "GAT003")


def without_ledger(repository: Repository, report: Report) -> tuple[str, ...]:
    """Say what to fetch where something is refused for want of records, and none is here at all."""
    if not any(finding.code in _BY_RECORD for finding in report.errors) or Ledger(repository).tips().commits:
        return ()
    fetch = "git fetch origin 'refs/planfence/*:refs/planfence/*'"
    return (f"there is no ledger here, and a record that is not here opens no gate: `{fetch}`",)
