"""The report of many repositories: as text, as JSON, and as one offline page without a script."""

from __future__ import annotations

from dataclasses import asdict

from planfence.inert import dumps, inert
from planfence.render import report_html, report_text
from planfence.render.numbers import amount, day
from planfence.report.metrics import METRICS
from planfence.report.organisation import Organisation

#: The metrics that the page draws by week.
_DRAWN = ("cost_geomean", "first_pass", "rework", "rounds_mean")
_WIDE, _HIGH, _LEFT = 480, 120, 60


def json_text(found: Organisation) -> str:
    """One JSON object: snake_case keys, null for what is unknown."""
    plain = asdict(found)
    return dumps(plain | {"weeks": [{"week": week, "metrics": group} for week, group in plain["weeks"]]})


def text(found: Organisation, *, colour: bool) -> str:
    """The report at a terminal, 80 columns wide."""
    console, out = report_text.console_of(colour=colour)
    console.print(_headline(found), markup=False)
    console.print()
    console.print(report_text.overall_table(found.overall))
    for note in (*report_text.notes(found.overall), _left_out(found)):
        console.print(inert(note), markup=False)
    console.print()
    console.print(report_text.groups_table(found.dimension, found.groups))
    return out.getvalue()


def _headline(found: Organisation) -> str:
    since = f", since {found.since}" if found.since else ""
    return f"{found.repositories} repositories{since}: {found.tasks:,} tasks, {found.closed:,} closed"


def _left_out(found: Organisation) -> str:
    names = ", ".join(METRICS[name][0] for name in found.missing)
    return f"not told by sums, see each repository's own report: {names}" if names else ""


def page(found: Organisation, *, style: str) -> str:
    """Return the page; ``style`` is the stylesheet's text."""
    charts = "".join(_chart(name, found) for name in _DRAWN if name in found.overall)
    rows = "".join(report_html.row(METRICS[name][0], estimate) for name, estimate in found.overall.items())
    body = (
        f"<header><h1>{report_html.shown(_headline(found))}</h1>"
        f'<p class="soft">As of {day(found.made_at)} (UTC), from {report_html.shown(found.source)}. '
        f"Every number shows how many tasks it rests on. {report_html.shown(_left_out(found))}</p></header>"
        f'<main class="charts">{charts}'
        f'<section class="wide"><h2>All metrics, all tasks</h2>{report_html.table("metric", rows)}'
        f"{report_html.groups(f'By {found.dimension}', found.groups)}"
        f"{report_html.groups('By week', dict(found.weeks))}</section></main>"
    )
    return report_html.document(f"{found.repositories} repositories: planfence report", body, style=style)


def _chart(name: str, found: Organisation) -> str:
    """A line over the weeks, with the interval as a ribbon; the table below has its numbers."""
    points = [(number, group[name]) for number, (_, group) in enumerate(found.weeks) if name in group]
    known = [(number, each) for number, each in points if each.value is not None]
    if len(known) < 2:
        return ""
    top = max(each.high if each.high is not None else each.value or 0 for _, each in known) or 1.0
    unit = known[0][1].unit

    def at(number: int, value: float) -> str:
        x = _LEFT + (_WIDE - _LEFT - 10) * number / max(1, len(found.weeks) - 1)
        return f"{x:.1f},{_HIGH - 20 - (_HIGH - 40) * min(value, top) / top:.1f}"

    line = " ".join(at(number, each.value or 0) for number, each in known)
    banded = [(n, e.low, e.high) for n, e in known if e.low is not None and e.high is not None]
    ribbon = " ".join([*(at(n, high) for n, _, high in banded), *(at(n, low) for n, low, _ in reversed(banded))])
    title = METRICS[name][0]
    first, last = found.weeks[0][0], found.weeks[-1][0]
    return (
        f'<section><h2>{title}</h2><figure class="plot"><svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{title} by week, from {first} to {last}; the numbers are in the table by week">'
        f'<polygon class="ribbon k0" points="{ribbon}"/><polyline class="trace k0" points="{line}"/>'
        f'<text class="tick" x="0" y="20">{report_html.shown(amount(top, unit))}</text>'
        f'<text class="tick" x="0" y="{_HIGH - 20}">0</text>'
        f'<text class="tick" x="{_LEFT}" y="{_HIGH - 4}">{first}</text>'
        f'<text class="tick" x="{_WIDE - 80}" y="{_HIGH - 4}">{last}</text></svg></figure></section>'
    )
