"""What the test gate runs on: a tree, what governs it, and the commands that must pass there."""

from __future__ import annotations

from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.identity import detect
from planfence.judge.attribution import active_task
from planfence.judge.check import require_policy
from planfence.judge.situation import look, merge_base
from planfence.judge.sources import Sources
from planfence.ledger.evidence import TESTS
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """One tree to test. ``commit`` is empty for the staged tree; ``trees`` are the base's and its own tree id.

    ``commands`` maps a key to (name, command line): the policy's own under `tests`, the
    criteria's under their ids.
    """

    tree: str
    commit: str
    base: str
    policy: Policy
    model: str
    plan: Plan | None = None
    task: Task | None = None
    stage: str = ""
    commands: dict[str, tuple[str, str]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)

    @property
    def task_name(self) -> str:
        """`<plan>/<task>`, empty without a task."""
        return f"{self.plan.id}/{self.task.id}" if self.plan and self.task else ""


def target_of(repository: Repository, wanted: str = "", *, rev: str = "", staged: bool = False) -> Target:
    """Find what to test: the staged tree, a commit, or HEAD.

    The policy is that of the commit's parent, as at the push; if the commit itself says
    another command, both are run. Without ``wanted`` the active task's criteria count, if one
    is active and at HEAD.
    """
    if staged and rev:
        raise PlanfenceError("--staged and --rev exclude each other", hint="give one of them")
    if staged:
        change = reader.staged(repository)
        commit, parents, tree = "", change.parents, change.tree
        base = reader.head(repository)
    else:
        change = reader.commit(repository, rev or "HEAD")
        commit, parents, tree = change.name, change.parents, change.tree
        base = ""
    sources = Sources(repository.objects)
    before = sources.policy(parents[0]) if parents else None
    after = before if staged else sources.policy(commit)
    policy = require_policy(before or after)
    lines = [each.tests.command for each in (before, after) if each is not None and each.tests.command]
    keys = (TESTS, f"{TESTS} (as the commit has it)")
    commands = {key: (TESTS, line) for key, line in zip(keys, dict.fromkeys(lines), strict=False)}
    base = base or _base_of(repository, policy, commit, parents)
    trees = {"result": tree, "base": _tree_of(repository, base)}
    target = Target(
        tree, commit, base, policy, detect(repository.environment, policy.identity), commands=commands, trees=trees
    )
    return _with_task(repository, target, wanted)


def _base_of(repository: Repository, policy: Policy, commit: str, parents: tuple[str, ...]) -> str:
    base = merge_base(repository, policy, commit)
    return base if base and base != commit else next(iter(parents), "")


def _tree_of(repository: Repository, commit: str) -> str:
    if not commit:
        return repository.git.text("mktree", stdin=b"")
    return repository.objects.tree_of(commit)


def _with_task(repository: Repository, target: Target, wanted: str) -> Target:
    """Add the task's plan, stage and criteria."""
    name = wanted or active_task(repository)
    if not name:
        return target
    scene = look(repository, name)
    own = {f"acceptance {each.id}": (each.id, each.run) for each in scene.task.acceptance if each.run}
    return Target(
        target.tree,
        target.commit,
        target.base,
        target.policy,
        target.model,
        scene.plan,
        scene.task,
        str(scene.stage),
        target.commands | own,
        target.trees,
    )
