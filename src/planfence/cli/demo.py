"""`planfence demo`: the whole story in a scratch repository."""

from __future__ import annotations

import click

from planfence import env
from planfence.errors import ExitCode
from planfence.render.text import paint
from planfence.setup.demo import play
from planfence.terminal import emit, wants_colour


@click.command("demo")
def command() -> int:
    """Tell the whole story with real commits in a scratch repository, which is removed afterwards."""
    colour = wants_colour(env.current())
    code = ExitCode.CLEAN
    for said in play(env.current()):
        if said.title:
            emit(f"\n{paint('▌ ' + said.title, '1;36', colour)}\n")
            continue
        emit(f"{paint('$ ' + said.command, '1', colour)}\n")
        emit(
            "".join(
                f"  {line}\n" if line else "\n"
                for line in said.output.split("\n")[: -1 if said.output.endswith("\n") else None]
            )
        )
        if not said.expected:
            emit(paint("  (this is not how the story goes)", "31", colour) + "\n")
            code = ExitCode.COULD_NOT_CHECK
    return int(code)
