"""`planfence sync`: exchange the ledger with the team's remote."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.errors import ExitCode
from planfence.gate.claims import after_sync, mark
from planfence.ledger.refs import PREFIX
from planfence.ledger.remote import exchange, remote_of
from planfence.report.teamlog import share
from planfence.terminal import StatusLine, say


@click.command()
@click.argument("remote", default="")
def command(remote: str) -> int:
    """Push this clone's ledger to REMOTE (the policy's, the branch's own, or `origin`) and fetch the others'."""
    repository = here()
    policy = policy_of(repository)
    shared = share(repository, policy)
    with StatusLine() as line:
        done = exchange(
            repository,
            remote_of(repository, remote, policy.ledger.remote),
            tell=line.show if line.shows else None,
            retention_days=policy.ledger.retention_days,
        )
    for note in done.notes:
        say(f"planfence: {note}", err=True)
    if done.offline:
        say(f"planfence: {done.remote} was not reached, so nothing was exchanged: {done.offline}", err=True)
        say("  hint: everything stays recorded here; run `planfence sync` again later", err=True)
        return 0
    if done.fetched:
        mark(repository)
    for said in after_sync(repository, policy):
        say(f"planfence: {said}", err=True)
    ledgers = f"{done.fetched} ledger{'s' if done.fetched != 1 else ''} changed here"
    own = (
        "own ledger pushed" if done.pushed else "own ledger not taken" if done.refused else "nothing of our own to push"
    )
    log = f", {shared} new log lines" if shared else ""
    say(f"synced with {done.remote}: {ledgers}, {own}{log}")
    if done.refused:
        say(f"planfence: {done.remote} did not take the own ledger: {done.refused}", err=True)
        shown = f"`git push {done.remote} '{PREFIX}*'` shows all that it says"
        say(f"  hint: everything stays recorded here; {shown}", err=True)
        return int(ExitCode.COULD_NOT_CHECK)
    return 0
