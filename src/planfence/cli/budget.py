"""`planfence budget`: what a task may cost, what it has cost so far, and a person's word that raises it."""

from __future__ import annotations

import click

from planfence.cli.common import here, tell, tell_request
from planfence.gate import budget
from planfence.gate.requests import ask_budget
from planfence.inert import dumps
from planfence.judge.situation import look
from planfence.manifest.budget import KINDS, MOST, Budget
from planfence.terminal import emit, say

_MORE = click.FloatRange(0, MOST, min_open=True, max_open=True)


@click.command()
@click.argument("task", default="")
@click.option("--add-usd", type=_MORE, metavar="N", help="Let it cost so many dollars more.")
@click.option("--add-min", type=_MORE, metavar="N", help="Let it take so many minutes of work more.")
@click.option("--add-tokens", type=_MORE, metavar="N", help="Let it use so many tokens more.")
@click.option("--why", default="", help="Why; recorded in the ledger.")
@click.option("--json", "as_json", is_flag=True, help="JSON.")
def command(
    task: str, add_usd: float | None, add_min: float | None, add_tokens: float | None, why: str, as_json: bool
) -> int:
    """Show what TASK (the active one) may cost and has cost so far, its plan's sum too; with `--add-…` raise that.

    Only a person raises a budget. If a model asks for it, a request waits for a person (`planfence requests`).
    """
    repository = here()
    more = Budget(add_usd, add_min, add_tokens)
    if more:
        scene = look(repository, task)
        if (asked := ask_budget(scene, more, why)) is not None:
            return tell_request(asked)
        moved = budget.raise_budget(scene, more, why)
        return tell(moved, f"{moved.scene.name} may cost {budget.words(more)} more", "not raised")
    scene, found = budget.of_task(repository, task)
    if as_json:
        emit(dumps([_jsonable(account) for account in found], 2) + "\n")
        return 0
    for account in found:
        for line in account.lines:
            say(line)
    if not found:
        say(f"nothing limits what {scene.name} costs", err=True)
    return 0


def _jsonable(account: budget.Account) -> dict[str, object]:
    spent = account.spent
    return {
        "name": account.name,
        "limit": {name: account.limit.of(name) or None for name in KINDS},
        "spent": {name: round(spent.of(name), 6) for name in KINDS},
        "models": {model: round(usd, 6) for model, usd in spent.models.items()},
        "unpriced": spent.unpriced,
        "unread": spent.unread,
    }
