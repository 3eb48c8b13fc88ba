"""What every verb shares: the repository it is in, and how it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from planfence import env
from planfence.app.check import Outcome
from planfence.app.sources import Sources
from planfence.cli.output import emit, wants_colour
from planfence.core.advice import next_steps
from planfence.core.policy import Policy
from planfence.errors import ExitCode
from planfence.gitio import changes
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository, open_repository
from planfence.render import text

FORMATS = ("text", "json", "github", "sarif", "junit")


def here() -> Repository:
    """Return the repository of the current directory."""
    return open_repository(env.current(), Path.cwd())


def policy_of(repository: Repository) -> Policy:
    """Return the policy that says where this repository's logs are: that at HEAD, the defaults where there is none."""
    with Objects(repository.git) as objects:
        return Sources(objects).policy(changes.head(repository)) or Policy()


def formats(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--format` to a command, as its argument ``output``."""
    return click.option("--format", "output", type=click.Choice(FORMATS), default="text", show_default=True)(command)


def emit_report(outcome: Outcome, output: str, *, version: str) -> int:
    """Print a report in one of the formats; return the exit code."""
    report, task = outcome.report, outcome.claim.task
    steps = next_steps(report, task=task) if report.refused else ()
    if output != "text":
        from planfence.render import machine  # loads XML, and with it half of the network
        from planfence.rules import RULES
    if output == "json":
        emit(machine.to_json(report, steps))
    elif output == "github":
        emit(machine.to_github(report))
    elif output == "sarif":
        emit(machine.to_sarif(report, RULES, version))
    elif output == "junit":
        emit(machine.to_junit(report))
    else:
        colour = wants_colour(env.current())
        emit(text.render(report, steps, colour=colour, task=task) + text.summary(report, colour))
    return int(ExitCode.FINDINGS if report.refused else ExitCode.CLEAN)
