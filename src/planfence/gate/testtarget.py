"""What the test gate runs on: a tree, what governs it, and the commands that must pass there."""

from __future__ import annotations

from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.gitio.commits import parse_commit
from planfence.gitio.repository import Repository
from planfence.identity import detect
from planfence.judge.attribution import active_task
from planfence.judge.situation import Scene, look
from planfence.judge.sources import Sources, require_policy
from planfence.ledger.evidence import TESTS
from planfence.ledger.records import Book, branch_base, read_book
from planfence.manifest.plan import Plan
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """One tree to test. ``commit`` is empty for the staged tree; ``trees`` are the base's and its own tree id.

    ``scene`` is the task, if there is one. ``left`` is the commit at which the tested one's branch left the protected
    one: empty if it did not, itself if it is on that. ``commands`` maps a key to (name, command line): the policy's own
    under `tests`, the criteria's under their ids.
    """

    tree: str
    commit: str
    base: str
    policy: Policy
    model: str
    scene: Scene | None = None
    left: str = ""
    commands: dict[str, tuple[str, str]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Plan | None:
        """The task's plan."""
        return self.scene.plan if self.scene else None

    @property
    def stage(self) -> str:
        """The task's stage, empty without a task."""
        return str(self.scene.stage) if self.scene else ""

    @property
    def task_name(self) -> str:
        """`<plan>/<task>`, empty without a task."""
        return self.scene.name if self.scene else ""

    def book(self, repository: Repository) -> Book:
        """Return the ledger as it was when the task was looked up, or as it is."""
        return self.scene.book if self.scene else read_book(repository)


def target_of(
    repository: Repository, wanted: str = "", *, rev: str = "", staged: bool = False, scene: Scene | None = None
) -> Target:
    """Find what to test: the staged tree, a commit, or HEAD.

    The policy is that of the commit's parent, as at the push; if the commit itself says
    another command, both are run. Without ``wanted`` the active task's criteria count, if one
    is active and at HEAD. ``scene`` is the task if it was looked up already.
    """
    if staged and rev:
        raise PlanfenceError("--staged and --rev exclude each other", hint="give one of them")
    if staged:
        change = reader.staged(repository)
        commit, parents, tree = "", change.parents, change.tree
    else:
        found = parse_commit(repository.objects.read_many([reader.resolve(repository, rev or "HEAD")])[0])
        commit, parents, tree = found.id, found.parents, found.tree
    sources = Sources(repository.objects)
    before = sources.policy(parents[0]) if parents else None
    after = before if staged else sources.policy(commit)
    policy = require_policy(before or after)
    lines = [each.tests.command for each in (before, after) if each is not None and each.tests.command]
    keys = (TESTS, f"{TESTS} (as the commit has it)")
    commands = {key: (TESTS, line) for key, line in zip(keys, dict.fromkeys(lines), strict=False)}
    name = wanted or active_task(repository)
    if scene is None and name:
        scene = look(repository, name)
    if scene is not None:
        commands |= {f"acceptance {each.id}": (each.id, each.run) for each in scene.task.acceptance if each.run}
    base, left = next(iter(parents), ""), ""
    if commit:
        known = scene is not None and (scene.head, scene.policy.base) == (commit, policy.base)
        left = scene.base if scene is not None and known else branch_base(repository, policy, commit)
        base = left if left not in ("", commit) else base
    # `mktree` also stores it: the ledger keeps both trees.
    trees = {"result": tree, "base": repository.objects.tree_of(base) if base else repository.git.text("mktree")}
    model = detect(repository.environment, policy.identity)
    return Target(tree, commit, base, policy, model, scene, left, commands, trees)
