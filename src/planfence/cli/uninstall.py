"""`planfence uninstall`: take the hooks out and restore what was there."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.errors import ExitCode
from planfence.render import setup
from planfence.setup import agents as agent_hooks
from planfence.setup import install as use_case
from planfence.terminal import emit


@click.command()
@click.option(
    "--agents", default="", metavar="NAMES", help="Only the hooks of these agents: claude,codex,gemini,cursor."
)
@click.option("--user", is_flag=True, help="With --agents: in the user's own settings.")
def command(agents: str, user: bool) -> int:
    """Take the native hooks out; what was there before comes back byte for byte. Safe to run twice."""
    if agents:
        emit(setup.listing("hooks of agents", *agent_hooks.uninstall(here(), agents, user=user)) + "\n")
        return int(ExitCode.CLEAN)
    done = use_case.uninstall(here())
    rows = [(o.name, o.deed.value, o.remark) for o in done.outcomes]
    emit(setup.listing(f"hooks in {done.folder}", rows, done.remarks) + "\n")
    return int(ExitCode.CLEAN if done.complete else ExitCode.FINDINGS)
