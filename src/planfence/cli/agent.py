"""`planfence agent NAME`: what agents' own hooks call."""

from __future__ import annotations

import click

from planfence.agents.main import main
from planfence.agents.payload import READ


@click.command("agent")
@click.argument("name", type=click.Choice(READ))
def command(name: str) -> int:
    """Answer one hook of a coding agent: its payload on standard input, the answer in its own form."""
    return main(name)
