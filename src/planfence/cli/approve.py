"""`planfence approve`: do what a model asked for, as the person who allows it."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.gate import requests as use
from planfence.terminal import say


@click.command()
@click.argument("number", type=click.IntRange(1), metavar="N")
def command(number: int) -> int:
    """Do what request N asks for (see `planfence requests`); for people only."""
    repository = here()
    say(use.approve(repository, policy_of(repository), number))
    return 0
