import json
import os
import subprocess

import pytest
from support import program

from planfence.errors import PlanfenceError
from planfence.render.report_text import render_text
from planfence.report import report
from planfence.report.metrics import Frame

NOW = 1795341600
LINES = """\
2026-11-20_10:00:00,task=auth-mw/extract,model=codex,cost=0.42,time_min=26,review_round=2
2026-11-20_11:00:00,task=auth-mw/wire,model=claude,cost=1.10,time_min=41,review_round=1
auth-mw/wire,start,1795100000
auth-mw/wire,end,1795102400
not a line
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LINES)
    return report.Source((path, tmp_path / "none"))


def test_the_terminal_page_fits_80_columns(source, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")  # rich writes no colour for a dumb one
    data = report.report([source], Frame(NOW), title="work")
    text = render_text(data, colour=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "work: 2 tasks, 0 open" in text
    assert "1 foreign" in text
    assert "$0.76" in text
    assert "\x1b" not in text
    assert "\x1b[" in render_text(data, colour=True)


def test_json(source):
    plain = json.loads(report.render_json(report.report([source], Frame(NOW))))
    assert plain["overall"]["cost_median"]["value"] == pytest.approx(0.76)
    assert plain["read"] == {"lines": 5, "records": 2, "runs": 2, "foreign": 1, "unreadable_numbers": 0}
    assert [row["task"] for row in plain["tasks"]] == ["auth-mw/wire", "auth-mw/extract"] or len(plain["tasks"]) == 2
    assert set(plain["by"]["groups"]) == {"claude", "codex"}


def test_csv_is_safe_in_a_spreadsheet(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("2026-11-20_10:00:00,task==HYPERLINK(1),model=codex,cost=1\n")
    text = report.render_csv(report.report([report.Source((path,))], Frame(NOW)))
    assert text.splitlines()[1].startswith("'=HYPERLINK(1),")


def test_markup_and_escapes_in_names_are_only_text(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("2026-11-20_10:00:00,task=[red]x,model=[bold]%1B[31m,cost=1\n")
    text = render_text(report.report([report.Source((path,))], Frame(NOW), title="[blink]"), colour=False)
    assert "[blink]" in text
    assert "[bold]\\x1b[31m" in text.replace("\n", "")


def test_several_repositories_do_not_mix(source, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(LINES.replace("10:00:00", "10:00:01"))
    data = report.report([report.Source(source.paths, "a:"), report.Source((other,), "b:")], Frame(NOW))
    assert {row.task for row in data.tasks} == {
        "a:auth-mw/extract",
        "a:auth-mw/wire",
        "b:auth-mw/extract",
    }
    assert data.tasks[0].plan == "auth-mw"
    assert data.counts["doubled"] == 3


def test_since(source):
    assert report.since_epoch("14d", NOW) == NOW - 14 * 86_400
    assert report.since_epoch("", NOW) == 0
    with pytest.raises(PlanfenceError):
        report.since_epoch("soon", NOW)
    assert report.report([source], Frame(NOW), since=NOW).tasks == []


def test_an_empty_log_says_what_to_do(tmp_path):
    data = report.report([report.Source((tmp_path / "none",))], Frame(NOW), title="work")
    assert "planfence log add" in render_text(data, colour=False)


def test_the_command(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables = kept | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], env=variables, check=True)
    (tmp_path / "work" / ".ai-benchmark.csv").write_text(LINES)

    def run(*words):
        return program.run(["report", *words], tmp_path / "work", variables)

    assert "work: 2 tasks" in run().stdout
    assert json.loads(run("--json", "--by", "role").stdout)["by"]["dimension"] == "role"
    assert run("--csv").stdout.count("\n") == 3
    assert run("--since", "never").returncode == 2
    assert run("--repo", "none").returncode == 2
    assert "1 repositories" in run("--repo", ".").stdout
    twin = tmp_path / "other" / "work"
    subprocess.run(["git", "init", "-q", str(twin)], env=variables, check=True)
    (twin / ".ai-benchmark.csv").write_text(LINES.replace("_1", "_2"))
    both = json.loads(run("--repo", ".", "--repo", str(twin), "--json").stdout)
    assert {row["task"].rpartition("/")[0] for row in both["tasks"]} == {
        f"{tmp_path.name}/work:auth-mw",
        "other/work:auth-mw",
    }
    (twin / ".ai-benchmark.csv").unlink()
    os.mkfifo(twin / ".ai-benchmark.csv")
    unread = run("--repo", str(twin))
    assert (unread.returncode, "could not be read" in unread.stderr) == (3, True)
