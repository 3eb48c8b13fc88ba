"""`planfence board`: every task that is not done, wherever it is worked on."""

from __future__ import annotations

import os
import time

import click

from planfence.cli.common import here
from planfence.gate.board import Board, board
from planfence.inert import dumps
from planfence.render.board_text import as_plain, board_text
from planfence.terminal import emit


@click.command()
@click.argument("plan", default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(plan: str, *, as_json: bool) -> None:
    """Show every task (of PLAN) that is not done: in all worktrees of this clone and, after `sync`, in all clones."""
    repository = here()
    found = board(repository, plan=plan)
    emit(dumps(as_plain(found), 2) + "\n" if as_json else _text(found, os.fspath(repository.main_worktree().parent)))


def _text(found: Board, home: str) -> str:
    return board_text(found, time.time(), home=home)
