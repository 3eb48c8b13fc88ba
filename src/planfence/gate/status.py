"""Where the work stands: plan, task, stage, place, files, minutes, and what the next gate asks for."""

from __future__ import annotations

import time
from collections.abc import Mapping

from planfence.change.trees import differing
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.finding import Finding
from planfence.gate.gate import blocks
from planfence.gate.requests import Request, waiting
from planfence.gitio import paths
from planfence.gitio.repository import Repository, branch_of
from planfence.gitio.worktrees import Worktree, edits, here, opened, worktrees
from planfence.judge.attribution import active_task
from planfence.judge.situation import Scene, look
from planfence.judge.sources import Sources
from planfence.ledger.evidence import is_command
from planfence.ledger.records import base_refs, read_history
from planfence.ledger.stages import Stage
from planfence.ledger.transitions import Answer, Move, MoveKind
from planfence.log.files import read_logs
from planfence.log.writer import log_path
from planfence.manifest.plan import Criterion
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """One task at a glance. ``minutes`` since its start in the run log (None: not begun there, or ended).

    ``branch`` is that of the worktree where it was looked at, ``scene.repository``'s (empty: none).
    """

    scene: Scene
    branch: str
    touched: tuple[str, ...]
    outside: tuple[str, ...]
    untouched: tuple[str, ...]
    minutes: float | None
    tested: bool
    met: tuple[tuple[Criterion, bool], ...]
    blocked: tuple[Finding, ...]
    asked: tuple[Request, ...] = ()


def status(repository: Repository, wanted: str = "") -> Status:
    """Describe a task (the active one unless another is named) if it is worked on, without changing anything."""
    scene = look(place_of(repository, wanted), wanted)
    changed = _changed(scene)
    patterns = scene.task.patterns
    touched = tuple(path for path in changed if paths.matches(patterns, path))
    governed = scene.policy.governs
    outside = tuple(path for path in changed if not paths.matches(patterns, path) and not governed(path))
    untouched = tuple(each for each in patterns if not any(paths.matches((each,), path) for path in changed))
    answers = scene.state.answers(scene.tree)
    met = tuple((each, _is_met(each, scene, answers)) for each in scene.task.acceptance)
    moving = scene.stage in (Stage.IMPLEMENT, Stage.REVIEW)
    return Status(
        scene,
        branch_of(scene.repository),
        touched,
        outside,
        untouched,
        _minutes(scene),
        any(run.passed for run in scene.runs),
        met,
        blocks(scene, "advance") if moving else (),
        tuple(each for each in waiting(repository) if each.task == scene.name),
    )


def _is_met(each: Criterion, scene: Scene, answers: Mapping[str, tuple[Answer, Move]]) -> bool:
    if each.run:
        results = (result for run in scene.runs for result in run.results if result.name == each.id)
        return any(result.passed and is_command(result.command, each.run) for result in results)
    reply = answers.get(each.id)
    return reply is not None and reply[0].met


def place_of(repository: Repository, wanted: str) -> Repository:
    """Return the repository as seen from the worktree that works on a task, this one if none does.

    That is where it is active; else where the last commit is that says that it is of this task and that the base lacks;
    else if a plan has it. Raises :class:`PlanfenceError` if tasks of that id are active in several plans.
    """
    if not wanted:
        return repository
    known = worktrees(repository)
    own = here(repository, known)
    named = [each for each in known if each.task and wanted in (each.task, each.task.partition("/")[2])]
    tasks = sorted({each.task for each in named})
    if len(tasks) > 1:
        raise PlanfenceError(f"several plans have a task {wanted}", hint=f"name one of {', '.join(tasks)}")
    found = named or _holding(repository, known, wanted)
    return repository if not found or own in found else opened(repository, found[0])


def _holding(repository: Repository, known: tuple[Worktree, ...], wanted: str) -> list[Worktree]:
    heads = list(dict.fromkeys(each.head for each in known if each.head))
    sources = Sources(repository.objects)
    policies = {head: sources.before_judging(head).policy for head in heads}
    bases = [f"^{ref}" for policy in policies.values() if policy for ref in base_refs(repository, policy.base)]
    history = read_history(repository, [*heads, *dict.fromkeys(bases)])
    for fact in history.facts:
        if wanted in (fact.task, fact.task.partition("/")[2]):
            return [each for each in known if fact.commit in history.reachable([each.head])]
    own = [each for each in known if wanted in (each.branch, each.branch.partition("/")[2])]
    if own:  # as `start --worktree` names them
        return own
    plan_id = wanted.partition("/")[0]
    paths_of = {head: policy.plan_path(plan_id) for head, policy in policies.items() if policy}
    return [each for each in known if each.head in paths_of and sources.has(each.head, paths_of[each.head])]


def _changed(scene: Scene) -> tuple[str, ...]:
    """The paths that the work changed: since it began and in the worktree, or else those of the task's own commits.

    What is in this worktree is another task's if that one is active here, and the base's once this one is done.
    """
    active = active_task(scene.repository)
    is_here = active == scene.name or (not active and scene.stage is not Stage.DONE and scene.base != scene.head)
    found = _since_it_began(scene) if is_here else _of_its_commits(scene)
    logs = {scene.policy.log, scene.policy.run_log}
    return tuple(sorted(path for path in found if path not in logs))


def _since_it_began(scene: Scene) -> set[str]:
    """The paths that differ from where the work began: committed, staged, modified or new."""
    pairs = [(scene.head, began)] if (began := _began(scene)) else []
    found = set[str]().union(*differing(scene.repository.git, pairs).values())
    own = here(scene.repository, worktrees(scene.repository))
    for changed in edits(scene.repository, [(own.top, own.git_dir)] if own else []):
        if isinstance(changed, CouldNotCheck):
            raise changed
        found.update(changed)
    return found


def _of_its_commits(scene: Scene) -> set[str]:
    """The paths that the commits of this task changed, each against its first parent."""
    history = read_history(scene.repository, [scene.head])
    mine = history.of(scene.name)
    pairs = [(commit, next(iter(history.parents[commit]), "")) for commit in mine]
    return set[str]().union(*differing(scene.repository.git, pairs).values())


def _began(scene: Scene) -> str:
    """Where the task was started, if HEAD still has that commit and the base has not; else the branch's base."""
    start = next((move.commit for move in scene.state.moves if move.kind is MoveKind.START), "")
    base = "" if scene.base == scene.head else scene.base
    git = scene.repository.git
    if start and git.is_ancestor(start, scene.head) and (not base or git.is_ancestor(base, start)):
        return start
    return base


def _minutes(scene: Scene) -> float | None:
    """Minutes since the task's last start in the run log, None if it is not running."""
    path = log_path(scene.repository, scene.policy.run_log)
    if path is None:
        return None
    try:
        edges = [entry for entry in read_logs([path]).runs if entry.task == scene.name]
    except CouldNotCheck:
        return None
    return (time.time() - edges[-1].epoch) / 60 if edges and edges[-1].edge == "start" else None
