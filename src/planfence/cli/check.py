"""`planfence check`: the rules over the staged tree, a commit, a range, or the branch."""

from __future__ import annotations

import click

from planfence.cli import ranges
from planfence.cli.common import here, judging_formats
from planfence.errors import PlanfenceError
from planfence.judge import check as use
from planfence.judge import staged as staging
from planfence.judge.verdicts import CheckResult


@click.command("check")
@click.option("--staged", is_flag=True, help="Judge the staged tree (the default if something is staged).")
@click.option("--commit", "revision", metavar="REV", help="Judge one commit against its real parent.")
@click.option("--range", "span", metavar="A..B", help="Judge every commit that B has and A has not.")
@judging_formats
def command(staged: bool, revision: str | None, span: str | None, output: str) -> int:
    """Judge a change by the plan and the policy that stand before it.

    Without options: the staged tree, or with nothing staged the branch since its merge base.
    Exit codes: 0 clean, 1 refused, 2 a bad plan, policy or usage, 3 could not check.
    """
    if sum((staged, revision is not None, span is not None)) > 1:
        raise PlanfenceError("--staged, --commit and --range exclude each other", hint="name one of them")
    repository = here()

    def judge() -> CheckResult:
        if revision is not None:
            return use.check_commit(repository, revision, thorough=True)
        if span is not None:
            return use.check_span(repository, span)
        if staged or not staging.nothing_staged(repository):
            return staging.check_staged(repository, thorough=True)
        return use.check_branch(repository)

    return ranges.check(repository, judge, output)
