"""The benchmark log as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planfence.inert import inert
from planfence.log.reader import Record, SetAside
from planfence.render.words import columns

#: A cell is cut at so many characters, since every row is as wide as the widest.
_CELL = 60
_COLUMNS = ("task", "model", "event", "result", "cost", "time_min", "review_round")


def render_records(records: Iterable[tuple[str, Record, tuple[str, str]]]) -> str:
    """One row a record, columns as wide as they need; a record comes with its time as text, its worktree and branch."""
    rows: list[tuple[str, ...]] = [("time", *_COLUMNS, "where")]
    for when, record, (worktree, branch) in records:
        cells = [record.fields.get(name, "") for name in _COLUMNS]
        cells.append(f"{worktree} ({branch})" if branch else worktree)
        rows.append((when, *(inert(cell, _CELL) or "-" for cell in cells)))
    return "\n".join(columns(rows))


def render_counts(counts: Mapping[str, int], aside: Iterable[SetAside], *, whole: bool = True) -> str:
    """What was read and what was not, with the first lines that were set aside; ``whole``: all of it was read."""
    words = [f"{counts.get('records', 0)} records", f"{counts.get('runs', 0)} run-log lines"]
    words += [f"{counts[name]} {name}" for name in ("glued", "torn", "doubled", "foreign") if counts.get(name)]
    read = f"{counts.get('lines', 0)} lines"
    lines = [f"{read if whole else f'{read} at the end (-n 0 reads all)'}: " + ", ".join(words)]
    lines += [f"  line {_place(entry.line)}, {entry.why}: {inert(entry.text, 120)}" for entry in aside]
    return "\n".join(lines)


def _place(line: int) -> str:
    return str(line) if line > 0 else f"{-line} from the end"
