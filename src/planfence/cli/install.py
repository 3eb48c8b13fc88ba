"""`planfence install`: make planfence run at each commit and push."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.render import setup
from planfence.setup import agents as agent_hooks
from planfence.setup import install as use_case
from planfence.setup.agents import EVERY
from planfence.terminal import emit, say


@click.command()
@click.option(
    "--framework",
    type=click.Choice(["auto", "native", "config", "pre-commit", "prek"]),
    default="auto",
    show_default=True,
    help="Hook files, git's configuration (git 2.54), or the stages of a framework that names planfence.",
)
@click.option("--outside", is_flag=True, help="Install even if core.hooksPath leads out of this repository.")
@click.option("--agents", default="", metavar="NAMES", help=f"Only what these agents read: {', '.join(EVERY)}.")
@click.option("--user", is_flag=True, help="With --agents: in the user's own settings, for all projects.")
@click.option("--server", is_flag=True, help="In a server's bare repository: the pre-receive hook.")
def command(framework: str, outside: bool, agents: str, user: bool, server: bool) -> int:
    """Install the hooks, in front of what is there. Safe to run twice."""
    if server:
        from planfence.setup.server import install_server

        say(f"every push is judged from now on: {install_server(here())}")
        return 0
    if agents:
        emit(setup.listing("what agents read", *agent_hooks.install(here(), agents, user=user)) + "\n")
        return 0
    done = use_case.install(here(), framework, outside=outside)
    own = done.framework in ("native", "config")
    title = f"hooks in {done.folder}" if own else f"planfence runs through {done.framework}"
    emit(setup.listing(title, done.outcomes, done.remarks) + "\n")
    return 0
