"""The policy: the team's rules for the whole repository. Data only; `policyfile` reads it."""

from __future__ import annotations

from collections.abc import Mapping

from planfence import POLICY_PATH
from planfence.finding import Severity
from planfence.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a change and a task may be: files, added plus deleted lines, minutes (least, most)."""

    files: int = 20
    lines: int = 800
    estimate_min: tuple[int, int] = (30, 60)


@dataclass(frozen=True, slots=True)
class Unplanned:
    """The door for work without a plan: up to ``files`` paths, or urgent with a reason."""

    files: int = 2
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Tests:
    """How tests run, and what needs them (`advance`, `push`, `commit`).

    ``links`` are paths of the worktree that an export leads to instead of having its own;
    ``run_at_push`` runs a missing gate then and there. ``env``, if it names any, are the only variables that the tests
    see, apart from those that every program needs.
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


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts: plans (branch, signed, base), evidence (local, signed, rerun), and the signers' file."""

    plan: str = "branch"
    evidence: str = "local"
    signers: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
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
    trust: Trust = Trust()
    standing: tuple[Standing, ...] = ()

    @property
    def observes(self) -> bool:
        """Whether what is found refuses nothing."""
        return self.mode == "observe"

    def plan_path(self, plan_id: str) -> str:
        """Where the plan of this id stands, from the top of the repository."""
        return f"{self.plans}/{plan_id}.toml"

    def plan_id(self, path: str) -> str | None:
        """The id of the plan that stands at this path, or None where the path is no plan."""
        folder, _, name = path.rpartition("/")
        if folder == self.plans and name.endswith(".toml"):
            return name.removesuffix(".toml")
        return None

    def governs(self, path: str) -> bool:
        """Whether the path is the policy itself, a plan, or the file that says whose signature counts."""
        return path in (POLICY_PATH, self.trust.signers) or self.plan_id(path) is not None
