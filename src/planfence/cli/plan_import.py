"""`planfence plan import`: a plan from another tool's file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from planfence.cli.common import here
from planfence.errors import ExitCode
from planfence.plan.bring import import_plan
from planfence.plan.importers import READERS
from planfence.terminal import say


@click.command("import")
@click.option("--from", "kind", type=click.Choice(list(READERS)), required=True, help="The tool that wrote it.")
@click.option("--id", "plan_id", default="", help="The plan's id; otherwise the folder's name.")
@click.option("--tag", default="", help="Taskmaster: which list, where there are several.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(kind: str, plan_id: str, tag: str, file: Path) -> int:
    """Write a plan from FILE, which another tool made.

    There is a TODO wherever that says nothing. No plan is overwritten.
    """
    place, text = import_plan(here(), kind, file, plan_id=plan_id, tag=tag)
    say(f"{os.path.relpath(place)}")
    gaps = text.count("TODO") - 1
    say(f"{gaps} TODOs; then: planfence plan lint {place.stem}", err=True)
    return int(ExitCode.CLEAN)
