"""`planfence uninstall`: take the hooks out and restore what was there."""

from __future__ import annotations

import click

from planfence.cli.common import here, typist
from planfence.errors import ExitCode, a_persons
from planfence.identity import HUMAN
from planfence.render import setup
from planfence.setup import agents as agent_hooks
from planfence.setup import install as use_case
from planfence.setup.agents import EVERY
from planfence.terminal import emit


@click.command()
@click.option("--agents", default="", metavar="NAMES", help=f"Only what these agents read: {', '.join(EVERY)}.")
@click.option("--user", is_flag=True, help="With --agents: in the user's own settings.")
def command(agents: str, user: bool) -> int:
    """Take out the native hooks, and the sections in AGENTS.md and the like. Safe to run twice.

    What was there before comes back byte for byte. A model can't do it.
    """
    repository = here()
    if (who := typist(repository)) != HUMAN:
        raise a_persons("takes the hooks out", who)
    if agents:
        emit(setup.listing("what agents read", *agent_hooks.uninstall(repository, agents, user=user)) + "\n")
        return int(ExitCode.CLEAN)
    done = use_case.uninstall(repository)
    rows = (*done.outcomes, *agent_hooks.take_pages_out(repository))
    emit(setup.listing(f"hooks in {done.folder}", rows, done.remarks) + "\n")
    return int(ExitCode.CLEAN if done.complete else ExitCode.FINDINGS)
