"""The report as one offline page: data, style and script inline, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, fields
from html import escape

from planfence.inert import inert
from planfence.render.log_text import render_counts
from planfence.render.numbers import amount, day, interval
from planfence.report.data import LOOSE_LIMIT, ReportData, TaskRow
from planfence.report.metrics import METRICS, Estimate

_OPEN = 6
_CHARTS = (
    ("cost", "Cost of a task", "Every dot is a task; the bar is the median, the line its 95% interval."),
    ("minutes", "Active minutes", "Closed tasks: minutes worked, by the run log or as typed."),
    ("against", "Cost against time", "Every mark is a task."),
    ("rounds", "Review rounds", "Share of closed tasks that needed so many rounds."),
    ("passes", "First pass and rework", "By the week in which tasks were closed, with 95% bands."),
    ("stages", "Time in each stage", "From the recorded stage moves."),
)


def render_html(data: ReportData, *, style: str, script: str, board: str = "") -> str:
    """Return the page; ``style`` and ``script`` are the assets' text, ``board`` is a link to the board's page."""
    body = f"""{_head(data)}
{_filters()}
{_cards()}
{_trial(data)}
<main class="charts">
{"".join(_section(*chart) for chart in _CHARTS)}
{_summary(data)}
{_section("tasks", "All tasks shown", "", wide=True)}
{_read(data)}
</main>
<script type="application/json" id="data">{_json(data, board)}</script>"""
    return document(f"{data.title}: planfence report", body, style=style, script=script)


def document(title: str, body: str, *, style: str, script: str = "", kind: str = "") -> str:
    """Return a whole page that loads nothing and runs nothing but this script; ``kind`` is for the stylesheet."""
    runs = f"script-src '{_hash(script)}'" if script else "script-src 'none'"
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src '{_hash(style)}'; {runs}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{shown(title)}</title>
<style>{style}</style>
</head>
<body{f' class="{kind}"' if kind else ""}>
{body}
{f"<script>{script}</script>" if script else ""}
</body>
</html>
"""


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def shown(text: str) -> str:
    """Foreign text, for a page."""
    return escape(inert(text))


def _head(data: ReportData) -> str:
    since = f" since {day(data.since)}" if data.since else ""
    notes = "".join(f"<p>{shown(note)}</p>" for note in data.notes)
    loose = ""
    if not data.comparable:
        loose = (
            f"<p><strong>{amount(data.loose_share, 'rate')} of the dollars belong to no task, more than "
            f"{amount(LOOSE_LIMIT, 'rate')}: do not compare groups by cost.</strong></p>"
        )
    return (
        f"<header><h1>{shown(data.title)}: what tasks cost, and how they went</h1>"
        f'<p class="soft">Tasks{since}, as of {day(data.made_at)} (UTC). '
        f"Rework counts within {data.window_days} days. Every number shows how many tasks it rests on.</p>"
        f"{_verdict(data)}{loose}{notes}</header>"
    )


def _filters() -> str:
    selects = "".join(
        f'<label>{name}<select id="f-{name}"><option value="">all</option></select></label>'
        for name in ("model", "theme", "plan")
    )
    by = "".join(f"<option>{name}</option>" for name in ("model", "flow", "theme", "plan"))
    return (
        '<form id="filters" aria-label="Filters">'
        '<label>from<input type="date" id="f-from"></label><label>to<input type="date" id="f-to"></label>'
        f'{selects}<label>compare by<select id="f-by">{by}</select></label>'
        '<button type="reset">Show all</button></form><p class="soft" id="shown" role="status"></p>'
    )


def _cards() -> str:
    names = (
        ("c-cost", "Cost of a task, median"),
        ("c-time", "Active minutes, median"),
        ("c-first", "Passed the first time"),
        ("c-rework", "Fixed later"),
    )
    cards = "".join(
        f'<div id="{name}"><dt>{title}</dt><dd class="big">-</dd><dd class="soft"></dd></div>' for name, title in names
    )
    return f'<dl class="cards">{cards}</dl>'


def _verdict(data: ReportData) -> str:
    if not data.verdict:
        return '<p class="soft">No trial runs: tasks were not assigned by chance, so a difference is not a verdict.</p>'
    return f'<p class="verdict"><strong>Trial:</strong> {shown(str(data.verdict["text"]))}</p>'


def _trial(data: ReportData) -> str:
    if not data.verdict or not data.verdict.get("effect"):
        return ""
    return _section("trial", "The trial", "The interval against the margin within which both are the same.")


def _section(name: str, title: str, about: str, *, wide: bool = False) -> str:
    plot = f'<figure class="plot"></figure><p class="soft">{about}</p>' if about else ""
    return (
        f'<section id="{name}"{" class=wide" if wide else ""}><h2>{title}</h2>{plot}'
        f"<details><summary>Table: {title.lower()}</summary><div></div></details></section>"
    )


def _summary(data: ReportData) -> str:
    rows = "".join(row(METRICS[name][0], estimate) for name, estimate in data.overall.items())
    by_group = groups(f"By {data.dimension}", data.groups) if data.comparable else ""
    roles = groups("By role", data.roles) if data.comparable and data.dimension != "role" else ""
    whole = table("metric", rows)
    return f'<section class="wide"><h2>All metrics, all tasks</h2>{whole}{by_group}{roles}</section>'


def groups(title: str, measured: Mapping[str, Mapping[str, Estimate]]) -> str:
    """A table of each group, open while a person can take them in; a role has cost and time only."""
    tables = "".join(
        f"<h3>{shown(label)}</h3>"
        + table("metric", "".join(row(METRICS[name][0], e) for name, e in group.items() if e.n))
        for label, group in measured.items()
    )
    state = " open" if len(measured) <= _OPEN else ""
    return f"<details{state}><summary>{title}</summary><div>{tables}</div></details>" if measured else ""


def table(name: str, rows: str) -> str:
    """A table of metrics; ``rows`` are made by :func:`row`."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in (name, "value", "95% interval", "n", "note"))
    whole = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class=scroll tabindex=0 role=region aria-label=metrics>{whole}</div>"


def row(name: str, estimate: Estimate) -> str:
    """One metric's row."""
    cells = (amount(estimate.value, estimate.unit), interval(estimate), str(estimate.n), estimate.note)
    return f'<tr><th scope="row">{shown(name)}</th>' + "".join(f"<td>{shown(cell)}</td>" for cell in cells) + "</tr>"


def _read(data: ReportData) -> str:
    lines = render_counts(data.counts, data.aside).splitlines()
    aside = "".join(f"<li>{shown(line.strip())}</li>" for line in lines[1:])
    unreadable = f"<p>{data.unreadable} numbers could not be read and were left out.</p>" if data.unreadable else ""
    listed = f"<details><summary>Lines set aside</summary><ul>{aside}</ul></details>" if aside else ""
    runs = f"<p>{sum(data.runs.values())} recorded runs, {data.refused} refused.</p>" if data.runs else ""
    return f'<section class="wide"><h2>What was read</h2><p>{shown(lines[0])}</p>{runs}{unreadable}{listed}</section>'


def _json(data: ReportData, board: str) -> str:
    """The page's data; `<` is escaped, so that no name can end the script element."""
    columns = [field.name for field in fields(TaskRow)]
    plain = {
        "made_at": data.made_at,
        "window_days": data.window_days,
        "dimension": data.dimension,
        "columns": columns,
        "tasks": [[_short(value) for value in astuple(row)] for row in data.tasks],
        "verdict": data.verdict,
        "board": board,
    }
    text = json.dumps(plain, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _short(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str):
        return inert(value)
    return {name: round(minutes, 2) for name, minutes in value.items()} if isinstance(value, dict) else value
