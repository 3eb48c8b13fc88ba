"""Plans as files: a new one, what one says, and the plan lint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planfence import POLICY_PATH
from planfence.change import reader, write
from planfence.errors import BadFile, Fault, PlanfenceError
from planfence.files.state import told, write_new
from planfence.finding import Finding, Report, Severity
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.judge.attribution import active_task
from planfence.judge.sources import Sources, policy_at_hand, require_policy, worktree_policy
from planfence.manifest.plan import Plan
from planfence.manifest.planfile import load_plan
from planfence.manifest.policy import Policy
from planfence.manifest.tablereader import did_you_mean
from planfence.plan.starters import Brief, plan_text, short_plan
from planfence.records import dataclass, replace
from planfence.rules.lint.base import LintContext, LintRule, RepositoryPaths


def policy_for_plans(repository: Repository) -> Policy:
    """Return HEAD's policy, else the worktree's.

    Raises :class:`PlanfenceError` in a bare repository, which has no files of plans.
    """
    if repository.bare:
        raise PlanfenceError("a bare repository has no plans to write or read", hint="do it in a clone")
    found = policy_at_hand(repository)
    return require_policy(found.policy if found else None)


def require_in_force(repository: Repository) -> None:
    """Raise :class:`PlanfenceError` if HEAD has no policy: no task can start there."""
    found = Sources(repository.objects).policy(reader.head(repository))
    if found is None and worktree_policy(repository) is not None:
        raise PlanfenceError(
            f"{POLICY_PATH} is not committed yet, so no task can start",
            hint=f"git add {POLICY_PATH} .gitignore && git commit -m 'chore: add planfence'",
        )
    require_policy(found)


@dataclass(frozen=True, slots=True)
class Written:
    """A new plan: its place, and what the lint says of it; an error means that it was not written."""

    place: Path
    report: Report = Report()


def said_plan(repository: Repository, plan_id: str, said: Brief) -> Written:
    """Write a plan of one task from what somebody said of it, if the lint finds no error in it."""
    policy = policy_for_plans(repository)
    text = short_plan(plan_id, said, policy.limits.estimate_min)
    path = policy.plan_path(plan_id)
    found = lint_plan(text.encode(), path, policy, tracked(repository))
    report = Report((path,), tuple(found))
    return Written(repository.top / path if report.refused else write_plan(repository, plan_id, text), report)


def new_plan(repository: Repository, plan_id: str) -> Path:
    """Write the commented starter where the plan belongs, and return its place; never overwrites."""
    return write_plan(repository, plan_id, plan_text(plan_id))


def commit_plan(repository: Repository, plan_id: str) -> str:
    """Commit a plan alone, whatever else is staged; return the commit's id."""
    path = policy_for_plans(repository).plan_path(plan_id)
    return write.commit_alone(repository, [path], f"docs: plan {plan_id}")


def write_plan(repository: Repository, plan_id: str, text: str) -> Path:
    """Write a plan's text where it belongs, and return its place; never overwrites."""
    hint = f"open it, or choose another id; `planfence plan show {plan_id}` says what is in it"
    return write_at(repository, policy_for_plans(repository).plan_path(plan_id), text, hint)


def write_at(repository: Repository, path: str, text: str, hint: str) -> Path:
    """Write a plan's text at a path, and return its place; ``hint`` says what to do if something is there already."""
    place, free = repository.top / path, not write.left_out(repository, path)
    with told(place):
        if free:
            _own_folder(repository, path)
    if not (free and write_new(place, text.encode())):
        raise PlanfenceError(f"{path} exists already", hint=hint)
    return place


def _own_folder(repository: Repository, path: str) -> None:
    """Make the folder that a plan goes into; a link could lead out of the repository, so it is refused."""
    place = repository.top
    for part in path.split("/")[:-1]:
        place = place / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise PlanfenceError(f"{place.relative_to(repository.top)} is not a folder", hint="make it one")
        place.mkdir(exist_ok=True)


def plan_ids(repository: Repository, policy: Policy) -> list[str]:
    """Return the ids of the plans in the worktree, sorted."""
    there = {place.stem for place in (repository.top / policy.plans).glob("*.toml")}
    return sorted(there.union(filter(None, map(policy.plan_id, write.left_out(repository, policy.plans)))))


def read_plan(repository: Repository, policy: Policy, plan_id: str) -> Plan:
    """Return a plan as it stands in the worktree; raises :class:`PlanfenceError` if there is none."""
    path = policy.plan_path(plan_id)
    data = plan_bytes(repository, path)
    if data is None:
        ids = plan_ids(repository, policy)
        hint = did_you_mean(plan_id, ids) if ids else f"write one: `planfence plan new {plan_id}`"
        raise PlanfenceError(f"there is no plan {path}", hint=hint)
    return load_plan(data, path)[0]


def shown_plans(repository: Repository, plan_id: str | None) -> list[Plan]:
    """Return the plan to show: the one that is named, the active task's, else all."""
    policy = policy_for_plans(repository)
    wanted = plan_id or active_task(repository).partition("/")[0]
    if wanted:
        return [read_plan(repository, policy, wanted)]
    ids = plan_ids(repository, policy)
    if not ids:
        raise PlanfenceError(f"there is no plan in {policy.plans}/", hint="write one: `planfence plan new ID`")
    return [read_plan(repository, policy, each) for each in ids]


def plan_bytes(repository: Repository, path: str) -> bytes | None:
    """Return a plan's bytes in the worktree; a link in its place, or a folder, is a fault of the plan."""
    data = write.read_checked_out(repository, path)
    place = repository.top / path
    if data is None and (place.is_symlink() or place.exists()):
        raise BadFile((Fault(path, 0, 0, "is not a regular file", "replace the link by the file itself"),))
    return data


@dataclass(frozen=True, slots=True)
class Linted:
    """What the lint found: findings of the plans that could be read, faults of those that could not."""

    report: Report
    faults: tuple[Fault, ...]


def lint(repository: Repository, cwd: Path, names: Sequence[str] = ()) -> Linted:
    """Lint plans in the worktree, named by id or by file; without a name all of them.

    Raises :class:`PlanfenceError` if there is no policy, no plan or no such plan.
    """
    policy = policy_for_plans(repository)
    places = [_place(repository, policy, cwd, name) for name in names]
    places = places or [policy.plan_path(each) for each in plan_ids(repository, policy)]
    if not places:
        raise PlanfenceError(f"there is no plan in {policy.plans}/", hint="write one: `planfence plan new ID`")
    tree = tracked(repository)
    findings: list[Finding] = []
    faults: list[Fault] = []
    for path in dict.fromkeys(places):
        try:
            data = plan_bytes(repository, path)
            if data is None:
                raise PlanfenceError(f"there is no plan {path}", hint="`planfence plan show` lists them")
            findings += lint_plan(data, path, policy, tree)
        except BadFile as bad:
            faults += bad.faults
    return Linted(Report(tuple(dict.fromkeys(places)), tuple(findings)), tuple(faults))


def lint_plan(data: bytes, path: str, policy: Policy, tree: RepositoryPaths | None = None) -> list[Finding]:
    """Lint one plan's text: errors and warnings as the policy weighs them, in the order of the file.

    Raises :class:`BadFile` for a plan that can't be read.
    """
    plan, source = load_plan(data, path)
    ctx = LintContext(plan, policy, source, tree)
    findings: list[Finding] = []
    for rule in lint_rules():
        severity = policy.rules.get(rule.code, policy.rules.get(rule.name, rule.severity))
        if severity is not Severity.OFF:
            for finding in rule.check(ctx):
                lighter = finding.severity is Severity.WARN and rule.severity is Severity.ERROR
                findings.append(finding if lighter else replace(finding, severity=severity))
    return sorted(findings, key=lambda finding: (finding.line, finding.column, finding.code))


def lint_committed(repository: Repository, policy: Policy, commit: str, plan_id: str) -> tuple[Finding, ...]:
    """Lint a plan as a commit has it, among that commit's files; nothing if the commit has no such plan."""
    path = policy.plan_path(plan_id)
    blob = repository.objects.read(f"{commit}:{path}")
    if blob is None or blob.type != "blob":
        return ()
    tree = RepositoryPaths.of(frozenset(reader.tree_paths(repository, commit)))
    return tuple(lint_plan(blob.data, path, policy, tree))


def lint_rules() -> tuple[LintRule, ...]:
    """Return the lint rules, which are loaded only if somebody asks for them."""
    from planfence.rules.lint import LINT_RULES

    return LINT_RULES


def tracked(repository: Repository) -> RepositoryPaths:
    """Return the paths in the index."""
    names = repository.git.run("ls-files", "-z", "--full-name", "--", ":/")
    return RepositoryPaths.of(frozenset(paths.decode(name) for name in names.split(b"\0") if name))


def _place(repository: Repository, policy: Policy, cwd: Path, name: str) -> str:
    """Return the path from the top of the repository of a plan that a person or a hook named."""
    if "/" not in name and not name.endswith(".toml"):
        return policy.plan_path(name)
    place = (cwd / name).parent.resolve() / (cwd / name).name
    top = repository.top.resolve()
    if not place.is_relative_to(top):
        raise PlanfenceError(f"{name} is outside the repository", hint="name a plan of this repository")
    return place.relative_to(top).as_posix()
