"""`planfence requests`: what models ask people for, and what waits."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.gate import requests as use
from planfence.inert import dumps
from planfence.terminal import emit, say


@click.command()
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@click.option("--drop", type=click.IntRange(1), metavar="N", help="Close request N without doing it; for people only.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def command(everything: bool, drop: int | None, as_json: bool) -> int:
    """Show what models ask a person for: `planfence approve N` does it."""
    repository = here()
    if drop is not None:
        dropped = use.drop(repository, policy_of(repository), drop)
        say(f"request {drop} is dropped: {dropped.wish}")
        return 0
    found = [each for each in use.requests(repository) if everything or not each.closed]
    if as_json:
        names = ("number", "kind", "task", "model", "why", "adds", "change", "to", "worktree", "at", "closed")
        emit(dumps([{name: getattr(each, name) for name in names} for each in found], 2) + "\n")
        return 0
    for each in found:
        ended = f" [{each.closed}]" if each.closed else ""
        say(f"{each.number}  {each.model} asks: {each.wish}{ended}")
        say(f"   why: {each.why}")
    answer = "a person answers with `planfence approve N`, or `planfence requests --drop N`"
    say(answer if found else "nothing waits", err=True)
    return 0
