"""The line that every hook run, and every check in a hook, leaves in the benchmark log."""

from __future__ import annotations

import time

from planfence.change import reader
from planfence.errors import BadFile, PlanfenceError
from planfence.gitio.repository import Repository
from planfence.identity import detect
from planfence.judge.attribution import active_task
from planfence.judge.sources import Sources
from planfence.judge.verdicts import CheckResult
from planfence.log.writer import record
from planfence.manifest.policy import Policy


def ran(repository: Repository, event: str, outcome: CheckResult, began: float) -> str:
    """Log a run that came to a verdict; return a warning for stderr, or "".

    ``began`` is when it began, on the monotonic clock. Without a policy there is no log.
    """
    report, attribution, task = outcome.report, outcome.attribution, outcome.task
    return record(
        repository,
        outcome.policy,
        event=event,
        result="refused" if report.refused else "observed" if report.observed else "accepted",
        task=attribution.task,
        model=attribution.model,
        stage=attribution.stage,
        theme=task.theme if task else "",
        rules=sorted({finding.code for finding in report.findings}),
        files=outcome.files,
        ms=_ms(began),
        commit=report.judged[0] if event == "post-commit" and report.judged else "",
        why=attribution.urgent,
    )


def observes(repository: Repository) -> bool:
    """Whether the policy at HEAD refuses nothing; one that can't be read does not say so."""
    try:
        policy = Sources(repository.objects).policy(reader.head(repository))
    except PlanfenceError:
        return False
    return policy is not None and policy.observes


def failed(repository: Repository, event: str, began: float) -> str:
    """Log a run that ended in an error; return a warning for stderr, or "".

    If the policy itself can't be read, the log is where it stands by default.
    """
    try:
        policy = Sources(repository.objects).policy(reader.head(repository))
    except BadFile:
        policy = Policy()
    except PlanfenceError:
        return ""
    try:
        task, model = active_task(repository), detect(repository.environment)
    except PlanfenceError:
        task, model = "", ""
    return record(repository, policy, event=event, result="error", task=task, model=model, ms=_ms(began))


def _ms(began: float) -> int:
    return max(1, round((time.monotonic() - began) * 1000))
