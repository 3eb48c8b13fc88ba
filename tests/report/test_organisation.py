"""Exports of many repositories: what sums carry is what one report over all of their logs says."""

from __future__ import annotations

import json
import os
import random
import subprocess
from datetime import date

import pytest
from support import program

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.manifest.policy import Policy
from planfence.render import organisation as rendered
from planfence.report import export, organisation, report
from planfence.report.metrics import METRICS, Frame
from planfence.report.parquet import write_parquet

POLICY, NOW = Policy(), 1795341600
EXACT = ("cost_geomean", "cost_per_accepted", "cost_spread", "first_pass", "rounds_mean", "rollback", "rework")


def _log(draw: random.Random) -> str:
    lines = []
    for number in range(draw.randrange(20, 40)):
        day, model = draw.randrange(1, 19), draw.choice(("codex", "claude"))
        name, result = f"p/t{number}", draw.choice(("accepted", "accepted", "abandoned"))
        lines.append(
            f"2026-11-{day:02}_10:00:00,task={name},model={model},cost={draw.uniform(0.1, 9):.2f},"
            f"time_min={draw.uniform(3, 90):.1f},review_round={draw.randrange(1, 4)},plan=p,theme=x,"
            f"event=finish,result={result},flow={draw.choice(('single', 'dual'))},id={draw.getrandbits(64):016x}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", autouse=True)
def one_database():
    """Each connection is one to this database: to make another takes a third of what an export's report takes."""
    import duckdb

    with pytest.MonkeyPatch.context() as patch, duckdb.connect(config={"threads": 1}) as database:
        patch.setattr(duckdb, "connect", database.cursor)
        yield


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables = kept | {"HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    draw, sources = random.Random(5), []
    (folder / "out" / "deep").mkdir(parents=True)
    for name in ("one", "two", "three"):
        subprocess.run(["git", "init", "-q", str(folder / name)], env=variables, check=True)
        (folder / name / POLICY.log).write_text(_log(draw))
        repository = open_repository(Environment(variables), folder / name)
        export.parquet(repository, POLICY, folder / "out" / "deep" / f"{name}.parquet", NOW)
        sources.append(report.source_of(repository, POLICY, f"{name}:"))
    return folder, report.report(sources, Frame(NOW)), variables


def test_sums_say_what_the_tasks_say(exports) -> None:
    folder, whole, _ = exports
    found = organisation.read(f"{folder}/out/**/*.parquet", NOW)
    assert (found.repositories, found.tasks) == (3, len(whole.tasks))
    for wanted, seen in [(whole.overall, found.overall), *((whole.groups[n], found.groups[n]) for n in whole.groups)]:
        for name in EXACT:
            one, other = wanted[name], seen[name]
            assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-9), name
            assert one.n == other.n
    assert set(found.groups) == set(whole.groups) == {"codex", "claude"}
    weeks = {week: group["first_pass"].n for week, group in found.weeks}
    assert sum(weeks.values()) == found.overall["first_pass"].n
    for name in ("cost_median", "active_median", "active_p90"):
        one, other = whole.overall[name], found.overall[name]
        assert other.value == pytest.approx(one.value, rel=0.091)
        assert other.low <= one.low < one.high <= other.high
        assert (other.low, other.high) == pytest.approx((one.low, one.high), rel=0.2)
        assert "histogram" in found.overall[name].note
    assert set(found.missing) == {"lead_median", "lead_p90", "within_k"} == set(METRICS) - set(found.overall)
    assert set(organisation.read(f"{folder}/out/**/*.parquet", NOW, dimension="repository").groups) == {
        "one", "two", "three",
    }  # fmt: skip


def test_since_leaves_older_weeks_out(exports) -> None:
    folder, _, _ = exports
    whole, late = (organisation.read(f"{folder}/out/**/*.parquet", NOW, since=s) for s in (0, NOW - 8 * 86_400))
    assert 0 < late.tasks < whole.tasks
    assert len(late.weeks) < len(whole.weeks)


def test_what_is_no_export_is_refused(exports, tmp_path) -> None:
    folder, _, _ = exports
    with pytest.raises(PlanfenceError, match="nothing"):
        organisation.read(f"{folder}/nothing/*.parquet", NOW)
    (tmp_path / "x.parquet").write_text("no parquet")
    write_parquet(tmp_path / "y.parquet", (("week", "DATE"),), [])
    for name in ("x", "y"):
        with pytest.raises((CouldNotCheck, PlanfenceError)):
            organisation.read(f"{tmp_path}/{name}.parquet", NOW)


@pytest.mark.parametrize(
    "change",
    [
        *("first_pass = judged + 9", "mature = -1", "cost_ln_sum = 'nan'", "spent_top = 'inf'", "tasks = NULL"),
        *("tasks = -3", "cost_n = -3", "spent_top = 1e308, spent_bottom = 1e-308", "week = NULL"),
        *("cost_histogram = list_resize([]::BIGINT[], 96, 9223372036854775807)", "model = NULL, repository = NULL"),
        *("model = chr(27) || '[31m' || repeat('x', 99999)", "cost_histogram = [1]", "cost_ln_sum = 1e308"),
    ],
)
def test_sums_that_contradict_each_other_are_no_traceback(exports, tmp_path, change: str) -> None:
    import duckdb

    folder, _, _ = exports
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE made AS SELECT * FROM '{folder}/out/deep/one.parquet'")
        connection.execute(f"UPDATE made SET {change}")
        connection.execute(f"COPY made TO '{tmp_path}/bad.parquet'")
    _is_read_or_refused(f"{tmp_path}/bad.parquet")


@pytest.mark.parametrize(
    "columns",
    [
        *("'nan'::DOUBLE AS tasks", "'inf'::DOUBLE AS refused_runs", "'x' AS tasks", "{'a': 1} AS closed"),
        *("5 AS model", "['a'] AS model", "'\\xff'::BLOB AS model", "7 AS repository", "['a'] AS repository"),
        *(
            "'soon' AS week",
            "5 AS week",
            "week::TIMESTAMP AS week",
            "'x' AS cost_histogram",
            "MAP {1: 2} AS cost_histogram",
        ),
        *("list_resize([1.5::DOUBLE], 96, 'nan'::DOUBLE) AS cost_histogram", "'nan'::DOUBLE AS parts_top"),
        *("INTERVAL 1 DAY AS tasks", "[INTERVAL 1 DAY] AS cost_histogram", "[1.5::DECIMAL(10,2)] AS cost_histogram"),
    ],
)
def test_columns_of_other_types_are_read_or_refused(exports, tmp_path, columns: str) -> None:
    import duckdb

    folder, _, _ = exports
    good = f"{folder}/out/deep/one.parquet"
    dimensions = ("model", "repository") if columns.endswith((" model", " repository")) else ("model",)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * REPLACE ({columns}) FROM '{good}') TO '{tmp_path}/b.parquet'")
        for dimension in dimensions:
            _is_read_or_refused(f"{tmp_path}/b.parquet", dimension)
        connection.execute(f"COPY (FROM '{good}') TO '{tmp_path}/a.parquet'")
        for dimension in dimensions:
            _is_read_or_refused(f"{tmp_path}/*.parquet", dimension)


@pytest.mark.parametrize("later", ["b", "0"])
@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ("true AS tasks", lambda found: found.tasks),
        ("(tasks > 0) AS tasks, (closed > 0) AS closed", lambda found: (found.tasks, found.closed)),
        ("tasks::SMALLINT AS tasks", lambda found: found.tasks),
        ("tasks + 0.5::DOUBLE AS tasks", lambda found: found.tasks),
        ("spent_top::BIGINT AS spent_top", lambda found: found.overall["cost_per_accepted"].value),
        ("cost_ln_sum::BIGINT AS cost_ln_sum", lambda found: found.overall["cost_geomean"].value),
        ("cost_ln_sum::DECIMAL(10, 2) AS cost_ln_sum", lambda found: found.overall["cost_geomean"].value),
        ("cost_histogram::UTINYINT[] AS cost_histogram", lambda found: found.overall["cost_median"].n),
    ],
)
def test_no_file_is_read_as_another_ones_types(exports, tmp_path, columns: str, read, later: str) -> None:
    import duckdb

    good = f"{exports[0]}/out/deep/*.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM '{good}') TO '{tmp_path}/a.parquet'")
        connection.execute(f"COPY (SELECT * REPLACE ({columns}) FROM '{good}') TO '{tmp_path}/{later}.parquet'")
        both = f"FROM '{tmp_path}/a.parquet' UNION ALL BY NAME FROM '{tmp_path}/{later}.parquet'"
        connection.execute(f"COPY ({both}) TO '{tmp_path}/whole.one' (FORMAT parquet)")
    assert read(organisation.read(f"{tmp_path}/*.parquet", NOW)) == pytest.approx(
        read(organisation.read(f"{tmp_path}/whole.one", NOW)), rel=1e-12
    )


def test_an_export_of_no_rows_is_a_report_of_nothing(exports, tmp_path) -> None:
    import duckdb

    folder, _, _ = exports
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM '{folder}/out/deep/one.parquet' LIMIT 0) TO '{tmp_path}/none.parquet'")
    found = organisation.read(f"{tmp_path}/none.parquet", NOW)
    late = organisation.read(f"{folder}/out/**/*.parquet", NOW, since=NOW)
    for each in (found, late):
        assert (each.repositories, each.tasks, each.groups) == (0, 0, {})
        assert rendered.text(each, colour=False).startswith("0 repositories")
        assert json.loads(rendered.json_text(each))["repositories"] == 0


def _is_read_or_refused(pattern: str, dimension: str = "model") -> None:
    try:
        found = organisation.read(pattern, NOW, dimension=dimension)
    except CouldNotCheck:
        return
    json.loads(rendered.json_text(found), parse_constant=pytest.fail)
    assert "\x1b" not in rendered.text(found, colour=False)
    assert found.tasks >= 0
    rendered.page(found, style="")


def test_an_export_of_the_version_before_is_read_as_far_as_it_goes(exports, tmp_path) -> None:
    import duckdb

    folder, _, _ = exports
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE (told, rewritten, spent_n, rounds_sum2) FROM '{folder}/out/deep/one.parquet') "
            f"TO '{tmp_path}/old.parquet'"
        )
    found = organisation.read(f"{tmp_path}/old.parquet", NOW)
    assert {"rewritten", "cost_per_accepted"} <= set(found.missing)
    assert found.overall["rounds_mean"].value is not None
    assert found.overall["rounds_mean"].low is None


def test_exports_of_two_versions_are_read_together_and_what_is_none_is_refused(exports, tmp_path) -> None:
    import duckdb

    folder, _, _ = exports
    with duckdb.connect() as connection:
        older = f"SELECT * EXCLUDE (told, rounds_sum2) FROM '{folder}/out/deep/one.parquet'"
        connection.execute(f"COPY ({older}) TO '{tmp_path}/a.parquet'")
        connection.execute(f"COPY (FROM '{folder}/out/deep/two.parquet') TO '{tmp_path}/b.parquet'")
        both = organisation.read(f"{tmp_path}/*.parquet", NOW)
        one, two = (organisation.read(f"{tmp_path}/{name}.parquet", NOW) for name in "ab")
        assert (both.repositories, both.tasks) == (2, one.tasks + two.tasks)
        sums = "{'tasks': tasks, 'closed': closed}"
        rows = f"SELECT {sums} AS sums, [{sums}] AS more, * EXCLUDE (tasks, closed) FROM '{tmp_path}/b.parquet'"
        for none in ("SELECT 1 AS tasks, 1 AS closed", rows):
            connection.execute(f"COPY ({none}) TO '{tmp_path}/c.parquet'")
            for pattern in ("c", "*"):
                with pytest.raises(CouldNotCheck, match=r"c\.parquet is not an export: it has no `\w+`"):
                    organisation.read(f"{tmp_path}/{pattern}.parquet", NOW)


def test_the_page_runs_nothing_and_shows_names_as_they_are(exports, tmp_path) -> None:
    rows = [("</style><script>alert(1)</script>", date(2026, 1, 5), "p", "x", "dual", "<b>codex", *[1] * 11)]
    columns = [*organisation.KEY, *[name for name, kind in organisation.COLUMNS if kind == "BIGINT"][:11]]
    kinds = dict(organisation.COLUMNS)
    write_parquet(tmp_path / "evil.parquet", [(name, kinds[name]) for name in columns], rows)
    page = rendered.page(organisation.read(f"{tmp_path}/evil.parquet", NOW, dimension="repository"), style="p{}")
    assert "<script" not in page
    assert "script-src 'none'" in page
    folder, _, variables = exports
    out = tmp_path / "page.html"
    words = ["report", "--from", f"{folder}/out/**/*.parquet", "--html", str(out), "--json"]
    done = program.run(words, tmp_path, variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["repositories"] == 3
    assert "<polyline" in out.read_text()
    assert "3 repositories: " in program.run(words[:3], tmp_path, variables).stdout
    assert program.run([*words[:3], "--csv"], tmp_path, variables).returncode == 2
    assert program.run(["report", "--by", "repository"], folder / "one", variables).returncode == 2


def test_odd_lines_of_a_log_leave_an_export_that_can_be_read(exports) -> None:
    folder, _, variables = exports
    (folder / "three" / POLICY.log).write_bytes(
        b"2026-11-01_10:00:00,task=p/\xff,model=c\xff,cost=0.01,time_min=1,review_round=1e99\n"
        b"2026-11-02_10:00:00,task=p/b,model=c\xff,cost=1e99,time_min=9,review_round=1\n"
    )
    export.parquet(open_repository(Environment(variables), folder / "three"), POLICY, folder / "odd.parquet", NOW)
    found = organisation.read(str(folder / "odd.parquet"), NOW)
    assert set(found.groups) == {"c\\xff"}
    assert found.overall["active_median"].value == pytest.approx(5, rel=0.091)
