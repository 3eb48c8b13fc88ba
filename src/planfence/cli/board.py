"""`planfence board`: every task that is not done, wherever it is worked on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from planfence.cli.common import asset, here
from planfence.errors import PlanfenceError
from planfence.gate.lastlook import again, recall
from planfence.gate.rows import Board, as_plain
from planfence.gitio.repository import Repository
from planfence.inert import dumps
from planfence.terminal import emit, say


@click.command()
@click.argument("plan", default="")
@click.option("--merge", is_flag=True, help="Which branches would conflict, and in which order to merge them.")
@click.option("--watch", is_flag=True, help="Stay, and draw it again when something changes; `q` ends it.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write one offline HTML file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(plan: str, *, merge: bool, watch: bool, page: Path | None, as_json: bool) -> None:
    """Show every task (of PLAN) that is not done: in all worktrees of this clone and, after `sync`, in all clones."""
    repository = here()
    if watch:
        if merge or page or as_json:
            raise PlanfenceError("--watch shows the board alone", hint="leave --merge, --html and --json out")
        from planfence.cli.boardwatch import stay

        if plan:
            _check(repository, plan)
        stay(repository, plan, home_of(repository))
        return
    found = looked_at(repository, finished=merge)
    merges = None
    if merge:
        from planfence.gate.mergeforecast import forecast

        merges = forecast(repository, found)
    found = found.only(plan)
    if plan and not found.rows:
        _check(repository, plan)
    if page is not None:
        from planfence.files.state import write_output
        from planfence.render.board_html import board_page

        title = repository.main_worktree().name
        text = board_page(found, merges, style=asset("report.css"), title=title, home=home_of(repository))
        write_output(page, text.encode("utf-8", "replace"))
        say(f"wrote {page}: {len(found.rows)} tasks", err=True)
    if as_json:
        from planfence.render.board_text import forecast_plain

        emit(dumps(as_plain(found) | ({"merge": forecast_plain(merges)} if merges else {}), 2) + "\n")
    elif page is None:
        from planfence.render.board_text import board_text, forecast_text

        text = board_text(found, time.time(), home=home_of(repository))
        emit(text + (f"\n{forecast_text(merges)}" if merges else ""))


def _check(repository: Repository, plan: str) -> None:
    from planfence.gate.board import check_plan

    check_plan(repository, plan)


def looked_at(repository: Repository, *, finished: bool = False) -> Board:
    """The board, from the last look as far as nothing has changed since; ``finished``: with the tasks that are done."""
    last = recall(repository)
    found = again(repository, last, finished=finished)
    if found is not None:
        return found
    from planfence.gate.board import look  # reads plans, ledger and logs, which takes far more modules

    return look(repository, last, finished=finished)


def home_of(repository: Repository) -> str:
    """The folder beside which worktrees are shown: the one that holds the main worktree."""
    return os.fspath(repository.main_worktree().parent)
