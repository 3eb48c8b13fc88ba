"""From one mixed change to one commit for each theme: propose, and carry out."""

from __future__ import annotations

import time
from collections.abc import Sequence

from planfence.app import check
from planfence.app.hooks import trailers
from planfence.app.rarenames import rare_names
from planfence.app.sources import Sources
from planfence.app.verdicts import Claim, Verdicts, claim_of, split_task
from planfence.core import message as messages
from planfence.core.finding import Report
from planfence.core.hunks import Unit, units_of
from planfence.core.judged import Judged, Kind
from planfence.core.kinds import judge
from planfence.core.pathclass import classify
from planfence.core.split import Group, Guide, propose
from planfence.core.splitplan import SplitPlan, check_complete, cut
from planfence.core.splitsteps import Step, steps_of
from planfence.core.stages import Stage
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio import changes
from planfence.gitio.commits import parse_commit
from planfence.gitio.compose import (
    author_line,
    author_of,
    commit_chain,
    committer,
    new_objects,
    publish,
    staged_tree,
    store,
    trees_of,
)
from planfence.gitio.hunks import read_files
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.tryout import try_tree
from planfence.records import dataclass, field, replace

#: A split is asked for, so proofs may take longer than in a hook (seconds).
_BUDGET_S = 5.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is split: a change from ``base_tree`` to ``tree`` on top of ``parents``.

    ``base`` is the commit that the branch is at (empty: unborn), which the result replaces
    (``commit``) or follows. ``author`` keeps the author of a commit that is replaced.
    """

    base: str
    parents: tuple[str, ...]
    base_tree: str
    tree: str
    claim: Claim
    words: str = ""
    commit: bool = False
    author: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A subject, its units with their kinds, and the plan for them."""

    subject: Subject
    judged: tuple[Judged, ...]
    plan: SplitPlan


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of carrying a plan out.

    ``report`` says what the rules found in the new commits; where it refuses, or where
    ``failed`` names the commit on which the command failed, nothing was changed.
    """

    commits: tuple[str, ...]
    report: Report
    failed: str = ""


def subject_of(repository: Repository, revision: str | None) -> Subject:
    """Return the staged change, or the last commit as ``revision`` names it.

    Raises :class:`PlanfenceError` where there is nothing to split or it is not the last commit.
    """
    if repository.bare:
        raise PlanfenceError("a bare repository has no index to split", hint="run it in a worktree")
    head = changes.head(repository)
    if revision is not None:
        return _commit(repository, head, changes.resolve(repository, revision))
    for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"):
        if (repository.git_dir / name).exists():
            raise PlanfenceError(
                "another operation is half done in this worktree (see `git status`)", hint="finish it first"
            )
    tree = staged_tree(repository)
    base_tree = repository.git.text("rev-parse", f"{head}^{{tree}}") if head else repository.empty_tree()
    if tree == base_tree:
        raise PlanfenceError(
            "nothing is staged", hint="stage the mixed change, or name the last commit: `planfence split --commit HEAD`"
        )
    return Subject(head, (head,) if head else (), base_tree, tree, _staged_claim(repository, head))


def _staged_claim(repository: Repository, head: str) -> Claim:
    """What the commits will say of themselves, with the stage that the task is in."""
    claim = check.staged_claim(repository)
    if not claim.task or not head:
        return claim
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        policy = sources.policy(head)
        if policy is None:
            return claim
        state = Verdicts(repository, objects, sources, history=(head,)).facts(policy, claim.task).state(claim.task)
    return replace(claim, stage=str(state.stage), rework=state.round)


def _commit(repository: Repository, head: str, wanted: str) -> Subject:
    if wanted != head:
        raise PlanfenceError(
            f"{wanted[:12]} is not the last commit",
            hint=f"run `git rebase -i {wanted[:12]}^`, mark it `edit`, and split it there",
        )
    with Objects(repository.git) as objects:
        raw = objects.read(head)
        if raw is None:
            raise CouldNotCheck(f"{head} can't be read", hint="run `git fsck`")
        commit = parse_commit(raw)
    if len(commit.parents) > 1:
        raise PlanfenceError(f"{head[:12]} is a merge", hint="split the commits that it merges")
    parent = commit.parents[0] if commit.parents else ""
    base_tree = repository.git.text("rev-parse", f"{parent}^{{tree}}") if parent else repository.empty_tree()
    claim = claim_of(messages.parse(commit.message))
    author = author_of(raw)
    return Subject(head, commit.parents, base_tree, commit.tree, claim, commit.message, commit=True, author=author)


def analyse(repository: Repository, subject: Subject, cuts: Sequence[tuple[str, int, int]] = ()) -> tuple[Judged, ...]:
    """Read the change's units and their kinds; a cut hunk's parts keep the kind of the whole."""
    units = units_of(read_files(repository.git, subject.base_tree, subject.tree))
    if not units:
        raise PlanfenceError("the commit changes nothing", hint="there is nothing to split")
    judged = judge(units, time.monotonic, _BUDGET_S)
    if not cuts:
        return judged
    kinds = {one.unit.id: one.kind for one in judged}

    def kind_of(unit: Unit) -> Kind:
        identity = unit.id
        while identity not in kinds:
            identity = identity.rpartition(".")[0]
        return kinds[identity]

    return tuple(Judged(unit, kind_of(unit), classify(unit.path)) for unit in cut(units, cuts))


def make_proposal(repository: Repository, subject: Subject, *, words: str = "", fine: bool = False) -> Proposal:
    """Propose groups by the plan in force; ``fine`` divides behaviour by the rare names that hunks share."""
    judged = analyse(repository, subject)
    guide = _guide(repository, subject, words)
    if fine:
        guide = replace(guide, names=rare_names(repository, subject.tree, judged))
    groups = _of_open_tasks(repository, subject, propose(judged, guide))
    return Proposal(subject, judged, SplitPlan(subject.base, subject.tree, groups))


def _of_open_tasks(repository: Repository, subject: Subject, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """Name another task than the active one only where it is being implemented.

    A group that is left without one comes in by the small door, or is refused by the rules.
    """
    others = {group.task for group in groups if group.task and group.task != subject.claim.task}
    if not others:
        return groups
    head = subject.parents[0]
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        verdicts = Verdicts(repository, objects, sources, history=(head,))
        policy = sources.policy(head)
        assert policy is not None
        open_tasks = {name for name in others if verdicts.facts(policy, name).state(name).stage is Stage.IMPLEMENT}
    closed = others - open_tasks
    return tuple(replace(group, task="") if group.task in closed else group for group in groups)


def _guide(repository: Repository, subject: Subject, words: str) -> Guide:
    words = words or subject.words
    plan_id, task_id = split_task(subject.claim.task)
    governor = subject.parents[0] if subject.parents else ""
    if not task_id or not governor:
        return Guide(words=words)
    with Objects(repository.git) as objects:
        sources = Sources(objects)
        plan = sources.plan(sources.at(governor), plan_id)
    task = plan.task(task_id) if plan else None
    return Guide(plan, task, words or (task.title if task and _is_subject(task.title) else ""))


def _is_subject(title: str) -> bool:
    """Whether a task's title is a Conventional Commits subject already."""
    return bool(messages.parse(title).types)


def take_plan(repository: Repository, subject: Subject, plan: SplitPlan) -> Proposal:
    """Take an edited plan for this change.

    Raises :class:`PlanfenceError` where it is for another change, or loses or doubles a unit.
    """
    if (plan.base, plan.tree) != (subject.base, subject.tree):
        raise PlanfenceError(
            "the split plan is for another change: HEAD or what is staged is not what it was",
            hint="make a new one with `planfence split --json`",
        )
    judged = analyse(repository, subject, plan.cuts)
    groups = tuple(group for group in plan.groups if group.units)
    plan = replace(plan, groups=groups)
    check_complete(plan, [one.unit for one in judged])
    return Proposal(subject, judged, plan)


def apply(repository: Repository, proposal: Proposal, command: str = "") -> Applied:
    """Make the commits and move the branch to the last one, or change nothing.

    Every tree is judged by the rules as the push would, then tried with ``command``. Raises
    :class:`CouldNotCheck` where the last tree is not the staged one or the branch has moved.
    """
    subject, groups = proposal.subject, proposal.plan.groups
    units = {one.unit.id: one.unit for one in proposal.judged}
    steps = steps_of([[units[identity] for identity in group.units] for group in groups])
    said = [_message(group, subject) for group in groups]
    trees, commits = _made(repository, subject, steps, said)
    excluded = [f"^{parent}" for parent in subject.parents]
    report = check.check_revisions(repository, [commits[-1], *excluded]).report
    if report.refused:
        return Applied(commits, report)
    for commit, tree, group in zip(commits, trees, groups, strict=True):
        tried = try_tree(repository, tree, command) if command else None
        if tried is not None and tried.status != 0:
            first = group.message.partition("\n")[0]
            failed = f"`{command}` failed ({tried.status}) on {commit[:12]} {first}\n{tried.tail}".rstrip()
            return Applied(commits, report, failed)
    what = "commit" if subject.commit else "staged change"
    publish(repository, commits[-1], subject.base, f"planfence split: one {what} into {len(commits)}")
    return Applied(commits, report)


def _made(
    repository: Repository, subject: Subject, steps: Sequence[Step], said: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make and store the trees and commits; nothing points at them yet."""
    who = committer(repository)
    with Objects(repository.git) as objects:
        new = new_objects(repository, objects)
        trees = trees_of(new, subject.base_tree, steps)
    if trees[-1] != subject.tree:
        raise CouldNotCheck(
            "the composed commits do not end in the change that was to be split; nothing was changed",
            hint="please report this, with the output of `planfence split --json`",
        )
    author = author_line(subject.author) if subject.author else who.author if who else b""
    if who is None or not author or any("\0" in message for message in said):
        store(repository, new)
        return trees, commit_chain(repository, trees, said, subject.parents, subject.author)
    commits = new.chain(trees, said, subject.parents, author, who.committer)
    store(repository, new)
    return trees, commits


def _message(group: Group, subject: Subject) -> str:
    """The group's message with the trailers that the commit-msg hook would write."""
    stage = subject.claim.stage if group.task == subject.claim.task else str(Stage.IMPLEMENT)
    claim = replace(subject.claim, task=group.task, stage=stage)
    wanted = trailers(check.Outcome(Report(), None, claim)) if group.task or claim.urgent else ()
    text = group.message if group.message.endswith("\n") else f"{group.message}\n"
    return messages.with_trailers(text, wanted, "")
