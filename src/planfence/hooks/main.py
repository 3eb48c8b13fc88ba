"""Runs one git hook by name: the full check behind the shims' fast path, and behind `planfence hook`.

Imports no click: it runs on every refused commit and on every push.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from planfence import env
from planfence.errors import ExitCode, PlanfenceError
from planfence.gitio.repository import Repository, open_repository
from planfence.hooks import full
from planfence.hooks.full import HookResult
from planfence.hooks.notes import told_as, was_left
from planfence.judge.advice import next_steps
from planfence.judge.verdicts import CheckResult
from planfence.log import hookruns
from planfence.records import replace
from planfence.render import text as view
from planfence.terminal import emit, emit_error, ended, say, wants_colour

NAMES = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "post-commit")


def run(name: str, arguments: tuple[str, ...], stdin: bytes = b"") -> int:
    """Run a hook in the current directory, and log the run; return its exit code.

    commit-msg judges as pre-commit first if that has left it to do so: same verdict, same words, same lines.
    """
    repository = open_repository(env.current(), Path.cwd())
    before: CheckResult | None = None
    if name == "commit-msg" and was_left(repository):
        text = full.read_message(full.message_file(repository, arguments))
        refused, before = _run(repository, "pre-commit", (), text=text)
        if refused:
            return refused
    return _run(repository, name, arguments, stdin, before=before)[0]


def _run(
    repository: Repository,
    name: str,
    arguments: tuple[str, ...],
    stdin: bytes = b"",
    *,
    text: str | None = None,
    before: CheckResult | None = None,
) -> tuple[int, CheckResult | None]:
    began = time.monotonic()
    try:
        result = _dispatch(repository, name, arguments, stdin, before)
    except PlanfenceError as error:
        _warn(hookruns.failed(repository, name, began))
        if b" refs/planfence/" not in stdin and hookruns.observes(repository):
            emit_error(error)  # the ledger alone is kept whole in any mode
            return int(ExitCode.CLEAN), None
        raise
    outcome = result.outcome
    report = outcome.report
    steps = next_steps(repository, outcome, text=text if result.text is None else result.text, edited=result.edited)
    colour = wants_colour(repository.environment, sys.stderr)
    fresh = replace(report, findings=tuple(each for each in report.findings if told_as(each) not in result.told))
    emit(view.render(fresh, steps, colour=colour, task=outcome.attribution.task), err=True)
    for warning in result.warnings:
        _warn(warning)
    _warn(hookruns.ran(repository, name, outcome, began))
    return int(ExitCode.FINDINGS if report.refused and name != "post-commit" else ExitCode.CLEAN), outcome


def _warn(warning: str) -> None:
    if warning:
        say(f"planfence: {warning}", err=True)


def _dispatch(
    repository: Repository, name: str, arguments: tuple[str, ...], stdin: bytes, before: CheckResult | None
) -> HookResult:
    if name in ("pre-commit", "pre-merge-commit"):
        return full.pre_commit(repository)
    if name == "commit-msg":
        return full.commit_msg(repository, full.message_file(repository, arguments), before)
    if name == "post-commit":
        return full.post_commit(repository)
    if name == "pre-push":
        return full.pre_push(repository, arguments, stdin)
    raise PlanfenceError(f"there is no hook {name}", hint=f"one of {', '.join(NAMES)}")


def main(name: str, arguments: tuple[str, ...], stdin: bytes | None = None) -> int:
    """Run a hook as a process of its own, if nothing above catches the error.

    ``stdin`` is what a light entry has read already.
    """
    if stdin is None:
        stdin = sys.stdin.buffer.read() if name == "pre-push" and not sys.stdin.isatty() else b""
    return ended(partial(run, name, arguments, stdin))
