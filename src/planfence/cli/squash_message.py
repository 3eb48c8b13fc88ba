"""`planfence squash-message`: the message for a squash of a range."""

from __future__ import annotations

import click

from planfence.cli.common import here
from planfence.inert import lines
from planfence.terminal import emit


@click.command("squash-message")
@click.argument("span", metavar="[A..B]", default="")
def command(span: str) -> int:
    """Print the message for a squash of a range: each task's work with its trailers, co-authors last.

    Without A..B: the range that `planfence verify` would judge.
    """
    from planfence.boundary import squashmessage, verify

    repository = here()
    found = verify.range_of(repository, span)
    emit(lines(squashmessage.squash_message(repository, found.base, found.head)))
    return 0
