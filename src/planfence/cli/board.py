"""`planfence board`: every task that is not done, wherever it is worked on."""

from __future__ import annotations

import os
import time

import click

from planfence.cli.common import here
from planfence.gate.board import board
from planfence.gate.mergeforecast import forecast
from planfence.inert import dumps
from planfence.render.board_text import as_plain, board_text, forecast_plain, forecast_text
from planfence.terminal import emit


@click.command()
@click.argument("plan", default="")
@click.option("--merge", is_flag=True, help="Which branches would conflict, and in which order to merge them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(plan: str, *, merge: bool, as_json: bool) -> None:
    """Show every task (of PLAN) that is not done: in all worktrees of this clone and, after `sync`, in all clones."""
    repository = here()
    found = board(repository, finished=merge)
    merges = forecast(repository, found) if merge else None
    found = found.only(plan)
    if as_json:
        plain = as_plain(found) | ({"merge": forecast_plain(merges)} if merges else {})
        emit(dumps(plain, 2) + "\n")
        return
    home = os.fspath(repository.main_worktree().parent)
    emit(board_text(found, time.time(), home=home) + (f"\n{forecast_text(merges)}" if merges else ""))
