"""An organisation of 10,000 repositories: the page of 10⁷ tasks, and how its cost grows.

    python benchmarks/organisation_large.py [FOLDER]

Writes exports of 52 weeks with DuckDB, one file a repository and about a thousand tasks each, into a folder below
FOLDER that is removed afterwards (about 400 MB). Each page is made in a process of its own: so its memory is known.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from organisation import page, scan

from planfence.report.aggregates import COLUMNS, KEY

SIZES = (100, 1_000, 10_000)
RUNS = 2
#: Rows of one repository: two groups a week, of 9.6 tasks in the mean.
ROWS = 2 * 52
AT_ONCE = 500


def write(folder: Path, begin: int, end: int) -> None:
    """Write the exports of some repositories: sums of few tasks, histograms that are mostly empty."""
    tasks = "(9 + (i % 5 < 3)::INTEGER)"
    made = []
    for name, kind in COLUMNS[len(KEY) :]:
        if kind == "BIGINT[]":
            made.append(f"[CASE WHEN x BETWEEN 36 AND 44 THEN 1 + (i + x) % 2 ELSE 0 END FOR x IN range(96)] AS {name}")
        elif kind == "BIGINT":
            share = {"first_pass": 0.7, "accepted": 0.9, "reverted": 0.05, "mended": 0.1, "rewritten": 0.1}.get(name, 1)
            made.append(f"cast({tasks} * {share} AS BIGINT) AS {name}")
        else:
            made.append(f"{tasks} * (1 + random()) AS {name}")
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '1GB'; SET partitioned_write_max_open_files = 50")
        connection.execute(
            f"COPY (SELECT 'repo' || i // {ROWS} AS repository, "
            f"DATE '2026-01-05' + 7 * ((i % {ROWS}) // 2)::INTEGER AS week, 'plan' || i % 7 AS plan, 'theme' AS theme, "
            f"['single', 'dual'][1 + i % 2] AS flow, 'model' || (i // 2) % 5 AS model, {', '.join(made)} "
            f"FROM range({begin * ROWS}, {end * ROWS}) t(i)) "
            f"TO '{folder}' (FORMAT parquet, PARTITION_BY (repository), WRITE_PARTITION_COLUMNS, OVERWRITE_OR_IGNORE)"
        )


def measured(call: Callable[[str], None], pattern: str) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak kilobytes of a call in a process of its own."""
    begin = time.perf_counter()
    child = os.fork()
    if not child:
        call(pattern)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    assert status == 0
    return time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss


def report(words: str, pattern: str, first: tuple[float, int] | None) -> tuple[float, int]:
    """Measure the page of these files, print it, and return its CPU seconds and kilobytes."""
    pairs = [(measured(page, pattern), measured(scan, pattern)) for _ in range(RUNS)]
    wall, cpu, memory = (min(each[0][n] for each in pairs) for n in range(3))
    bare = min(each[1][1] for each in pairs)
    first = first or (cpu, int(memory))
    print(
        f"{words}: {wall:.1f} s, page ÷ bare scan {cpu / bare:.2f}, processor time ÷ the first {cpu / first[0]:.1f}, "
        f"memory ÷ the first {memory / first[1]:.1f} ({int(memory) >> 10} MB)",
        flush=True,
    )
    return first


def main() -> int:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        first, done = None, 0
        pattern = f"{place}/*/*.parquet"
        for repositories in SIZES:
            for begin in range(done, repositories, AT_ONCE):
                write(Path(place), begin, min(begin + AT_ONCE, repositories))
            done = repositories
            words = f"{repositories:6,} repositories, {repositories * ROWS * 9.6:11,.0f} tasks"
            first = report(words, pattern, first)
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM read_parquet('{pattern}')) TO '{place}/all.parquet'")
        report("the same in one file", f"{place}/all.parquet", first)
    return 0


if __name__ == "__main__":
    sys.exit(main())
