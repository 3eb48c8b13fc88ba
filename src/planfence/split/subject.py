"""What a split divides: the staged change or the last commit, and what it says of itself.

Light, so that git is at work on the staged tree while what judges it is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from planfence import POLICY_PATH
from planfence.change.hunkreader import OPTIONS
from planfence.change.stagedtree import staged
from planfence.errors import PlanfenceError
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import GitObject, Objects
from planfence.gitio.repository import Repository
from planfence.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.judge.attribution import Attribution
    from planfence.ledger.stages import Facts
    from planfence.manifest.policy import Policy


@dataclass(frozen=True, slots=True)
class Subject:
    """What is split: a change from ``base_tree`` to ``tree`` on top of ``parents``.

    ``base`` is the commit that the branch is at (empty: unborn), which the result replaces
    (``commit``) or follows. ``diff`` is the change as `change.hunkreader` reads it. ``author`` keeps the author of a
    commit that is replaced. ``policy`` is the one by which the new commits are judged, ``attribution`` what they will
    say of themselves under it (None: there is no policy yet).
    """

    base: str
    parents: tuple[str, ...]
    base_tree: str
    tree: str
    diff: bytes
    words: str = ""
    commit: bool = False
    author: dict[str, str] = field(default_factory=dict)
    policy: Policy | None = None
    attribution: Attribution | None = None

    @property
    def task(self) -> str:
        """`<plan>/<task>` that the change names; empty for none."""
        return self.attribution.task if self.attribution else ""


def subject_of(
    repository: Repository, objects: Objects, revision: str | None, meanwhile: Callable[[], object] = int
) -> Subject:
    """Return the staged change, or the last commit as ``revision`` names it.

    ``meanwhile`` is called while git compares trees, such as to load what judges the change.
    Raises :class:`PlanfenceError` if there is nothing to split or it is not the last commit.
    """
    if repository.bare:
        raise PlanfenceError("a bare repository has no index to split", hint="run it in a worktree")
    raw = objects.read("HEAD")
    if revision is not None:
        return _commit(repository, objects, raw, revision, meanwhile)
    for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"):
        if os.path.exists(os.path.join(repository.git_dir_name, name)):
            raise PlanfenceError(
                "another operation is half done in this worktree (see `git status`)", hint="finish it first"
            )
    head, base_tree = (raw.id, parse_commit(raw).tree) if raw else ("", repository.empty_tree())
    tree, diff = staged(repository, base_tree, meanwhile)
    if tree == base_tree:
        raise PlanfenceError(
            "nothing is staged", hint="stage the mixed change, or name the last commit: `planfence split --commit HEAD`"
        )
    policy = _policy(objects, head)
    attribution = _staged_attribution(repository, policy, head) if policy else None
    return Subject(head, (head,) if head else (), base_tree, tree, diff, policy=policy, attribution=attribution)


def _policy(objects: Objects, commit: str) -> Policy | None:
    if not commit or objects.read(f"{commit}:{POLICY_PATH}") is None:
        return None
    from planfence.judge.sources import Sources

    return Sources(objects).policy(commit)


def _staged_attribution(repository: Repository, policy: Policy, head: str) -> Attribution:
    from planfence.judge.attribution import staged_attribution

    attribution = staged_attribution(repository)
    if not attribution.task:
        return attribution
    state = facts(repository, policy, head, attribution.task).state(attribution.task)
    return replace(attribution, stage=str(state.stage), rework=state.round)


def facts(repository: Repository, policy: Policy, head: str, task: str) -> Facts:
    """What the ledger and the trailers up to ``head`` say of the task."""
    from planfence.ledger.facts import load_facts

    return load_facts(repository, policy, (head,), [task])[0]


def _commit(
    repository: Repository, objects: Objects, raw: GitObject | None, revision: str, meanwhile: Callable[[], object]
) -> Subject:
    wanted = objects.read(f"{revision}^{{commit}}")
    if wanted is None or raw is None:
        from planfence.gitio.revisions import lacks  # only to say what is wrong

        raise lacks(repository, revision)
    if wanted.id != raw.id:
        raise PlanfenceError(
            f"{wanted.id[:12]} is not the last commit",
            hint=f"run `git rebase -i {wanted.id[:12]}^`, mark it `edit`, and split it there",
        )
    commit = parse_commit(raw)
    if len(commit.parents) > 1:
        raise PlanfenceError(f"{raw.id[:12]} is a merge", hint="split the commits that it merges")
    parent = next(iter(commit.parents), "")
    base_tree = parse_commit(objects.read_many([parent])[0]).tree if parent else repository.empty_tree()
    from planfence.gitio.isolated import BareView

    with BareView(repository) as git, git.begin("diff-tree", *OPTIONS, base_tree, commit.tree) as compared:
        meanwhile()
        diff = compared.status(ok=(0,))[1]
    policy = _policy(objects, parent)
    from planfence.split.compose import author_of

    return Subject(
        raw.id, commit.parents, base_tree, commit.tree, diff, commit.message,
        commit=True, author=author_of(raw), policy=policy,
        attribution=_said_attribution(commit.message) if policy else None,
    )  # fmt: skip


def _said_attribution(message: str) -> Attribution:
    from planfence.change.message import parse
    from planfence.judge.attribution import attribution_of

    return attribution_of(parse(message))
