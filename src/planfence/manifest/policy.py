"""The policy: the team's rules for the whole repository. Data only; `policyfile` reads it."""

from __future__ import annotations

from collections.abc import Mapping

from planfence import POLICY_PATH
from planfence.finding import Severity
from planfence.manifest.budget import Budget
from planfence.manifest.trailers import Trailers
from planfence.records import dataclass, field
from planfence.tables import HUMAN

#: The folder of the policies that come from other repositories.
SHARED = ".planfence/"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a change and a task may be: files, added plus deleted lines, minutes (least, most).

    ``count_generated``: the lines of what nobody reads (lock files, generated and vendored ones, renames) count too.
    """

    files: int = 20
    lines: int = 800
    estimate_min: tuple[int, int] = (30, 60)
    count_generated: bool = False


@dataclass(frozen=True, slots=True)
class Unplanned:
    """The route for work without a plan: up to ``files`` paths, or urgent with a reason.

    ``urgent`` says whose reason counts: ``human`` (a person's), ``any`` (an agent's too), ``off``.
    """

    files: int = 2
    urgent: str = "human"

    def lets(self, model: str) -> bool:
        """Whether this one's word lets an urgent change through."""
        return self.urgent == "any" or (self.urgent == "human" and model == HUMAN)


@dataclass(frozen=True, slots=True)
class Tests:
    """How tests run, and what needs them (`advance`, `push`, `commit`).

    ``links`` are paths of the worktree that an export leads to instead of having its own;
    ``run_at_push`` runs a missing gate then and there. ``env``, if it names any, are the only variables that the tests
    see, apart from those that every program needs. ``prove`` is what `advance` asks the tests of a change by taking
    parts of it away (`off`, `change`, `hunks`), ``proven_min`` the share of its parts that must be proven, ``jobs`` how
    many trials run at once; at ``paths`` tests are kept, besides where their names say so.
    """

    command: str = ""
    setup: str = ""
    where: str = "auto"
    min_tests: int = 1
    timeout_s: int = 1800
    required: tuple[str, ...] = ("advance", "push")
    links: tuple[str, ...] = ()
    run_at_push: bool = False
    env: tuple[str, ...] = ()
    prove: str = "change"
    proven_min: float = 0.8
    jobs: int = 1
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts: plans (branch, signed, base), evidence (local, signed, rerun), and the signers' file."""

    plan: str = "branch"
    evidence: str = "local"
    signers: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """What a branch is held to: patterns for branches' names, beside the base, which is always guarded."""

    guarded: tuple[str, ...] = ()
    integration: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerKept:
    """What the ledger keeps beside its statements (prompts, diffs, outputs), where it goes, and for how long.

    ``attachments`` is `none`, `redacted` or `full`; ``remote`` a remote's name or a URL (empty: the code's);
    ``retention_days`` after how many days `ledger prune` drops attachments (0: never).
    """

    attachments: str = "redacted"
    remote: str = ""
    retention_days: int = 0


@dataclass(frozen=True, slots=True)
class StandingTask:
    """Work that comes again, without a plan and without stages: who makes it, and what it may change.

    ``authors`` are patterns for e-mail addresses, in which `*` and `?` alone mean more than themselves; ``types``
    (empty: any) are those of its messages; ``limits`` stand instead of the policy's own.
    """

    id: str
    title: str
    authors: tuple[str, ...]
    files: tuple[str, ...]
    types: tuple[str, ...] = ()
    limits: Limits = Limits()
    may_touch_protected: bool = False

    @property
    def name(self) -> str:
        """How a `Plan-Task` trailer names it."""
        return f"standing/{self.id}"


@dataclass(frozen=True, slots=True)
class Lock:
    """A key that a shared policy holds: its name as `limits.files`, what it is there, and the file that locks it.

    ``files``: that one, and those that it extends, which may be what says the value.
    """

    key: str
    value: object
    path: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy; every default serves most teams, so `schema = 1` alone is one."""

    mode: str = "enforce"
    base: str = "main"
    plans: str = "plans"
    log: str = ".ai-benchmark.csv"
    run_log: str = ".ai-run.log"
    protected: tuple[str, ...] = (
        POLICY_PATH,
        ".pre-commit-config.yaml",
        ".gitmodules",
        ".gitattributes",
        ".github/**",
    )
    rules: Mapping[str, Severity] = field(default_factory=dict)
    limits: Limits = Limits()
    unplanned: Unplanned = Unplanned()
    tests: Tests = Tests()
    rework_max: int = 2
    #: After so many hours without a record, a commit or an edit a task's claim is stale (0: never).
    stale_h: int = 24
    #: What a task may cost whose plan does not say.
    budget: Budget = Budget(0, 0, 0)
    trust: Trust = Trust()
    #: The team's own agents: a variable that one of them sets for its commands, and its model.
    identity: Mapping[str, str] = field(default_factory=dict)
    trailers: Trailers = Trailers()
    branches: Branches = Branches()
    ledger: LedgerKept = LedgerKept()
    standing: tuple[StandingTask, ...] = ()
    #: The files that it extends, also by one another, in the order in which they are merged.
    shared: tuple[str, ...] = ()
    #: Those of them that are as they were pulled, and from where.
    pulled: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[Lock, ...] = ()

    @property
    def observes(self) -> bool:
        """Whether what is found refuses nothing."""
        return self.mode == "observe"

    def guards(self, branch: str) -> bool:
        """Whether a branch (its short name) is judged whatever it holds, and never loses a commit."""
        return branch == self.base or _names(self.branches.guarded, branch)

    def integrates(self, branch: str) -> bool:
        """Whether what the remote has of this branch (its short name) is not new any more."""
        return self.guards(branch) or _names(self.branches.integration, branch)

    def ignores(self, branch: str) -> bool:
        """Whether what is pushed to this branch (its short name) is nobody's business."""
        return not self.integrates(branch) and _names(self.branches.ignored, branch)

    def plan_path(self, plan_id: str) -> str:
        """Where the plan of this id stands, from the top of the repository."""
        return f"{self.plans}/{plan_id}.toml"

    def plan_id(self, path: str) -> str | None:
        """The id of the plan that stands at this path, or None if the path is not a plan."""
        folder, _, name = path.rpartition("/")
        if folder == self.plans and name.endswith(".toml"):
            return name.removesuffix(".toml")
        return None

    def is_policy(self, path: str) -> bool:
        """Whether the path is the policy itself, or a shared one; what stands in their folder may become one."""
        return path == POLICY_PATH or path in self.shared or (path.startswith(SHARED) and path.endswith(".toml"))

    def governs(self, path: str) -> bool:
        """Whether the path is the policy, a plan, or the file that says whose signature counts."""
        return path == self.trust.signers or self.is_policy(path) or self.plan_id(path) is not None


def _names(patterns: tuple[str, ...], branch: str) -> bool:
    if not patterns:
        return False
    from planfence.gitio import paths  # few policies have patterns, and the matcher costs a hook time

    return paths.matches(patterns, branch) or paths.matches(patterns, f"refs/heads/{branch}")
