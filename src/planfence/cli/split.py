"""`planfence split`: one commit for each theme, from the staged change or the last commit."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from planfence.app import split as use
from planfence.cli.common import here
from planfence.cli.output import emit, wants_colour
from planfence.core.splitplan import from_json, to_json
from planfence.env import current
from planfence.errors import CouldNotCheck, ExitCode, PlanfenceError
from planfence.render import split as view
from planfence.render import text


@click.command("split")
@click.option("--commit", "revision", metavar="REV", help="Split the last commit instead of what is staged.")
@click.option("--apply", "do_apply", is_flag=True, help="Make the commits. Without it nothing is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, to edit and feed back with --plan.")
@click.option("--plan", "plan_file", metavar="FILE", help="Take an edited plan (`-`: standard input).")
@click.option("--fine", is_flag=True, help="Also divide behaviour by the rare names that hunks share.")
@click.option("--hunks", is_flag=True, help="Show every hunk with its id.")
@click.option(
    "--exec", "command_line", metavar="CMD", default="", help="Run CMD on each commit's files before the branch moves."
)
@click.option("-m", "--message", "words", default="", help="The message of the main commit.")
def command(  # noqa: PLR0913, PLR0917 - one argument for each option
    revision: str | None,
    do_apply: bool,
    as_json: bool,
    plan_file: str | None,
    fine: bool,
    hunks: bool,
    command_line: str,
    words: str,
) -> int:
    """Propose one commit for each theme, and with --apply make them.

    The last commit's tree is exactly what was staged; index and worktree are not touched.
    Exit codes: 0 proposed or done, 1 a new commit breaks a rule or CMD failed, 2 usage, 3 could not check.
    """
    repository = here()
    subject = use.subject_of(repository, revision)
    if plan_file is None:
        proposal = use.make_proposal(repository, subject, words=words, fine=fine)
    else:
        proposal = use.take_plan(repository, subject, from_json(_read(plan_file)))
    if as_json:
        emit(to_json(proposal.plan, proposal.judged))
        return int(ExitCode.CLEAN)
    emit(view.render(proposal.plan.groups, proposal.judged, hunks=hunks))
    if not do_apply:
        emit(_next(revision, len(proposal.plan.groups)))
        return int(ExitCode.CLEAN)
    done = use.apply(repository, proposal, command_line)
    if done.report.findings or done.report.notes:
        emit(text.render(done.report, (), colour=wants_colour(current()), task=subject.claim.task))
    if done.report.refused:
        raise PlanfenceError(
            "a commit of the split would break a rule; nothing was changed",
            hint="start its task first (`planfence start TASK`), or move its hunks and name its task: "
            "`planfence split --json > split.json`, edit, `planfence split --plan split.json --apply`",
            code=ExitCode.FINDINGS,
        )
    if done.failed:
        raise PlanfenceError(f"{done.failed}\nnothing was changed", code=ExitCode.FINDINGS)
    emit(f"made {len(done.commits)} commits, up to {done.commits[-1][:12]}; undo: git reset --soft {_undo(subject)}\n")
    return int(ExitCode.CLEAN)


def _undo(subject: use.Subject) -> str:
    return subject.base[:12] if subject.base else "(there was no commit before)"


def _next(revision: str | None, groups: int) -> str:
    if groups == 1:
        return "\nOne group: this change is not mixed by its paths or kinds. `--fine` looks closer.\n"
    line = "planfence split" + (f" --commit {shlex.quote(revision)}" if revision else "")
    return (
        "\nNothing was changed.\n"
        f"  make these commits:  {line} --apply\n"
        f"  edit them first:     {line} --json > split.json\n"
        f"  and then:            {line} --plan split.json --apply\n"
    )


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"{name} could not be read: {error}") from error
