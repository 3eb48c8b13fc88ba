"""What a push brings, as the pre-push hook and a server see it alike: refs that may not move so, and tips to judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeVar

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.finding import Finding, Report
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Heads
from planfence.judge.check import Terms
from planfence.judge.ranges import BRANCH, Protected, TipRange
from planfence.judge.verdicts import CheckResult
from planfence.ledger.records import Basis, Reading
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules import protected_ref

#: Where our own refs stand.
OWN = "refs/planfence/"

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One ref of a push, by its full name there: the ids before and after (zeros: none)."""

    old: str
    new: str
    ref: str


@dataclass(slots=True)
class Incoming:
    """The tips to judge as (full ref, commit), and what is already wrong with the refs themselves."""

    tips: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def sort_out(
    repository: Repository,
    objects: Objects,
    protected: Protected | None,
    branches: Heads,
    updates: Iterable[RefUpdate],
    error: type[PlanfenceError] = CouldNotCheck,
) -> Incoming:
    """Tell tips from deletions, and refuse what loses commits of a guarded branch or makes a branch no commit.

    Raises ``error`` for a ref that leads to no commit.
    """
    found = Incoming()
    for update in updates:
        branch = update.ref.removeprefix(BRANCH) if update.ref.startswith(BRANCH) else ""
        # The branch by which the protected one is found never loses a commit either.
        guarded = protected is not None and (branch == branches.default or protected.policy.guards(branch))
        kept = bool(branch) and guarded
        if update.new == repository.zero:
            if kept:
                found.findings.append(protected_ref.about(update.ref, "would be deleted"))
            continue
        tip = objects.commit(update.new)
        if not tip:
            raise error(
                f"{update.ref} leads to no commit, so it can't be judged", hint="push a commit, or a tag of one"
            )
        if branch and tip != update.new:
            found.findings.append(protected_ref.about(update.ref, "would be a tag, not a commit"))
        if kept and update.old != repository.zero and not repository.git.is_ancestor(update.old, tip):
            found.findings.append(protected_ref.about(update.ref, "would lose commits that it has"))
        found.tips.append((update.ref, tip))
    return found


def weighed(findings: Iterable[Finding], policy: Policy | None) -> list[Finding]:
    """Return what was found of refs as the policy weighs it.

    What would lose records of the ledger is refused in any mode: nothing could bring them back.
    """
    lax = policy is not None and policy.observes
    return [replace(each, observed=lax and each.code == protected_ref.RULE.code) for each in findings]


def terms_at(repository: Repository, protected: Protected, span: TipRange, book: Reading) -> Terms:
    """Return what the protected branch holds a tip to, evidence apart."""
    return Terms(
        protected.policy,
        Basis(protected.commit, book),
        apart=span.commits_apart(repository),
        leaving=True,
        landed=span.tip if span.lands else "",
        guarded=span.guarded,
    )


def together(
    outcomes: Sequence[CheckResult], policy: Policy | None, findings: Sequence[Finding] = (), notes: Iterable[str] = ()
) -> CheckResult:
    """Put the outcomes of several tips together, each finding and note once.

    ``findings`` are of the refs themselves: what is wrong with them, no commit can put right.
    """
    reports = [outcome.report for outcome in outcomes]
    report = Report(
        _once(report.judged for report in reports),
        _once([findings, *(report.findings for report in reports)]),
        _once([notes, *(report.notes for report in reports)]),
        {name: subject for report in reports for name, subject in report.subjects.items()},
    )
    return CheckResult(
        report,
        policy,
        unmarked=_once(outcome.unmarked for outcome in outcomes),
        past_hooks=_once(outcome.past_hooks for outcome in outcomes),
        reverts=sum(outcome.reverts for outcome in outcomes),
        tasks=_once(outcome.tasks for outcome in outcomes),
        refusal=None if findings else next((outcome.refusal for outcome in outcomes if outcome.refusal), None),
    )


def _once(parts: Iterable[Iterable[Each]]) -> tuple[Each, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
