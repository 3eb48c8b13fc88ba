"""What is installed here, and what would not run: a list of checks that return data.

A check is a function from :class:`Bench` to findings, in the tuple of :func:`_checks`. To add
one, write it beside what it looks at and name it there.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from planfence import POLICY_PATH
from planfence.change import reader
from planfence.env import Environment
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.files.state import read_active_task
from planfence.gitio.repository import Repository, open_repository
from planfence.gitio.run import OLDEST_GIT, Git, git_version
from planfence.judge.sources import Sources, policy_at_hand, worktree_policy
from planfence.log.writer import log_path
from planfence.manifest.plan import Plan
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.plan.plans import plan_bytes, plan_ids
from planfence.records import dataclass


class Health(StrEnum):
    """``WELL`` works; ``ODD`` works otherwise than one may think; ``BROKEN`` would not run."""

    WELL = "ok"
    ODD = "note"
    BROKEN = "fails"


class Diagnosis(NamedTuple):
    """What was looked at, how it is, what was seen, and what to type or change (empty: nothing)."""

    health: Health
    subject: str
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """What checks look at: the repository, and the policy in force (the defaults if none can be read)."""

    repository: Repository
    policy: Policy

    @property
    def environment(self) -> Environment:
        """The environment of the process."""
        return self.repository.environment


def examine(environment: Environment, cwd: Path) -> list[Diagnosis]:
    """Run every check; what stops one is itself a diagnosis, and the others still run."""
    found: list[Diagnosis] = []
    try:
        found += _git(Git(cwd, environment))
        repository = open_repository(environment, cwd)
        if repository.bare:
            return [*found, Diagnosis(Health.BROKEN, "repository", "is bare: nobody commits in it")]
    except PlanfenceError as error:
        return [*found, Diagnosis(Health.BROKEN, "repository", error.message, error.hint)]
    bench = Bench(repository, _policy(repository))
    for check in _checks():
        try:
            found += check(bench)
        except PlanfenceError as error:
            if all(error.message != each.seen for each in found):
                found.append(Diagnosis(Health.BROKEN, check.__name__, error.message, error.hint))
    return found


def _git(git: Git) -> Iterator[Diagnosis]:
    version = git_version(git)
    said = ".".join(map(str, version)) or "of no known version"
    if version < OLDEST_GIT:
        oldest = ".".join(map(str, OLDEST_GIT))
        yield Diagnosis(Health.BROKEN, "git", f"{said} is older than {oldest}", f"install git {oldest} or later")
    else:
        yield Diagnosis(Health.WELL, "git", said)


def _policy(repository: Repository) -> Policy:
    """The policy that says what to look at: HEAD's, else the worktree's, else the defaults."""
    try:
        found = policy_at_hand(repository)
        return found.policy if found else Policy()
    except PlanfenceError:
        return Policy()


def policy(bench: Bench) -> Iterator[Diagnosis]:
    """Whether a policy is in force, and whether the one in the worktree can be read."""
    try:
        in_force = Sources(bench.repository.objects).policy(reader.head(bench.repository))
    except PlanfenceError as error:
        hint = error.hint if isinstance(error, CouldNotCheck) else "fix it in a commit of its own"
        yield Diagnosis(Health.BROKEN, "policy at HEAD", error.message, hint)
        return
    try:
        found = worktree_policy(bench.repository)
    except (BadFile, CouldNotCheck) as error:
        yield Diagnosis(Health.BROKEN, "policy", error.message)
        return
    if found is None:
        fix = "planfence init" if in_force is None else f"git checkout HEAD -- {POLICY_PATH}"
        yield Diagnosis(Health.BROKEN, "policy", f"there is no {POLICY_PATH} in this worktree", fix)
        return
    if in_force is None:
        files = " ".join(map(shlex.quote, (POLICY_PATH, *found.policy.shared)))
        fix = f"git add {files} && git commit"
        yield Diagnosis(Health.ODD, "policy", "is not committed: nothing is enforced yet", fix)
    else:
        yield Diagnosis(Health.WELL, "policy", "is in force")


def plans(bench: Bench) -> Iterator[Diagnosis]:
    """Whether every plan of the worktree can be read, and whether the active task is in one."""
    read: dict[str, Plan | None] = {}
    for plan_id in plan_ids(bench.repository, bench.policy):
        name = bench.policy.plan_path(plan_id)
        try:
            read[plan_id] = parse_plan(plan_bytes(bench.repository, name) or b"", name)
        except PlanfenceError as error:
            read[plan_id] = None
            yield Diagnosis(Health.BROKEN, name, error.message)
    if not read:
        yield Diagnosis(Health.ODD, "plans", f"there is none in {bench.policy.plans}/", "planfence plan new NAME")
    task = read_active_task(bench.repository.state_dir)
    if task:
        plan_id, _, task_id = task.partition("/")
        plan = read.get(plan_id)
        if plan is not None and plan.task(task_id) is not None:
            yield Diagnosis(Health.WELL, "task", task)
        elif plan is None and plan_id in read:
            what = f"the plan of the active task {task} can't be read"
            yield Diagnosis(Health.BROKEN, "task", what, f"planfence plan lint {plan_id}")
        else:
            yield Diagnosis(Health.BROKEN, "task", f"the active task {task} is in no plan", "planfence start TASK")


def tests(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the program that the policy tests with is there."""
    command = bench.policy.tests.command
    if not command:
        fix = f"set `command` under `[tests]` in {POLICY_PATH}"
        yield Diagnosis(Health.ODD, "tests", "the policy names no test command", fix)
        return
    try:
        words = shlex.split(command)
    except ValueError as error:
        yield Diagnosis(Health.BROKEN, "tests", f"the test command can't be read: {error}")
        return
    program = next((word for word in words if "=" not in word.partition("/")[0]), "")
    found = shutil.which(program, path=bench.environment.get("PATH")) or (
        "/" in program and os.access(bench.repository.top / program, os.X_OK)
    )
    if found:
        yield Diagnosis(Health.WELL, "tests", command)
    else:
        yield Diagnosis(Health.BROKEN, "tests", f"{program} was not found", "install it, or change the test command")


def logs(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the logs can be written, and are neither tracked nor offered for a commit."""
    for name in dict.fromkeys((bench.policy.log, bench.policy.run_log)):
        path = log_path(bench.repository, name)
        if path is None:
            yield Diagnosis(Health.BROKEN, name, "leads outside the worktree: nothing is logged")
        elif path.is_dir() or not os.access(_first_that_exists(path), os.W_OK):
            yield Diagnosis(Health.BROKEN, name, f"{path} can't be written: nothing is logged")
        elif bench.repository.git.run("ls-files", "-z", "--", f":(literal){name}"):
            fix = f"git rm -q --cached {shlex.quote(name)} && echo {shlex.quote(name)} >> .gitignore"
            yield Diagnosis(Health.BROKEN, name, "is tracked: a framework fails every hook that changes it", fix)
        elif bench.repository.git.status("check-ignore", "-q", "--", name)[0] != 0:
            yield Diagnosis(Health.ODD, name, "is not ignored", "planfence init")
        else:
            yield Diagnosis(Health.WELL, name, "can be written")


def _first_that_exists(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def cache(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the compiled plans can be kept; without them every commit takes the slow way."""
    path = bench.repository.cache_dir
    place = _first_that_exists(path)
    if not place.is_dir() or not os.access(place, os.W_OK):
        # A folder may be the git directory itself: nothing but a file in the way is ever to be removed.
        fix = f"{'chmod u+w' if place.is_dir() else 'rm'} {shlex.quote(str(place))}"
        yield Diagnosis(Health.ODD, "cache", f"{place} can't be written: commits are judged the slow way", fix)
    elif path.exists():
        unread = [entry.name for entry in path.iterdir() if not entry.is_file() or not os.access(entry, os.R_OK)]
        if unread:
            yield Diagnosis(
                Health.ODD, "cache", f"holds what is not a cache: {', '.join(sorted(unread))}", f"rm -r {path}"
            )


def records(bench: Bench) -> Iterator[Diagnosis]:
    """What 0.1.0 wrote into the ledger that says less than a record does now."""
    from planfence.ledger.records import read_book
    from planfence.ledger.transitions import MoveKind

    moves = read_book(bench.repository).moves
    task = read_active_task(bench.repository.state_dir)
    begun = [move for move in moves if move.task == task and move.kind is MoveKind.START]
    if begun and not any(move.claim for move in begun):
        seen = f"{task} was started by 0.1.0: it claims no file, and other tasks may start on its own"
        yield Diagnosis(Health.ODD, "claim", seen, f"planfence start {task}")
    unbound = sum(not move.added for move in moves)
    if unbound and bench.policy.trust.evidence == "signed":
        seen = f"{unbound} stage moves of 0.1.0 name no place, and don't count where evidence is signed"
        yield Diagnosis(Health.ODD, "ledger", seen, "planfence status")


def doors(bench: Bench) -> Iterator[Diagnosis]:
    """Whether this shell leaves a door open for every commit."""
    if bench.environment.get("PLANFENCE_URGENT"):
        yield Diagnosis(Health.ODD, "PLANFENCE_URGENT", "is set: commits pass as urgent", "unset PLANFENCE_URGENT")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        if bench.environment.get(name):
            yield Diagnosis(Health.ODD, name, "is set: every git command here works on that one", f"unset {name}")


def _checks() -> tuple[Callable[[Bench], Iterator[Diagnosis]], ...]:
    # They speak in the words that are defined here.
    from planfence.setup import doctor_agentgit, doctor_agents, doctor_hooks

    return (
        policy,
        plans,
        doctor_hooks.hooks,
        doctor_hooks.framework,
        doctor_agents.agents,
        doctor_agentgit.gits,
        doctor_agents.model,
        tests,
        logs,
        cache,
        records,
        doors,
    )
