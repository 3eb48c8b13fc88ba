"""The report in a terminal, 80 columns wide at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from planfence.inert import inert
from planfence.render.log_text import render_counts
from planfence.render.numbers import amount, day, interval
from planfence.render.words import columns
from planfence.report.data import LOOSE_LIMIT, ReportData
from planfence.report.metrics import METRICS, Estimate
from planfence.rules.catalog import KNOWN

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from planfence.report.refusals import Refusals

_GROUP_COLUMNS = (
    ("cost_median", "cost"),
    ("cost_per_accepted", "$/accepted"),
    ("active_median", "active"),
    ("first_pass", "first pass"),
    ("rework", "fixed"),
)


def render_text(data: ReportData, *, colour: bool) -> str:
    """Return the whole report as text."""
    console, out = console_of(colour=colour)
    _head(console, data)
    if not data.tasks:
        console.print("\nNo task yet. A line in the log makes one; see `planfence log add --help`.")
        return out.getvalue()
    if data.verdict:
        console.print(f"Trial: {inert(str(data.verdict['text']))}", markup=False)
    else:
        console.print("No trial runs: tasks were not assigned by chance; a difference is not a verdict.", markup=False)
    console.print()
    console.print(overall_table(data.overall))
    for note in notes(data.overall):
        console.print(inert(note), markup=False)
    console.print()
    if data.comparable:
        console.print(groups_table(data.dimension, data.groups))
    else:
        console.print(
            f"\n{amount(data.loose_share, 'rate')} of the dollars belong to no task, more than "
            f"{amount(LOOSE_LIMIT, 'rate')}: groups are not compared.",
            markup=False,
        )
    if data.stages:
        console.print(_simple("stage", "minutes in it, median", data.stages))
    for note in data.notes:
        console.print(inert(note), markup=False)
    return out.getvalue()


def console_of(*, colour: bool) -> tuple[Console, StringIO]:
    """A console 80 columns wide, and where its text is."""
    from rich.console import Console

    out = StringIO()
    return Console(file=out, width=80, force_terminal=colour, no_color=not colour, highlight=False, emoji=False), out


def _head(console: Console, data: ReportData) -> None:
    since = f", since {day(data.since)}" if data.since else ""
    console.print(f"{inert(data.title)}{since}: {len(data.tasks)} tasks, {data.open_tasks} open", markup=False)
    runs = sum(data.runs.values())
    if runs:
        console.print(f"{runs} recorded runs, {data.refused} refused", markup=False)
    console.print(render_counts(data.counts, data.aside[:3]), markup=False, soft_wrap=False, overflow="ellipsis")
    if data.unreadable:
        console.print(f"{data.unreadable} numbers could not be read and were left out", markup=False)
    if data.loose_share:
        console.print(f"{amount(data.loose_share, 'rate')} of the dollars belong to no task", markup=False)


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))


def overall_table(group: Mapping[str, Estimate]) -> Table:
    """All metrics, a row each."""
    table = _table("All tasks")
    table.add_column("metric")
    for name in ("value", "95% interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, estimate in group.items():
        table.add_row(METRICS[name][0], amount(estimate.value, estimate.unit), interval(estimate), str(estimate.n))
    return table


def notes(group: Mapping[str, Estimate]) -> Iterator[str]:
    """What the numbers leave out or rest on, each said once with the metrics that it is about."""
    about: dict[str, list[str]] = {}
    for name, estimate in group.items():
        if estimate.note:
            about.setdefault(estimate.note, []).append(METRICS[name][0].partition(",")[0])
    for note, names in about.items():
        yield f"{', '.join(dict.fromkeys(names))}: {note}"


def groups_table(dimension: str, groups: Mapping[str, Mapping[str, Estimate]]) -> Table:
    """The main metrics of each group, a column each."""
    from rich.text import Text

    table = _table(f"By {dimension}: value, 95% interval, n")
    table.add_column(dimension, overflow="fold", max_width=18)
    shown = [(name, title) for name, title in _GROUP_COLUMNS if any(name in group for group in groups.values())]
    for _, title in shown:
        table.add_column(title, justify="right", min_width=8)
    for label, group in groups.items():
        cells = [Text(inert(label))]
        for name, _ in shown:
            estimate = group[name]
            words = [amount(estimate.value, estimate.unit), interval(estimate), f"n={estimate.n}"]
            cells.append(Text("\n".join(word for word in words if word)))
        table.add_row(*cells)
    return table


def _simple(label: str, title: str, rows: Mapping[str, Estimate]) -> Table:
    from rich.text import Text

    table = _table(f"By {label}")
    table.add_column(label)
    for name in (title, "95% interval", "n"):
        table.add_column(name, justify="right")
    for name, estimate in rows.items():
        table.add_row(Text(inert(name)), amount(estimate.value, estimate.unit), interval(estimate), str(estimate.n))
    return table


def refusals_text(rows: Sequence[Refusals]) -> str:
    """Return a table of what was refused, and of what enforcing would have refused, by rule and by who."""
    if not rows:
        return "nothing was refused, and nothing would have been\n"
    names = dict(KNOWN)
    cells = [("rule", "", "by", "refused", "observed")]
    cells += [(inert(r.rule), names.get(r.rule, ""), inert(r.model), str(r.refused), str(r.observed)) for r in rows]
    note = "observed: what enforcing would have stopped (`mode` in planfence.toml)"
    return "\n".join([*columns(cells, right=2), note]) + "\n"
