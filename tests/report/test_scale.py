"""The queries of docs/scale.md, run by the engines that they are for, against our own numbers."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from random import Random

import pytest

from planfence.report import organisation
from planfence.report.aggregates import COLUMNS, KEY
from planfence.report.parquet import write_parquet

_PAGE = Path(__file__).parents[2] / "docs/scale.md"
(QUERY,) = re.findall(r"<!-- runs in: clickhouse, spark -->\n```sql\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
NAMES = re.findall(r"\bAS (\w+)", QUERY)


def exports(folder: Path, files: int = 12, rows: int = 60, seed: int = 3) -> str:
    """Write made-up exports; no sum is 0."""
    from datetime import date, timedelta

    draw = Random(seed)
    folder.mkdir(parents=True)
    for number in range(files):
        made = []
        for _ in range(rows):
            week = date(2026, 1, 5) + timedelta(weeks=draw.randrange(40))
            key = (f"repo{number}", week, "p", "t", draw.choice(("single", "dual")), draw.choice("abc"))
            made.append((*key, *(_value(name, kind, draw) for name, kind in COLUMNS[len(KEY) :])))
        write_parquet(folder / f"{number}.parquet", COLUMNS, made)
    return f"{folder}/*.parquet"


def _value(name: str, kind: str, draw: Random) -> object:
    if kind == "BIGINT[]":
        return [draw.randrange(3) for _ in range(96)]
    if kind == "BIGINT":
        small = name in ("first_pass", "accepted", "reverted", "mended", "rewritten")
        return draw.randrange(1, 4) if small else draw.randrange(4, 30)
    return draw.uniform(60, 90) if name == "cost_ln2_sum" else draw.uniform(1, 9)


def ours(pattern: str) -> dict[str, dict[str, float | None]]:
    found = organisation.read(pattern, 1795341600)
    return {label: {name: each.value for name, each in group.items()} for label, group in found.groups.items()}


def check(rows: list[dict[str, object]], pattern: str) -> None:
    known = ours(pattern)
    assert {row["model"] for row in rows} == set(known)
    for row in rows:
        for name in NAMES:
            if name != "tasks":
                assert math.isclose(float(str(row[name])), known[str(row["model"])][name] or 0, rel_tol=1e-9), name


def test_every_metric_that_adds_up_has_its_line(tmp_path) -> None:
    found = organisation.read(exports(tmp_path / "out", 1, 5), 1795341600)
    quantiles = {"cost_median", "active_median", "active_p90"}
    assert set(NAMES) == (set(found.overall) - quantiles) | {"tasks"}


def test_duckdb_says_the_same(tmp_path) -> None:
    import duckdb

    pattern = exports(tmp_path / "out")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW exports AS SELECT * FROM read_parquet('{pattern}')")
        result = connection.execute(QUERY)
        names = [each[0] for each in result.description]
        check([dict(zip(names, row, strict=True)) for row in result.fetchall()], pattern)


@pytest.mark.slow
def test_clickhouse_says_the_same(tmp_path) -> None:
    chdb = pytest.importorskip("chdb", reason="ClickHouse in a package: pip install chdb")
    pattern = exports(tmp_path / "out")
    query = QUERY.replace("FROM exports", f"FROM file('{pattern}', Parquet)")
    check([json.loads(line) for line in str(chdb.query(query, "JSONEachRow")).splitlines()], pattern)


@pytest.mark.slow
def test_spark_says_the_same(tmp_path) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pip install pyspark; it needs Java")
    pattern = exports(tmp_path / "out")
    session = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        session.sql(f"CREATE TEMPORARY VIEW exports USING parquet OPTIONS (path '{pattern}', mergeSchema true)")
        check([row.asDict() for row in session.sql(QUERY).collect()], pattern)
    finally:
        session.stop()
