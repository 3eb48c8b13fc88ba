"""`planfence hook NAME`: what the hook shims and the plugin call."""

from __future__ import annotations

import click

from planfence.hooks.main import NAMES, main


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice(NAMES))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(name: str, arguments: tuple[str, ...]) -> int:
    """Run one git hook as git would, with git's own arguments and standard input."""
    return main(name, arguments)
