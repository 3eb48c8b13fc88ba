"""`planfence uninstall`: take the hooks out and restore what was there."""

from __future__ import annotations

import click

from planfence.app import install as use_case
from planfence.cli.common import here
from planfence.errors import ExitCode
from planfence.render import setup


@click.command()
def command() -> int:
    """Take the native hooks out; what was there before comes back byte for byte. Safe to run twice."""
    done = use_case.uninstall(here())
    rows = [(o.name, o.deed.value, o.remark) for o in done.outcomes]
    click.echo(setup.listing(f"hooks in {done.folder}", rows, done.remarks))
    return int(ExitCode.CLEAN if done.complete else ExitCode.FINDINGS)
