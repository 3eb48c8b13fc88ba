"""`planfence test`: run the tests on exactly one tree, and record the result."""

from __future__ import annotations

import click

from planfence.boundary import push
from planfence.cli.common import here
from planfence.cli.live import Live
from planfence.errors import ExitCode
from planfence.gate.testrun import Ran, run_tests
from planfence.gate.testtarget import target_of
from planfence.inert import inert
from planfence.ledger.evidence import TESTS, Outcome
from planfence.ledger.records import reading_again
from planfence.terminal import emit, say


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
    with live as told:
        ran = run_tests(repository, target, told, again=again)
    emit(summary(ran))
    for hint in hints(ran):
        say(f"  hint: {hint}", err=True)
    if ran.passed and target.commit:
        push.foresee(repository, target.commit, reading_again(repository, ran.book))
    if ran.warning:
        live.say(ran.warning)
    return int(ExitCode.CLEAN if ran.passed else ExitCode.FINDINGS)


#: What to do about each way of not passing.
_NEXT = {
    Outcome.FAILED: "fix it, commit, and run `planfence test` again; `planfence replay last` shows this output",
    Outcome.NO_TESTS: "fewer tests ran than `min_tests` under [tests] asks for: look at what the command collects",
    Outcome.NO_REPORT: "the command wrote no readable JUnit report to {junit}: give its reporter that file",
    Outcome.NOT_FOUND: "install what the command needs, or fix `command` under [tests] in planfence.toml",
    Outcome.TIMEOUT: "end what hangs, or raise `timeout_s` under [tests] in planfence.toml",
    Outcome.SETUP_FAILED: "fix `setup` under [tests] in planfence.toml",
    Outcome.DISTURBED: 'let the tests work in a folder of their own, or set `where = "export"` under [tests]; see '
    "`git status`",
}


def hints(ran: Ran) -> list[str]:
    """Return what to type or change next if something did not pass."""
    if ran.passed or ran.run is None:
        return []
    bad = [each for each in ran.run.results if not each.passed]
    mine = [command for key, (_, command) in ran.target.commands.items() if key != TESTS and key.startswith(TESTS)]
    if mine and not any(each.name != TESTS or each.command in mine for each in bad):
        return [
            "this commit is tested by the command of the policy before it; its own counts from the next commit on:"
            ' git commit --allow-empty -m "chore: the new test command"'
        ]
    return list(dict.fromkeys(_NEXT[each.outcome] for each in bad if each.outcome in _NEXT))


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
        lines.append(inert(f"{each.outcome}  {each.name}: {each.command} ({counts}, {each.seconds:.1f} s)"))
    verdict = "passed" if ran.passed else f"not passed: {ran.why}"
    lines.append(inert(f"tree {tree} {verdict} ({ran.run.where}, run {ran.run.id[:12]})"))
    return "\n".join(lines) + "\n"
