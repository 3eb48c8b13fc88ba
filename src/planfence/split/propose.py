"""From one mixed change to one commit for each theme: propose, and carry out.

Most of a short command is what it loads and how often it starts git: what judges and reads plans is loaded where
there is a policy, and one process reads all objects.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from planfence import POLICY_PATH
from planfence.change.hunkreader import files_of
from planfence.change.hunks import Unit, units_of
from planfence.change.pathclass import classify
from planfence.content.kinds import judge
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.records import dataclass, replace
from planfence.split.compose import author_line, commit_chain, committer, publish, trees_of
from planfence.split.grouping import Group, Guide, SplitPlan, bucket_of, propose
from planfence.split.newtrees import CommitStep, NewTrees, steps_of
from planfence.split.subject import Subject, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.finding import Report
    from planfence.gitio.run import Asked

#: A split is asked for, so proofs may take longer than in a hook (seconds).
_BUDGET_S = 5.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A subject, its units with their kinds, and the plan for them."""

    subject: Subject
    judged: tuple[ClassifiedUnit, ...]
    plan: SplitPlan


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of carrying a plan out.

    ``report`` says what the rules found in the new commits (None: no policy judges them); where it refuses, or where
    ``failed`` names the commit on which the command failed, nothing was changed.
    """

    commits: tuple[str, ...]
    report: Report | None
    failed: str = ""

    @property
    def refused(self) -> bool:
        """Whether a rule refuses the new commits."""
        return self.report is not None and self.report.refused


def analyse(
    objects: Objects, subject: Subject, cuts: Sequence[tuple[str, int, int]] = ()
) -> tuple[ClassifiedUnit, ...]:
    """Read the change's units and their kinds; a cut hunk's parts keep the kind of the whole."""
    units = units_of(files_of(subject.diff, objects))
    if not units:
        raise PlanfenceError("the commit changes nothing", hint="there is nothing to split")
    # A lock file can be long, and its group is known by its name.
    judged = judge(units, time.monotonic, _BUDGET_S, lambda path: bucket_of(path) is not None)
    if not cuts:
        return judged
    from planfence.split.planfile import cut

    kinds = {one.unit.id: one.kind for one in judged}

    def kind_of(unit: Unit) -> UnitKind:
        identity = unit.id
        while identity not in kinds:
            identity = identity.rpartition(".")[0]
        return kinds[identity]

    return tuple(ClassifiedUnit(unit, kind_of(unit), classify(unit.path)) for unit in cut(units, cuts))


def make_proposal(
    repository: Repository, objects: Objects, subject: Subject, *, words: str = "", fine: bool = False
) -> Proposal:
    """Propose groups by the plan in force; ``fine`` divides behaviour by the rare names that hunks share."""
    judged = analyse(objects, subject)
    guide = _guide(objects, subject, words)
    if fine:
        from planfence.split.rareidentifiers import rare_names

        guide = replace(guide, names=rare_names(repository, subject.tree, judged))
    groups = _of_open_tasks(repository, subject, propose(judged, guide))
    return Proposal(subject, judged, SplitPlan(subject.base, subject.tree, groups))


def _of_open_tasks(repository: Repository, subject: Subject, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """Name another task than the active one only if it is being implemented.

    A group that is left without one comes in by the small route, or is refused by the rules.
    """
    others = {group.task for group in groups if group.task and group.task != subject.task}
    if not others:
        return groups
    from planfence.ledger.stages import Stage

    head, policy = subject.parents[0], subject.policy
    assert policy is not None
    known = {name: facts(repository, policy, head, name).state(name).stage for name in others}
    closed = {name for name, stage in known.items() if stage is not Stage.IMPLEMENT}
    return tuple(replace(group, task="") if group.task in closed else group for group in groups)


def _guide(objects: Objects, subject: Subject, words: str) -> Guide:
    words = words or subject.words
    if not subject.task:
        return Guide(words=words)
    from planfence.change.message import parse
    from planfence.judge.attribution import split_task
    from planfence.judge.sources import Sources

    plan_id, task_id = split_task(subject.task)
    if not task_id:
        return Guide(words=words)
    sources = Sources(objects)
    plan = sources.plan(sources.at(subject.parents[0]), plan_id)
    task = plan.task(task_id) if plan else None
    is_subject = task is not None and bool(parse(task.title).types)
    return Guide(plan, task, words or (task.title if task and is_subject else ""))


def take_plan(objects: Objects, subject: Subject, plan: SplitPlan) -> Proposal:
    """Take an edited plan for this change.

    Raises :class:`PlanfenceError` if it is for another change, or loses or doubles a unit.
    """
    if (plan.base, plan.tree) != (subject.base, subject.tree):
        raise PlanfenceError(
            "the split plan is for another change: HEAD or what is staged is not what it was",
            hint="make a new one with `planfence split --json`",
        )
    from planfence.split.planfile import check_complete

    judged = analyse(objects, subject, plan.cuts)
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
    what = "commit" if subject.commit else "staged change"
    git = repository.git
    # Git looks up who commits, and starts to store what is new, while that is made.
    with git.begin("var", "-l") as asked, git.begin("unpack-objects", "-q", piped=True) as storing:
        new = NewTrees(repository)
        trees, commits = _made(repository, new, proposal, steps, asked)
        storing.say(new.pack(), brief=True)
        reason = f"planfence split: one {what} into {len(groups)}"
        with git.begin("update-ref", "-m", reason, "-z", "--stdin", piped=True, apart=True) as moving:
            storing.status(ok=(0,))
            # Git signs them, or has to say what is missing.
            commits = commits or commit_chain(repository, trees, _messages(proposal), subject.parents, subject.author)
            done = _tried(repository, proposal, trees, commits, command)
            if not done.refused and not done.failed:
                publish(repository, moving, commits[-1], subject.base)
    return done


def _tried(
    repository: Repository, proposal: Proposal, trees: Sequence[str], commits: tuple[str, ...], command: str
) -> Applied:
    """What the rules say of the commits, and the first of them on which the command fails."""
    judged = Applied(commits, _judged(repository, proposal, commits))
    if judged.refused:
        return judged
    for commit, tree, group in zip(commits, trees, proposal.plan.groups, strict=True):
        if not command:
            break
        from planfence.change.tryout import try_tree

        tried = try_tree(repository, tree, command)
        if tried.status != 0:
            first = group.message.partition("\n")[0]
            failed = f"`{command}` failed ({tried.status}) on {commit[:12]} {first}\n{tried.tail}".rstrip()
            return replace(judged, failed=failed)
    return judged


def _judged(repository: Repository, proposal: Proposal, commits: tuple[str, ...]) -> Report | None:
    """What the rules say of the new commits, as the push would; None if no policy stands before any of them."""
    subject = proposal.subject
    if subject.policy is None and all(one.unit.path != POLICY_PATH for one in proposal.judged):
        return None
    from planfence.judge import check

    excluded = [f"^{parent}" for parent in subject.parents]
    return check.judge_commits(repository, [commits[-1], *excluded]).report


def _made(
    repository: Repository, new: NewTrees, proposal: Proposal, steps: Sequence[CommitStep], asked: Asked
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the trees, and the commits where git need not make them itself."""
    subject = proposal.subject
    trees = trees_of(new, subject.base_tree, steps)
    if trees[-1] != subject.tree:
        raise CouldNotCheck(
            "the composed commits do not end in the change that was to be split; nothing was changed",
            hint="please report this, with the output of `planfence split --json`",
        )
    who, said = committer(repository, asked), _messages(proposal)
    author = author_line(subject.author) if subject.author else who.author if who else b""
    if who is None or not author or any("\0" in message for message in said):
        return trees, ()
    return trees, new.chain(trees, said, subject.parents, author, who.committer)


def _messages(proposal: Proposal) -> list[str]:
    return [_message(group, proposal.subject) for group in proposal.plan.groups]


def _message(group: Group, subject: Subject) -> str:
    """The group's message with the trailers that the commit-msg hook would write."""
    text = group.message if group.message.endswith("\n") else f"{group.message}\n"
    if subject.policy is None or subject.attribution is None:
        return text
    from planfence.change.message import with_trailers
    from planfence.judge.attribution import team_trailers, trailers

    stage = subject.attribution.stage if group.task == subject.task else "implement"
    # On a branch that holds a task's commits a small change says that it is of none, as commit-msg marks it.
    marked = bool(subject.task) and not group.task
    attribution = replace(subject.attribution, task=group.task, stage=stage, marked=marked)
    return with_trailers(
        team_trailers(text, subject.policy, attribution.model), trailers(attribution, subject.policy), ""
    )
