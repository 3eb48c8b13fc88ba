"""The forecast of a task: the plan's, or what whoever begins it says before the work begins."""

from __future__ import annotations

from planfence.judge.situation import Scene
from planfence.ledger.stages import HUMAN, Stage
from planfence.report.trial import running

#: After so many days a plan's estimate was made in another situation.
OLD_DAYS = 14


def to_ask(scene: Scene, now: int) -> float | None:
    """The plan's estimate (minutes) if a person should be asked for theirs, None if the plan's is taken.

    A person who begins a task is asked while a trial runs, whose comparison rests on forecasts, and where the plan
    has no estimate or is older than :data:`OLD_DAYS`. An agent is never asked, nor is anybody twice: a forecast that
    is made after work began, or after the flow is known, is none.
    """
    if scene.model != HUMAN or scene.stage is not Stage.PLAN:
        return None
    planned = float(scene.task.estimate_min)
    path = scene.policy.plan_path(scene.plan.id)
    repository = scene.repository
    written = repository.git.text("log", "-1", "--format=%ct", "HEAD", "--", f":(top,literal){path}").strip()
    is_old = written.isdecimal() and now - int(written) > OLD_DAYS * 86_400
    return planned if running(repository) is not None or not planned or is_old else None
