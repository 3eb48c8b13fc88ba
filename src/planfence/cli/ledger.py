"""`planfence ledger`: what the ledger keeps beside its statements."""

from __future__ import annotations

import click

from planfence.cli.common import here, policy_of
from planfence.errors import ExitCode, PlanfenceError
from planfence.ledger import remote as use
from planfence.terminal import say


@click.group("ledger")
def command() -> None:
    """Drop what the ledger need not keep: attachments, never statements."""


@command.command("prune")
@click.argument("remote", default="")
@click.option("--older-than", "days", type=click.IntRange(min=1), metavar="DAYS", help="[default: the policy's]")
@click.option("--local", is_flag=True, help="Drop them in this clone alone.")
def prune(remote: str, days: int | None, local: bool) -> int:
    """Drop prompts, diffs and outputs that are too old.

    What is older than the policy keeps it goes, here and on REMOTE. Statements stay, with the digests of what was
    there. REMOTE is the policy's, the branch's own, or `origin`.

    Exit codes: 0 done, 2 nothing says how old, 3 the remote did not drop them.
    """
    repository = here()
    policy = policy_of(repository)
    days = days or policy.ledger.retention_days
    if not days:
        hint = "write `retention_days` under [ledger], or say --older-than DAYS"
        raise PlanfenceError("the policy keeps attachments for ever", hint=hint)
    first = use.first_day(days)
    dropped = use.drop_here(repository, first)
    say(f"dropped here: {_days(dropped)} before {first}; the statements stay")
    if dropped:
        say("planfence: git keeps the objects for a while; at once: git gc --prune=now", err=True)
    if earlier := use.older_style(repository):
        say(f"planfence: {earlier} entries of an older version hold their attachments themselves: they stay", err=True)
    if local:
        return int(ExitCode.CLEAN)
    name = use.remote_of(repository, remote, policy.ledger.remote)
    there, said = use.drop_there(repository, name, first)
    if said:
        say(f"planfence: {name} did not drop what is older: {said}", err=True)
        return int(ExitCode.COULD_NOT_CHECK)
    say(f"dropped on {name}: {_days(there)}")
    return int(ExitCode.CLEAN)


def _days(refs: tuple[str, ...]) -> str:
    return f"the attachments of {len(refs)} day{'s' if len(refs) != 1 else ''} of a clone" if refs else "nothing"
