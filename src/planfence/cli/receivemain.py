"""The pre-receive hook without click: a server waits for it on every push."""

from __future__ import annotations

import sys
from pathlib import Path

from planfence import env
from planfence.boundary.receive import receive
from planfence.errors import ExitCode
from planfence.gitio.repository import open_repository
from planfence.judge.advice import next_steps
from planfence.render import text
from planfence.terminal import emit, ended


def main() -> int:
    """Judge the push that git tells on standard input; return the exit code."""
    return ended(_judge)


def _judge() -> int:
    repository = open_repository(env.current(), Path.cwd())
    outcome = receive(repository, sys.stdin.buffer.read())
    report = outcome.report
    emit(text.render(report, next_steps(repository, outcome, far=True)), err=True)
    if report.refused:
        emit(text.summary(report), err=True)
    return int(ExitCode.FINDINGS if report.refused else ExitCode.CLEAN)
