"""What a push brings, as the pre-push hook and a server see it alike: refs that may not move so, and tips to judge."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.finding import Finding, Report
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Heads
from planfence.judge.ranges import BRANCH, Protected
from planfence.judge.verdicts import CheckResult, Refusal
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules import protected_ref

#: Where our own refs stand.
OWN = "refs/planfence/"


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


def merged(outcomes: Iterable[CheckResult], findings: Iterable[Finding], notes: Iterable[str]) -> Report:
    """Put the reports on several tips together, each finding and note once."""
    all_findings = dict.fromkeys(findings)
    all_notes = dict.fromkeys(notes)
    judged: dict[str, None] = {}
    subjects: dict[str, str] = {}
    for report in (outcome.report for outcome in outcomes):
        all_findings |= dict.fromkeys(report.findings)
        all_notes |= dict.fromkeys(report.notes)
        judged |= dict.fromkeys(report.judged)
        subjects |= report.subjects
    return Report(tuple(judged), tuple(all_findings), tuple(all_notes), subjects)


def first_refusal(outcomes: Iterable[CheckResult]) -> Refusal | None:
    """Return the first commit that is refused: what the next steps are about."""
    return next((outcome.refusal for outcome in outcomes if outcome.refusal), None)


def whole_of(outcomes: Iterable[CheckResult], report: Report, policy: Policy | None) -> CheckResult:
    """Put the outcomes of several tips together under one report."""
    outcomes = list(outcomes)
    unmarked = dict.fromkeys(name for outcome in outcomes for name in outcome.unmarked)
    past = dict.fromkeys(name for outcome in outcomes for name in outcome.past_hooks)
    reverts = sum(outcome.reverts for outcome in outcomes)
    return CheckResult(
        report, policy, unmarked=tuple(unmarked), past_hooks=tuple(past), reverts=reverts,
        refusal=first_refusal(outcomes),
    )  # fmt: skip
