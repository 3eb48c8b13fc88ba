"""The board in a terminal, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from planfence.gate.rows import Board, Row
from planfence.inert import inert
from planfence.render.stage_text import paths_text
from planfence.render.words import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gate.mergeforecast import Forecast

_COLUMNS = (
    ("task", 26),
    ("stage", 9),
    ("holder", 8),
    ("min", 7),
    ("files", 6),
    ("commit", 6),
    ("tests", 5),
    ("cost", 6),
)
_WIDE = 80
_INDENT = "  "
_TESTS = {"passed": "ok", "failed": "FAIL", "none": "-"}


def board_text(board: Board, now: float, *, home: str = "") -> str:
    """Return all rows, two lines each: what it is and how far, if it is and what it waits for.

    ``home`` is a folder that places are shown relative to if they are in it.
    """
    if not board.rows:
        lines = _wrapped("No task is open: every plan here is done, or there is none (`planfence plan new ID`).", "")
    else:
        lines = [_line([name for name, _ in _COLUMNS])]
        for row in board.rows:
            lines += _row(row, now, home)
        lines.append(_sum(board.rows))
    for note in board.notes:
        lines += _wrapped(f"note: {inert(note)}", "")
    return "\n".join(lines) + "\n"


def _row(row: Row, now: float, home: str) -> Iterator[str]:
    task = inert(row.task)
    cells = [
        "",
        row.stage + (f" r{row.round + 1}" if row.round else ""),
        row.holder or "-",
        _minutes(row, now),
        _files(row),
    ]
    cells += [age(now - row.committed) if row.committed else "-", _TESTS[row.tests], cost(row)]
    if len(task) <= _COLUMNS[0][1]:
        cells[0] = task
        yield _line(cells)
    else:
        yield from _wrapped(task, "")
        yield _line(cells)
    if row.stage != "done":
        yield from _wrapped(" · ".join(_second(row, home)), _INDENT)


def _second(row: Row, home: str) -> list[str]:
    found = []
    if row.clone:
        found.append(f"in another clone: {inert(row.clone)}" + (f" on {inert(row.branch)}" if row.branch else ""))
    elif row.worktree:
        found.append(f"{inert(short(row.worktree, home))} on {inert(row.branch) or 'no branch'}")
    if row.outside:
        found.append(
            f"outside: {inert(row.outside[0])}" + (f" and {len(row.outside) - 1} more" if row.outside[1:] else "")
        )
    found += budget_words(row)
    if row.waits:
        found.append("waits for " + "; ".join(inert(each.what) for each in row.waits))
    return found


def _wrapped(text: str, indent: str) -> list[str]:
    """A text on as many lines as it needs, what follows the first one indented further."""
    return wrap(text, _WIDE, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def _line(cells: Sequence[str]) -> str:
    words = (
        inert(cell, width + 20)[: max(width, 0)].ljust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
    )
    return " ".join(words).rstrip()


def _minutes(row: Row, now: float) -> str:
    spent = row.minutes(now)
    return f"{'-' if spent is None else f'{spent:.0f}'}/{row.estimate_min:g}"


def _files(row: Row) -> str:
    if not row.worktree:
        return "-"
    return f"{len(row.touched)}+{len(row.outside)}!" if row.outside else str(len(row.touched))


def cost(row: Row) -> str:
    """What a task cost so far; unknown is not 0."""
    return "-" if row.cost is None else f"${row.cost:.2f}"


def budget_words(row: Row) -> list[str]:
    """What a task has cost of its budget, and what of it has no price."""
    words = {"usd": ("${:.2f}", "${:.2f}"), "min": ("{:.0f}", "{:g} min"), "tokens": ("{:,.0f}", "{:,.0f} tokens")}
    found = []
    for name, most in row.budget.items():
        so_far, limit = words[name]
        known = f"{so_far.format(row.spent[name])} of " if name in row.spent else ""
        found.append(known + limit.format(most))
    budget = [f"budget: {', '.join(found)}"] if found else []
    return [*budget, *([f"{row.unpriced:,} tokens without a price"] if row.unpriced else [])]


def age(seconds: float) -> str:
    """How long ago something was, in the largest unit that fits."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return "now"


def short(place: str, home: str) -> str:
    """A folder as it is shown beside ``home``: relative if it is in it."""
    return f".{place[len(home) :]}" if home and (place + "/").startswith(home + "/") else place


def _sum(rows: Sequence[Row]) -> str:
    active = sum(row.active for row in rows)
    known = [row.cost for row in rows if row.cost is not None]
    spent = f", ${sum(known):.2f} so far" if known else ""
    done, outside = sum(row.stage == "done" for row in rows), sum(bool(row.outside) for row in rows)
    left = len(rows) - done
    told = f"{counted(left, 'task')} open{f', {done} done' if done else ''}"
    return f"{told}, {active} at work, {outside} with files outside{spent}"


def forecast_text(found: Forecast) -> str:
    """Which branches would conflict, and the order to merge them in."""
    if not found.branches:
        return f"merge forecast: no worktree has commits that {inert(found.base)} lacks\n"
    lines = [f"merge forecast: {len(found.branches)} branches onto {inert(found.base)}"]
    for each in found.clashes:
        what = paths_text(each.files) if each.files else "they have no common commit"
        lines += _wrapped(f"{inert(each.ours)} and {inert(each.theirs)} conflict: {what}", _INDENT)
    if not found.clashes:
        lines.append("  no two of them conflict")
    lines.append("merge in this order:")
    for number, step in enumerate(found.order, 1):
        what = "can't be merged: no common commit" if step.files is None else paths_text(step.files)
        lines += _wrapped(f"{number}. {inert(step.branch)}  " + (f"conflicts: {what}" if what else "clean"), _INDENT)
    return "\n".join(lines) + "\n"


def forecast_plain(found: Forecast) -> dict[str, object]:
    """The forecast as JSON has it; `files` is null if a branch can't be merged at all."""
    return {
        "base": found.base,
        "branches": list(found.branches),
        "clashes": [{"ours": each.ours, "theirs": each.theirs, "files": list(each.files)} for each in found.clashes],
        "order": [
            {
                "branch": step.branch,
                "tasks": list(step.tasks),
                "files": None if step.files is None else list(step.files),
            }
            for step in found.order
        ],
    }
