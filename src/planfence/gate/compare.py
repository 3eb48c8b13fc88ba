"""Comparing two candidate branches for one task; the comparison is recorded."""

from __future__ import annotations

from dataclasses import asdict

from planfence.change import message as messages
from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.gate.comparing import Candidate, Preference, decide
from planfence.gate.testrun import RunProgress, run_in_export, run_tests
from planfence.gate.testtarget import Target, target_of
from planfence.gitio.repository import Repository
from planfence.judge import check
from planfence.judge.attribution import active_task
from planfence.ledger.intoto import Statement
from planfence.ledger.proofs import latest
from planfence.ledger.records import Basis, believed_proofs, new_id, now, write_entry
from planfence.log import writer as log_writer
from planfence.records import dataclass, replace
from planfence.risks import summary as summaries

#: Our own predicate: two candidates, what was measured, and the verdict.
COMPARISON = "urn:planfence:comparison:v1"


@dataclass(frozen=True, slots=True)
class Compared:
    """Both candidates, the verdict, the task (empty: none), and a warning of the log."""

    candidates: tuple[Candidate, Candidate]
    verdict: Preference
    task: str
    warning: str = ""


def compare(repository: Repository, first: str, second: str, teller: RunProgress, *, task: str = "") -> Compared:
    """Measure two candidates and decide; both are tested in exports of their own trees.

    Raises :class:`PlanfenceError` if they have no common base, or are the same commit.
    """
    commits = [reader.resolve(repository, name) for name in (first, second)]
    if commits[0] == commits[1]:
        raise PlanfenceError(f"{first} and {second} are the same commit", hint="name two candidate branches")
    base = repository.git.text("merge-base", *commits, ok=(0, 1))
    if not base:
        raise PlanfenceError(f"{first} and {second} have no common base", hint="name two branches of one repository")
    task = task or _task_of(repository, base, commits)
    measured = [
        _measure(repository, name, commit, base, task, teller)
        for name, commit in zip((first, second), commits, strict=True)
    ]
    (a, policy_holder), (b, _) = measured
    verdict = decide(a, b)
    predicate = {
        "id": new_id(),
        "task": task,
        "base": base,
        "candidates": [
            asdict(each) | {"kinds": list(each.kinds), "unmet": list(each.unmet), "proven": list(each.proven)}
            for each in (a, b)
        ],
        "winner": verdict.winner,
        "by": verdict.by,
        "why": verdict.why,
        "at": now(),
    }
    digests = {"gitTree": repository.objects.tree_of(commits[0]), "gitCommit": commits[0]}
    policy = policy_holder.policy
    write_entry(repository, policy, Statement(COMPARISON, predicate, digests))
    warning = log_writer.record(
        repository, policy, event="compare", result=verdict.winner or verdict.by, task=task, why=verdict.why
    )
    return Compared((a, b), verdict, task, warning)


def _task_of(repository: Repository, base: str, commits: list[str]) -> str:
    """Return the one task that the candidates' commits name in their trailers, or this worktree's active one."""
    out = repository.git.text("log", "--format=%B%x00", "--no-show-signature", *commits, f"^{base}")
    named = {
        value
        for body in out.split("\0")
        for key, value in messages.parse_trailers(body.strip())
        if key.lower() == messages.TASK_TRAILER.lower()
    }
    if len(named) > 1:
        raise PlanfenceError(f"the candidates name several tasks: {', '.join(sorted(named))}", hint="name one: --task")
    return next(iter(named), "") or active_task(repository)


def _measure(
    repository: Repository, name: str, commit: str, base: str, task: str, teller: RunProgress
) -> tuple[Candidate, Target]:
    target = target_of(repository, task, rev=commit)
    in_export = replace(target, policy=replace(target.policy, tests=replace(target.policy.tests, where="export")))
    teller.say(f"{name}: tests")
    ran = run_tests(repository, in_export, teller)
    unmet: tuple[str, ...] = ()
    checked = [each for each in (target.plan.constraints if target.plan else ()) if each.run]
    if checked and not ran.why:
        teller.say(f"{name}: constraints")
        commands = {f"constraint {number}": (each.text, each.run) for number, each in enumerate(checked)}
        results = run_in_export(repository, in_export, commands, teller)
        unmet = tuple(result.name for result in results if not result.passed)
    report = check.check_range(repository, base, commit, check.Terms(basis=Basis(book=lambda: ran.book))).report
    found = summaries.between(repository, base, commit, name)
    lines = sum(len(file.added) + len(file.removed) for file in found.files)
    kinds = tuple(dict.fromkeys(each.risk.name for each in found.found))
    believed = believed_proofs(repository, ran.book, target.policy, target.tree)
    proof = latest(believed, target.tree, target.task_name)
    told = (
        (str(proof.change.answer) if proof.change else "", proof.decided) if proof and not proof.flaky else ("", (0, 0))
    )
    return Candidate(
        name, commit, ran.why, unmet, len(report.errors), found.weight, kinds, len(found.files), lines, *told
    ), target
