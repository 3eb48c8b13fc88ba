"""`planfence report`: what the log says."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path
from urllib.parse import quote

import click

from planfence import env
from planfence.cli.common import asset, here, policy_of
from planfence.errors import PlanfenceError
from planfence.files.state import write_output
from planfence.gitio.repository import open_repository
from planfence.render.report_text import render_text
from planfence.report import report as use_case
from planfence.report.data import ReportData
from planfence.report.metrics import Frame
from planfence.report.trial import all_trials
from planfence.terminal import emit, say, wants_colour


@click.command()
@click.option("--since", default="", metavar="SPAN", help="Tasks with a line since then: 14d, 2w, or a date.")
@click.option(
    "--by",
    "dimension",
    default="model",
    show_default=True,
    type=click.Choice(["model", "role", "flow", "theme", "plan", "repository"]),
    help="What to compare (`repository`: with --from).",
)
@click.option("--window", default=7, show_default=True, type=click.IntRange(1), help="Days in which rework counts.")
@click.option("--within", default=2, show_default=True, type=click.IntRange(1), help="Rounds that still pass.")
@click.option("--repo", "repos", multiple=True, type=click.Path(path_type=Path), help="Another repository; repeatable.")
@click.option("--all-writers", is_flag=True, help="Everybody's lines, as `planfence sync` brought them.")
@click.option(
    "--from",
    "exports",
    default="",
    metavar="PATTERN",
    help="Not this repository's log but exports of many: 'exports/**/*.parquet'.",
)
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write one offline HTML file.")
@click.option(
    "--board",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --html: link open tasks to this page of `planfence board --html`.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--refusals", is_flag=True, help="What was refused, or only observed: by rule, and by who.")
@click.option("--csv", "as_csv", is_flag=True, help="The tasks as CSV.")
def command(
    *,
    since: str,
    dimension: str,
    window: int,
    within: int,
    repos: tuple[Path, ...],
    all_writers: bool,
    exports: str,
    page: Path | None,
    board: Path | None,
    as_json: bool,
    as_csv: bool,
    refusals: bool,
) -> None:
    """Say what tasks cost, how long they took, how often they passed the first time and came back."""
    now = int(time.time())
    if all_writers and repos:
        raise PlanfenceError("--all-writers is for one repository", hint="leave --repo out")
    begin = use_case.since_epoch(since, now)
    if exports:
        if repos or all_writers or refusals or as_csv:
            raise PlanfenceError("--from goes with --since, --by, --html and --json alone", hint="leave the others out")
        _organisation(exports, begin, now, dimension, page, as_json=as_json)
        return
    if dimension == "repository":
        raise PlanfenceError("--by repository is for exports", hint="planfence report --from 'exports/**/*.parquet'")
    if board is not None and page is None:
        raise PlanfenceError("--board is for the page", hint="planfence report --html FILE --board FILE")
    sources, title = _sources(repos)
    if refusals:
        _refusals(sources, begin, as_json=as_json)
        return
    team = None
    if all_writers:
        from planfence.report.teamlog import team_lines

        team = team_lines(here(), policy_of(here()))
    trials = [] if repos else all_trials(here())
    frame = Frame(now, window, within)
    trial = trials[0] if trials else None
    data = use_case.report(sources, frame, dimension=dimension, since=begin, title=title, trial=trial, team=team)
    if page is not None:
        link = "" if board is None else quote(os.path.relpath(board, page.parent))
        _write(page, page_of(data, link), f"{len(data.tasks)} tasks")
    if as_json:
        emit(use_case.render_json(data) + "\n")
    elif as_csv:
        emit(use_case.render_csv(data))
    elif page is None:
        emit(render_text(data, colour=wants_colour(env.current())))


def _write(page: Path, text: str, holds: str) -> None:
    write_output(page, text.encode("utf-8", "replace"))
    say(f"wrote {page}: {holds}", err=True)


def _organisation(exports: str, since: int, now: int, dimension: str, page: Path | None, *, as_json: bool) -> None:
    from planfence.render import organisation as rendered
    from planfence.report import organisation

    if dimension == "role":
        raise PlanfenceError("exports know no roles", hint=f"--by {' | '.join(organisation.DIMENSIONS)}")
    found = organisation.read(exports, now, dimension=dimension, since=since)
    if page is not None:
        text = rendered.page(found, style=asset("report.css"))
        _write(page, text, f"{found.tasks} tasks of {found.repositories} repositories")
    if as_json:
        emit(rendered.json_text(found) + "\n")
    elif page is None:
        emit(rendered.text(found, colour=wants_colour(env.current())))


def _refusals(sources: list[use_case.Source], since: int, *, as_json: bool) -> None:
    from planfence.inert import dumps
    from planfence.render.report_text import refusals_text
    from planfence.report.refusals import refusals, refused_in

    rows = refusals(refused_in(path for source in sources for path in source.paths), since)
    if as_json:
        plain = [{"rule": r.rule, "model": r.model, "refused": r.refused, "observed": r.observed} for r in rows]
        emit(dumps({"refusals": plain}) + "\n")
    else:
        emit(refusals_text(rows))


def page_of(data: ReportData, board: str = "") -> str:
    """The report as one offline HTML file; ``board`` is a link to the board's page."""
    from planfence.render.report_html import render_html

    return render_html(data, style=asset("report.css"), script=asset("report.js"), board=board)


def _sources(repos: tuple[Path, ...]) -> tuple[list[use_case.Source], str]:
    if not repos:
        repository = here()
        return [use_case.source_of(repository, policy_of(repository))], repository.main_worktree().name
    found = {}
    for path in repos:
        if not path.is_dir():
            raise PlanfenceError(f"--repo {path} is not a folder", hint="name the top of a clone")
        repository = open_repository(env.current(), path)
        found[repository.main_worktree()] = repository
    # Two of one name bear those of the folders above them too.
    length = next(n for n in count(1) if len({top.parts[-n:] for top in found}) == len(found))
    sources = [
        use_case.source_of(repository, policy_of(repository), "/".join(top.parts[-length:]) + ":")
        for top, repository in found.items()
    ]
    return sources, f"{len(found)} repositories"
