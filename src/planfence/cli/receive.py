"""`planfence receive`: a server's pre-receive hook."""

from __future__ import annotations

import click

from planfence.cli.receivemain import main


@click.command("receive")
def command() -> int:
    """Judge a push, as git tells it to a pre-receive hook on standard input.

    `planfence install --server` puts it into a bare repository. Exit codes: 0 accepted, 1 refused, 2 no policy on the
    protected branch, 3 could not check.
    """
    return main()
