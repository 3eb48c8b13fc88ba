"""`planfence doctor`: what is installed, and what would not run."""

from __future__ import annotations

from pathlib import Path

import click

from planfence import env
from planfence.errors import ExitCode
from planfence.inert import dumps
from planfence.render import setup
from planfence.setup.doctor import Health, examine
from planfence.terminal import emit


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array of {health, subject, seen, mend}.")
def command(as_json: bool) -> int:
    """Say what is installed here and what would not run; exit 1 if something would not."""
    found = examine(env.current(), Path.cwd())
    broken = sum(each.health is Health.BROKEN for each in found)
    if as_json:
        rows = [{"health": d.health, "subject": d.subject, "seen": d.seen, "mend": d.fix} for d in found]
        emit(dumps(rows, 2) + "\n")
    else:
        title = f"planfence: {broken} of {len(found)} would not run" if broken else "planfence: all well"
        emit(setup.checkup(title, found) + "\n")
    return int(ExitCode.FINDINGS if broken else ExitCode.CLEAN)
