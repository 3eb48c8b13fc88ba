"""`planfence prove`: would the tests have noticed, if this change were another?"""

from __future__ import annotations

import re

import click

from planfence.cli.common import here
from planfence.cli.live import Live
from planfence.errors import ExitCode, PlanfenceError
from planfence.prove import prove as use
from planfence.prove.session import LEVELS, ProofProgress
from planfence.render import prove as render
from planfence.terminal import StatusLine, emit, emit_exact

_BUDGET = re.compile(r"(\d{1,9})\s*(s|m|h)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, None: 60}


@click.command("prove")
@click.argument("task", default="")
@click.option(
    "--rev", default="", metavar="REV", help="The change of this commit's branch (HEAD's unless told otherwise)."
)
@click.option("--budget", default="10m", show_default=True, metavar="TIME", help="How long it may take: 90s, 10m, 1h.")
@click.option("--only", type=click.Choice(LEVELS), help="Ask this one question alone.")
@click.option("--mutants", is_flag=True, help="Have a tool that is there try mutants of the changed lines as well.")
@click.option("--again", is_flag=True, help="Begin anew, also if an earlier call has learned something.")
@click.option("--show", metavar="KEY", default="", help="Print the patch that takes this part back (for `git apply`).")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
def command(
    *, task: str, rev: str, budget: str, only: str | None, mutants: bool, again: bool, show: str, as_json: bool
) -> int:
    """Ask whether the tests would have noticed the change of TASK (the active one), by taking parts of it away."""
    repository = here()
    change = use.change_of(repository, task, rev)
    if show:
        emit_exact(use.patch_of(change, show))  # for `git apply`
        return int(ExitCode.CLEAN)
    levels = (only,) if only else LEVELS
    with StatusLine() as line:
        told = ProofProgress(Live().say, line.show)
        answered = use.prove(change, levels, _seconds(budget), told, again=again, mutants=mutants)
    if as_json:
        emit(render.as_json(answered.proof))
    else:
        emit(render.text(answered.proof, change.division.left_out, cut=answered.cut, budget=budget))
    return int(ExitCode.CLEAN if answered.proof is None or not render.faults(answered.proof) else ExitCode.FINDINGS)


def _seconds(budget: str) -> float:
    found = _BUDGET.fullmatch(budget.strip())
    if found is None or not int(found[1]):
        raise PlanfenceError(f"{budget} is not a time", hint="write it as 90s, 10m or 1h")
    return float(int(found[1]) * _SECONDS[found[2]])
