"""`planfence check`: the rules over the staged tree, a commit, a range, or the branch."""

from __future__ import annotations

import time

import click

from planfence import __version__
from planfence.app import check as use
from planfence.app import hooklog
from planfence.cli.common import emit_report, formats, here
from planfence.cli.output import emit
from planfence.errors import PlanfenceError


@click.command("check")
@click.option("--staged", is_flag=True, help="Judge the staged tree (the default where something is staged).")
@click.option("--commit", "revision", metavar="REV", help="Judge one commit against its real parent.")
@click.option("--range", "span", metavar="A..B", help="Judge every commit that B has and A has not.")
@formats
def command(staged: bool, revision: str | None, span: str | None, output: str) -> int:
    """Judge a change by the plan and the policy that stand before it.

    Without options: the staged tree, or with nothing staged the branch since its merge base.
    Exit codes: 0 clean, 1 refused, 2 a bad plan, policy or usage, 3 could not check.
    """
    if sum((staged, revision is not None, span is not None)) > 1:
        raise PlanfenceError("--staged, --commit and --range exclude each other", hint="name one of them")
    began, repository = time.monotonic(), here()
    if revision is not None:
        outcome = use.check_commit(repository, revision, thorough=True)
    elif span is not None:
        outcome = use.check_span(repository, span)
    elif staged or not use.nothing_staged(repository):
        outcome = use.check_staged(repository, thorough=True)
    else:
        outcome = use.check_branch(repository)
    use.require_policy(outcome.policy)
    if hooklog.in_hook(repository):
        warning = hooklog.ran(repository, "check", outcome, began)
        emit(f"planfence: {warning}\n" if warning else "", err=True)
    return emit_report(outcome, output, version=__version__)
