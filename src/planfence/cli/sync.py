"""`planfence sync`: exchange the ledger with the team's remote."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.cli.live import StatusLine
from planfence.errors import ExitCode
from planfence.ledger.refs import PREFIX
from planfence.ledger.remote import exchange, remote_of
from planfence.report.teamlog import share
from planfence.terminal import emit


@click.command()
@click.argument("remote", default="")
def command(remote: str) -> int:
    """Push this clone's ledger to REMOTE (the branch's own, or `origin`) and fetch the others'."""
    repository = here()
    shared = share(repository, policy_of(repository))
    line = StatusLine()
    done = exchange(repository, remote_of(repository, remote), tell=line.show if line.shows else None)
    line.clear()
    for note in done.notes:
        emit(f"planfence: {note}\n", err=True)
    if done.offline:
        emit(f"planfence: {done.remote} was not reached, so nothing was exchanged: {done.offline}\n", err=True)
        emit("  hint: everything stays recorded here; run `planfence sync` again later\n", err=True)
        return 0
    ledgers = f"{done.fetched} ledger{'s' if done.fetched != 1 else ''} changed here"
    own = (
        "own ledger pushed" if done.pushed else "own ledger not taken" if done.refused else "nothing of our own to push"
    )
    log = f", {shared} new log lines" if shared else ""
    emit(f"synced with {done.remote}: {ledgers}, {own}{log}\n")
    if done.refused:
        emit(f"planfence: {done.remote} did not take the own ledger: {done.refused}\n", err=True)
        shown = f"`git push {done.remote} '{PREFIX}*'` shows all that it says"
        emit(f"  hint: everything stays recorded here; {shown}\n", err=True)
        return int(ExitCode.COULD_NOT_CHECK)
    return 0
