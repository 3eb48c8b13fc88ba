"""What `check` and `verify` do, without click: in CI and on a long range every part of a second is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from planfence import env
from planfence.boundary import verify as verifying
from planfence.errors import ExitCode
from planfence.finding import Report
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Ahead
from planfence.judge.advice import next_steps
from planfence.judge.sources import require_policy
from planfence.judge.verdicts import CheckResult
from planfence.records import replace
from planfence.render import text
from planfence.terminal import StatusLine, emit, say, wants_colour


def check(repository: Repository, judge: Callable[[], CheckResult], output: str) -> int:
    """Judge, leave a line in the log if this is a hook, and report; return the exit code."""
    began = time.monotonic()
    outcome = judge()
    require_policy(outcome.policy)
    environment = repository.environment
    # In a hook: git hands one the index, the frameworks say their name.
    if environment.get("GIT_INDEX_FILE") or environment.get("PRE_COMMIT"):
        from planfence.log import hookruns

        if warning := hookruns.ran(repository, "check", outcome, began):
            say(f"planfence: {warning}", err=True)
    return emit_report(repository, outcome, output)


def verify(repository: Repository, span: str, output: str, ahead: Ahead | None = None) -> int:
    """Judge a range as CI does, with its progress on a terminal, and report; return the exit code."""
    with StatusLine() as line:

        def progress(number: int) -> None:
            if number % 100 == 0:
                line.show(f"{number} commits")

        outcome = verifying.verify(repository, span, progress if line.shows else None, ahead)
    _leave_summary(repository, outcome.report)
    return emit_report(repository, outcome, output, far=True)


def _leave_summary(repository: Repository, report: Report) -> None:
    """Append the report to the job's summary, if a runner has one (GitHub, Gitea and Forgejo Actions)."""
    path = repository.environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from planfence.render.markdown import to_markdown

    try:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(to_markdown(report))
    except OSError as error:
        say(f"planfence: the job's summary could not be written: {error.strerror}", err=True)


#: Formats with no place for what to fetch and what to type: in CI a job's log says it.
_WITHOUT_NOTES = ("github", "gitlab", "sarif", "junit")


def emit_report(repository: Repository, outcome: CheckResult, output: str, *, far: bool = False) -> int:
    """Print a report in one of the formats; return the exit code. ``far``: CI judged, not the clone of the author."""
    report, task = outcome.report, outcome.attribution.task
    steps = next_steps(repository, outcome, far=far)
    if output != "text":
        from planfence.render import machine  # its escapes come with half of the network library
        from planfence.rules import RULES

        emit(machine.rendered(report, output, RULES, steps), commands=output == "github")
    aside = far and output in _WITHOUT_NOTES
    if output == "text" or aside:
        colour = wants_colour(env.current()) and not aside
        told = replace(report, findings=()) if output == "github" else report  # its annotations are lines of that log
        emit(text.render(told, steps, colour=colour, task=task) + text.summary(report, colour), err=aside)
    return int(ExitCode.FINDINGS if report.refused else ExitCode.CLEAN)
