"""The pre-receive hook without click: a server waits for it on every push."""

from __future__ import annotations

import sys
from pathlib import Path

from planfence import env
from planfence.boundary.receive import receive
from planfence.errors import ExitCode, PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.judge.advice import next_steps
from planfence.render import text
from planfence.terminal import emit, emit_error


def main() -> int:
    """Judge the push that git tells on standard input; return the exit code."""
    try:
        repository = open_repository(env.current(), Path.cwd())
        outcome = receive(repository, sys.stdin.buffer.read())
        steps = next_steps(repository, outcome, far=True)
    except PlanfenceError as error:
        emit_error(error)
        return int(error.code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    report = outcome.report
    emit(text.render(report, steps), err=True)
    if report.refused:
        emit(text.summary(report), err=True)
    return int(ExitCode.FINDINGS if report.refused else ExitCode.CLEAN)
