"""`planfence summary`: what a change amounts to, its risky diffs first."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.errors import ExitCode, PlanfenceError
from planfence.render import summary as render
from planfence.risks import summary as use
from planfence.terminal import emit


@click.command("summary")
@click.option("--staged", is_flag=True, help="The staged tree (the default if something is staged).")
@click.option("--commit", "revision", metavar="REV", default="", help="One commit against its first parent.")
@click.option("--range", "span", metavar="A..B", default="", help="What B did since it left A.")
@click.option("--stat", is_flag=True, help="Lines added and removed, file by file.")
@click.option("--name-only", is_flag=True, help="Only the paths.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, staged: bool, revision: str, span: str, stat: bool, name_only: bool, output: str) -> int:
    """Show a change: the risky diffs first, each with its reason, then its files theme by theme.

    Without options: the staged tree, or with nothing staged the branch since its merge base.
    """
    if sum((staged, bool(revision), bool(span))) > 1:
        raise PlanfenceError("--staged, --commit and --range exclude each other", hint="name one of them")
    found = use.summarise(here(), revision=revision, span=span, staged=staged)
    if output == "json":
        emit(render.to_json(found.title, found.files, found.found, found.themes, found.weight))
    elif name_only:
        emit(render.names(found.files))
    elif stat:
        emit(render.stat(found.files))
    else:
        emit(render.text(found.title, found.files, found.found, found.themes, render.kinds(found.lines, found.mixed)))
    return int(ExitCode.CLEAN)
