"""`plan amend`: a commit of its own that widens one task, with index and worktree left as they were."""

from __future__ import annotations

from planfence.change import message as messages
from planfence.change import write
from planfence.change.alone import Copies, commit_files, one_at_a_time, unedited
from planfence.change.governing import entry, is_plain, tree_entries
from planfence.errors import PlanfenceError
from planfence.finding import Report
from planfence.gitio import paths
from planfence.gitio.repository import Repository, branch_of
from planfence.identity import detect
from planfence.judge import check
from planfence.judge.attribution import team_trailers
from planfence.judge.sources import Sources, require_policy
from planfence.log.writer import record
from planfence.manifest.amendment import Amendment, amend
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.manifest.tablereader import did_you_mean, quoted
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Amended:
    """What came of it: the commit (empty if it was refused), the plan's new version, notes for the user."""

    commit: str
    path: str
    version: int
    report: Report
    policy: Policy
    notes: tuple[str, ...] = ()


def amend_plan(repository: Repository, plan_id: str, wanted: Amendment) -> Amended:
    """Commit the plan with more paths in one task, by plumbing: nothing else that is staged or edited is touched.

    Index and worktree take the new plan, so both must be as HEAD has it.

    Raises :class:`PlanfenceError` if there is no commit, no policy or no such plan or task,
    if the plan has changes of the user's own, or in the middle of a merge or rebase.
    """
    why = "".join(char for char in " ".join(wanted.why.split()) if char.isprintable())
    if not why:
        raise PlanfenceError("an amendment needs a reason", hint='say it: `--why "…"`')
    with one_at_a_time(repository, "amend the plan") as head:
        return _amend(repository, head, plan_id, Amendment(wanted.task_id, wanted.adds, why, wanted.change))


def _amend(repository: Repository, head: str, plan_id: str, wanted: Amendment) -> Amended:
    objects = repository.objects
    if not head:
        hint = "write the path into the plan, and commit it with the policy"
        raise PlanfenceError("there is no commit yet, so no plan to amend", hint=hint)
    policy = require_policy(Sources(objects).policy(head))
    if own := [path for path in wanted.adds if policy.governs(path)]:
        hint = "a person changes it, in a commit of its own"
        raise PlanfenceError(f"{quoted(own[0])} decides what may change, so no task has it", hint=hint)
    before = _before(repository, head, policy, plan_id)
    assert before.head is not None
    old = objects.read(before.head.id)
    assert old is not None
    # A pattern is not enough for a link or a submodule either (SCP005).
    literal = tuple(path for path in wanted.adds if paths.fault(path) is None and _is_special(repository, path))
    data = amend(old.data, before.path, wanted, (*policy.protected, *literal))
    task, model = f"{plan_id}/{wanted.task_id}", detect(repository.environment, policy.identity)
    text = team_trailers(_message(task, wanted, model), policy, model)
    commit, report = commit_files(
        repository, head, [(before, data)], text, lambda made: check.check_commit(repository, made).report
    )
    notes = _notes(repository, policy, task, model) if commit else ()
    return Amended(commit, before.path, parse_plan(data, before.path).version, report, policy, notes)


def _before(repository: Repository, head: str, policy: Policy, plan_id: str) -> Copies:
    """Find the plan, and make sure that nobody's edits of it would be lost."""
    path = policy.plan_path(plan_id)
    if entry(repository.objects, head, path) is None:
        there = tree_entries(repository.objects, f"{head}:{policy.plans}")
        names = [policy.plan_id(f"{policy.plans}/{name}") for name in there]
        hint = did_you_mean(plan_id, [name for name in names if name]) if any(names) else "commit the plan first"
        if (repository.top / path).exists():
            hint = "it is not committed yet: write the path into it, and commit it"
        raise PlanfenceError(f"there is no plan {path} at HEAD", hint=hint)
    return unedited(repository, head, path)


def _is_special(repository: Repository, path: str) -> bool:
    """Whether the index has the path as a link or a submodule."""
    found = write.index_entry(repository.git, path)
    return found is not None and not is_plain(found.entry)


def _message(task: str, wanted: Amendment, model: str) -> str:
    """The commit's message: what was added and why, with the trailers that the commit-msg hook would write."""
    listed = "\n".join(f"    {each}" for each in wanted.adds)
    trailers = f"{messages.TASK_TRAILER}: {task}\n{messages.MODEL_TRAILER}: {model}"
    subject = f"chore: amend the plan {task.partition('/')[0]}"
    return f"{subject}\n\nWhy: {wanted.why}\n\nThe task's files now include:\n\n{listed}\n\n{trailers}\n"


def _notes(repository: Repository, policy: Policy, task: str, model: str) -> tuple[str, ...]:
    notes = []
    if not branch_of(repository):
        notes.append("HEAD is detached: the amendment is on no branch yet (`git switch -c NAME` keeps it)")
    warning = record(repository, policy, event="amend", result="accepted", task=task, model=model)
    return (*notes, warning) if warning else tuple(notes)
