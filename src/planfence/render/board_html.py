"""The board as one offline page: style inline, no script, and a policy that lets nothing else in."""

from __future__ import annotations

import time

from planfence.gate.mergeforecast import Forecast
from planfence.gate.rows import Board, Row
from planfence.render.board_text import age, budget_words, cost, short
from planfence.render.report_html import document, shown

_HEADS = (
    "task",
    "stage",
    "holder",
    "where",
    "minutes",
    "files",
    "outside",
    "last commit",
    "tests",
    "round",
    "cost",
    "waits for",
)


def board_page(board: Board, merges: Forecast | None, *, style: str, title: str, home: str) -> str:
    """Return the page; ``style`` is the asset's text, ``home`` a folder that places are shown relative to."""
    made = time.strftime("%Y-%m-%d %H:%M", time.gmtime(board.at))
    rows = "".join(_row(row, board.at, home) for row in board.rows)
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    notes = "".join(f"<p>{shown(note)}</p>" for note in board.notes)
    active = sum(row.active for row in board.rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    body = f'<div class="scroll" tabindex="0" role="region" aria-label="tasks">{table}</div>'
    whole = f"""<header><h1>{shown(title)}: tasks that are not done</h1>
<p class="soft">{len(board.rows)} tasks, {active} at work, as of {made} (UTC).</p>{notes}</header>
<main>
{body if board.rows else '<p class="empty">No task is open.</p>'}
{_merges(merges) if merges else ""}
</main>"""
    return document(f"{title}: planfence board", whole, style=style, kind="board")


def _row(row: Row, now: float, home: str) -> str:
    minutes = row.minutes(now)
    where = f"another clone: {row.clone}" if row.clone else short(row.worktree, home)
    cells = (
        shown(row.stage),
        shown(row.holder or "-"),
        shown((f"{where} ({row.branch})" if row.branch else where) or "-"),
        f"{'-' if minutes is None else f'{minutes:.0f}'} of {row.estimate_min:g}",
        _files(row.touched),
        _files(row.outside),
        age(now - row.committed) if row.committed else "-",
        shown(row.tests if row.tests != "none" else "-"),
        str(row.round + 1),
        shown("; ".join((cost(row), *budget_words(row)))),
        shown("; ".join(each.what for each in row.waits) or "-"),
    )
    name, title = shown(row.task), shown(row.title)
    head = f'<th scope="row" id="{name}">{name}<br><span class="soft">{title}</span></th>'
    return f"<tr>{head}" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _files(paths: tuple[str, ...]) -> str:
    listed = "".join(f"<li>{shown(path)}</li>" for path in paths)
    return f"<details><summary>{len(paths)}</summary><ul>{listed}</ul></details>" if listed else "-"


def _merges(found: Forecast) -> str:
    clashes = "".join(
        f"<li>{shown(each.ours)} and {shown(each.theirs)}: {shown(', '.join(each.files) or 'no common commit')}</li>"
        for each in found.clashes
    )
    steps = "".join(
        f"<li>{shown(step.branch)}: "
        + shown(
            "no common commit"
            if step.files is None
            else f"conflicts: {', '.join(step.files)}"
            if step.files
            else "clean"
        )
        + "</li>"
        for step in found.order
    )
    listed = f"<ul>{clashes}</ul>" if clashes else "<p>No two of them conflict.</p>"
    return (
        f'<section class="wide"><h2>Merges into {shown(found.base)}</h2>'
        f"<h3>Conflicts</h3>{listed}<h3>In this order</h3><ol>{steps}</ol></section>"
    )
