"""`planfence split`: one commit for each theme, from the staged change or the last commit."""

from __future__ import annotations

import click

from planfence.cli.splitrun import Options, run


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
def command(
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
    options = Options(revision, do_apply, as_json, plan_file, fine, hunks, command_line, words)
    return run(options)
