"""What every verb shares: the repository it is in, and how it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planfence import env
from planfence.change import reader
from planfence.errors import ExitCode, PlanfenceError
from planfence.gitio.repository import Repository, open_repository
from planfence.identity import detect
from planfence.inert import inert
from planfence.judge.sources import Sources
from planfence.manifest.policy import Policy
from planfence.terminal import emit, say

if TYPE_CHECKING:
    from planfence.gate.requests import Request
    from planfence.gate.stage import Moved

FORMATS = ("text", "json", "github", "sarif", "junit")
#: Those that are about a range alone: for a request's comment, and for GitLab's code quality.
MORE_FORMATS = (*FORMATS, "markdown", "gitlab")


def here() -> Repository:
    """Return the repository of the current directory."""
    return open_repository(env.current(), Path.cwd())


def policy_of(repository: Repository) -> Policy:
    """Return the policy that says where this repository's logs are: that at HEAD, the defaults if there is none."""
    return Sources(repository.objects).policy(reader.head(repository)) or Policy()


def typist(repository: Repository) -> str:
    """Return who types, also by the team's own signs if the policy can be read."""
    try:
        own = policy_of(repository).identity
    except PlanfenceError:
        own = None
    return detect(repository.environment, own)


def formats(command: Callable[..., Any], names: tuple[str, ...] = FORMATS) -> Callable[..., Any]:
    """Add `--format` to a command, as its argument ``output``."""
    return click.option("--format", "output", type=click.Choice(names), default="text", show_default=True)(command)


def judging_formats(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--format` to a command that judges changes."""
    return formats(command, MORE_FORMATS)


def tell_request(request: Request) -> int:
    """Print that a model's wish waits for a person; return the exit code."""
    said = f"request {request.number} waits for a person: {request.wish} (why: {request.why})"
    say(f"planfence: {said}", err=True)
    return ExitCode.FINDINGS


def tell(moved: Moved, done: str, refused: str, *more: str) -> int:
    """Print what came of a move, a line each, its notes on standard error; return the exit code."""
    from planfence.render.stage_text import findings_text

    for note in moved.notes:
        say(f"planfence: {note}", err=True)
    if moved.report.findings:
        emit(findings_text(moved.report.findings) + "\n", err=moved.refused)
    if moved.refused:
        say(f"{moved.scene.name}: {refused}, {len(moved.report.errors)} in the way", err=True)
        return ExitCode.FINDINGS
    for line in (done, *more):
        say(line)
    return ExitCode.CLEAN


def asset(name: str) -> str:
    """Return the text of a stylesheet or script of the pages."""
    from importlib.resources import files

    return (files("planfence.render") / "assets" / name).read_text("utf-8")


def confirmed(question: str) -> bool:
    """Ask a person yes or no, on standard error; no if nobody answers."""
    return click.confirm(inert(question), err=True)  # noqa: TID251 - the one place that asks


def answered(question: str) -> str:
    """Ask a person for some words, on standard error."""
    answer = click.prompt(inert(question), default="", show_default=False, err=True)  # noqa: TID251 - as above
    return str(answer).strip()
