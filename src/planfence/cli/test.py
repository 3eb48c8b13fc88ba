"""`planfence test`: run the tests on exactly one tree, and record the result."""

from __future__ import annotations

import click

from planfence.app import push
from planfence.app.target import target_of
from planfence.app.testrun import Ran, run_tests
from planfence.cli.common import here
from planfence.cli.live import Live
from planfence.cli.output import emit
from planfence.errors import ExitCode


@click.command()
@click.argument("task", default="")
@click.option("--rev", default="", metavar="REV", help="Test this commit's tree (HEAD's unless told otherwise).")
@click.option("--staged", is_flag=True, help="Test the staged tree.")
@click.option("--again", is_flag=True, help="Test a tree that has already passed once more.")
def command(task: str, rev: str, staged: bool, again: bool) -> int:
    """Run the policy's tests and the criteria of TASK (the active one), and record what came of them."""
    repository = here()
    target = target_of(repository, task, rev=rev, staged=staged)
    live = Live()
    try:
        ran = run_tests(repository, target, live.teller(), again=again)
    finally:
        live.clear()
    emit(summary(ran))
    if ran.passed and target.commit:
        push.foresee(repository, target.commit)
    if ran.warning:
        live.say(ran.warning)
    return int(ExitCode.CLEAN if ran.passed else ExitCode.FINDINGS)


def summary(ran: Ran) -> str:
    """Return what became of a run, a line for each command."""
    tree = ran.target.tree[:12]
    if ran.run is None:
        return ""
    lines = []
    for each in ran.run.results:
        counts = "no report" if each.counts is None else f"{each.counts.tests} tests, {each.counts.failed} failed"
        if each.counts is not None and each.counts.skipped:
            counts += f", {each.counts.skipped} skipped"
        lines.append(f"{each.outcome}  {each.name}: {each.command} ({counts}, {each.seconds:.1f} s)")
    verdict = "passed" if ran.passed else f"not passed: {ran.why}"
    lines.append(f"tree {tree} {verdict} ({ran.run.where}, run {ran.run.id[:12]})")
    return "\n".join(lines) + "\n"
