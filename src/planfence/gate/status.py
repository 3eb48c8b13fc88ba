"""Where the work stands: plan, task, stage, files, minutes, and what the next gate asks for."""

from __future__ import annotations

import time

from planfence.finding import Finding
from planfence.gate.gate import blocks
from planfence.gate.requests import Request, waiting
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.judge.situation import Scene, look
from planfence.ledger.stages import Stage
from planfence.ledger.transitions import Kind
from planfence.log.writer import log_path
from planfence.manifest.plan import Criterion
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """One task at a glance. ``minutes`` since its start in the run log (None: not begun there, or ended)."""

    scene: Scene
    touched: tuple[str, ...]
    outside: tuple[str, ...]
    untouched: tuple[str, ...]
    minutes: float | None
    tested: bool
    met: tuple[tuple[Criterion, bool], ...]
    blocked: tuple[Finding, ...]
    asked: tuple[Request, ...] = ()


def status(repository: Repository, wanted: str = "", *, epoch: float | None = None) -> Status:
    """Describe a task (the active one unless another is named) without changing anything."""
    scene = look(repository, wanted)
    changed = _changed(scene)
    patterns = scene.task.patterns
    touched = tuple(path for path in changed if paths.matches(patterns, path))
    governed = scene.policy.governs
    outside = tuple(path for path in changed if not paths.matches(patterns, path) and not governed(path))
    untouched = tuple(each for each in patterns if not any(paths.matches((each,), path) for path in changed))
    runs = scene.runs
    answers = scene.state.answers(scene.tree)
    met = tuple((each, _is_met(each, scene, answers)) for each in scene.task.acceptance)
    moving = scene.stage in (Stage.IMPLEMENT, Stage.REVIEW)
    return Status(
        scene,
        touched,
        outside,
        untouched,
        _minutes(scene, time.time() if epoch is None else epoch),
        any(run.passed for run in runs),
        met,
        blocks(scene, "advance") if moving else (),
        tuple(each for each in waiting(repository) if each.task == scene.name),
    )


def _is_met(each: Criterion, scene: Scene, answers: object) -> bool:
    assert isinstance(answers, dict)
    if each.run:
        runs = scene.runs
        return any(r.name == each.id and r.command == each.run and r.passed for run in runs for r in run.results)
    reply = answers.get(each.id)
    return reply is not None and reply[0].met


def _changed(scene: Scene) -> tuple[str, ...]:
    """The paths that differ from where the work began, committed, staged, modified or new."""
    git = scene.repository.git
    found: set[bytes] = set()
    options = ("-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    began = _began(scene)
    if began:
        found.update(git.run("diff-tree", *options, "--no-relative", began, scene.head, "--").split(b"\0"))
    if not scene.repository.bare:
        found.update(git.run("diff-index", *options, "--no-relative", "HEAD", "--").split(b"\0"))
        found.update(git.run("ls-files", "-z", "--others", "--exclude-standard", "--full-name").split(b"\0"))
    logs = {scene.policy.log, scene.policy.run_log}
    return tuple(sorted(path for raw in found if raw and (path := paths.decode(raw)) not in logs))


def _began(scene: Scene) -> str:
    """Where the task was started, if HEAD still has that commit and the base has not; else the branch's base."""
    start = next((move.commit for move in scene.state.moves if move.kind is Kind.START), "")
    base = "" if scene.base == scene.head else scene.base
    if _is_ancestor(scene, start, scene.head) and (not base or _is_ancestor(scene, base, start)):
        return start
    return base if _is_ancestor(scene, base, scene.head) else ""


def _is_ancestor(scene: Scene, older: str, newer: str) -> bool:
    """Whether ``newer`` has ``older``; not where either is missing, as a pruned start is after a rebase."""
    return (
        bool(older) and scene.repository.git.status("merge-base", "--is-ancestor", older, newer, ok=(0, 1, 128))[0] == 0
    )


def _minutes(scene: Scene, epoch: float) -> float | None:
    """Minutes since the task's last start in the run log, None where it is not running."""
    path = log_path(scene.repository, scene.policy.run_log)
    if path is None:
        return None
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        name, edge, when = [*line.rsplit(",", 2), "", ""][:3]
        if name == scene.name:
            return (epoch - float(when)) / 60 if edge == "start" and when.replace(".", "", 1).isdigit() else None
    return None
