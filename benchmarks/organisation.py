"""One report of many repositories' exports, against DuckDB's bare scan of the same files.

    python benchmarks/organisation.py [REPOSITORIES] [ROWS_A_WEEK]

Writes an export of 52 weeks for each repository (default 200, 10 rows a week) and prints medians as ratios, then how
long the page of each share of them takes, so that one sees how the cost grows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import duckdb

from planfence.render import organisation as rendered
from planfence.report import organisation
from planfence.report.aggregates import COLUMNS, KEY

RUNS = 5
NOW = 1795341600


def write(folder: Path, repositories: int, rows: int) -> None:
    """Write made-up exports, a file for each repository."""
    made = []
    for name, kind in COLUMNS[len(KEY) :]:
        if kind == "BIGINT[]":
            made.append(f"[cast(random() * 3 AS BIGINT) FOR x IN range(96)] AS {name}")
        elif kind == "BIGINT":
            few = name in ("first_pass", "accepted", "reverted", "mended", "rewritten")
            made.append(f"cast({1 if few else 20} + random() * {9 if few else 20} AS BIGINT) AS {name}")
        else:
            made.append(f"1 + random() * 9 AS {name}")
    with duckdb.connect() as connection:
        for number in range(repositories):
            connection.execute(
                f"COPY (SELECT 'repo{number}' AS repository, DATE '2026-01-05' + 7 * (i // {rows}) AS week, "
                f"'plan' || i % 7 AS plan, 'theme' AS theme, ['single', 'dual'][1 + i % 2] AS flow, "
                f"'model' || i % 5 AS model, {', '.join(made)} "
                f"FROM (SELECT i::INTEGER AS i FROM range({52 * rows}) t(i))) "
                f"TO '{folder}/{number}.parquet' (FORMAT parquet)"
            )


def scan(pattern: str) -> None:
    """What any report must at least do: read every column."""
    sums = [f"sum(list_sum({n}))" if kind == "BIGINT[]" else f"sum({n})" for n, kind in COLUMNS[len(KEY) :]]
    with duckdb.connect() as connection:
        connection.execute(f"SELECT {', '.join(sums)} FROM read_parquet('{pattern}')").fetchall()


def page(pattern: str) -> None:
    """Make the page."""
    style = (files("planfence.render") / "assets" / "report.css").read_text("utf-8")
    rendered.page(organisation.read(pattern, NOW), style=style)


def timed(call: Callable[[str], None], pattern: str) -> tuple[float, float]:
    """The seconds of a call, by the clock and of all cores together."""
    begin, worked = time.perf_counter(), time.process_time()
    call(pattern)
    return time.perf_counter() - begin, time.process_time() - worked


def main() -> int:
    repositories, rows = (int(word) for word in (*sys.argv[1:], "200", "10")[:2])
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), repositories, rows)
        pattern = f"{folder}/*.parquet"
        pairs = [(timed(page, pattern), timed(scan, pattern)) for _ in range(RUNS)]
        (ours, worked), (bare, scanned) = (
            [statistics.median(each) for each in zip(*side, strict=True)] for side in zip(*pairs, strict=True)
        )
        tasks = organisation.read(pattern, NOW).tasks
        print(f"{repositories} repositories, {repositories * 52 * rows:,} rows, {tasks:,} tasks")
        print(f"page ÷ bare scan: {ours / bare:.2f} (bar 2), in processor time {worked / scanned:.2f}")
        for share in (10, 100, 1000):
            if part := sorted(Path(folder).glob("*.parquet"))[: repositories // share]:
                few = Path(folder) / f"part{share}"
                few.mkdir()
                for each in part:
                    (few / each.name).symlink_to(each)
                print(
                    f"a page of {len(part)} repositories ÷ one of all: {timed(page, f'{few}/*.parquet')[0] / ours:.2f}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
