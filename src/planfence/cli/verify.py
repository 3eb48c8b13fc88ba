"""`planfence verify`: the verdict that counts, for CI."""

from __future__ import annotations

import click

from planfence.cli import ranges
from planfence.cli.common import here, judging_formats


@click.command("verify")
@click.argument("span", metavar="[A..B]", default="")
@judging_formats
@click.option(
    "--exit-zero", is_flag=True, help="Report, and exit 0 whatever was found (what can't be checked still fails)."
)
def command(span: str, output: str, exit_zero: bool) -> int:
    """Judge every commit of a range by the policy at A, the protected branch.

    Without A..B: what GitHub Actions, Gitea Actions or GitLab CI says is being merged or was pushed; elsewhere what
    HEAD has and origin's default branch has not. Exit codes: 0 clean, 1 refused, 2 no policy or bad usage, 3 could
    not check.
    """
    code = ranges.verify(here(), span, output)
    return 0 if exit_zero else code
