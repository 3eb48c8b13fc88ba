import json
import os
import subprocess

import pytest
from support import program

from planfence.env import Environment
from planfence.gitio.repository import open_repository
from planfence.manifest.policy import Policy
from planfence.report import report, teamlog
from planfence.report.metrics import Frame

POLICY = Policy()
HAND = "2026-11-22_10:00:00,task=p/{},model=codex,cost={},time_min=26,review_round=1\n"


@pytest.fixture
def team(tmp_path):
    """Two clones of one bare remote, each in a time zone of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    alone = {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    variables = kept | alone
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "hub.git")], env=variables, check=True)
    clones = []
    for name, zone in (("ada", "UTC"), ("bob", "Asia/Tokyo")):
        there = str(tmp_path / "hub.git")
        subprocess.run(
            ["git", "clone", "-q", there, str(tmp_path / name)], env=variables, capture_output=True, check=True
        )
        clones.append((tmp_path / name, variables | {"TZ": zone}))
    return clones


def run(clone, *words):
    top, variables = clone
    done = program.run(words, top, variables)
    done.check_returncode()
    return done


def test_a_team_s_clones_are_read_without_doubles(team):
    ada, bob = team
    (ada[0] / POLICY.log).write_text(HAND.format("a", 1) + "p/a,start,1795000000\n")
    (bob[0] / POLICY.log).write_text(HAND.format("b", 3))
    assert "2 new log lines" in run(ada, "sync").stdout
    assert "1 new log lines" in run(bob, "sync").stdout
    assert "new log lines" not in run(ada, "sync").stdout
    with (bob[0] / POLICY.log).open("a") as log:
        log.write(HAND.format("c", 5))
    for _ in range(2):
        found = json.loads(run(bob, "report", "--all-writers", "--json").stdout)
        assert sorted(row["task"] for row in found["tasks"]) == ["p/a", "p/b", "p/c"]
        assert found["read"]["lines"] == 4
        assert "doubled" not in found["read"]
        run(bob, "sync")
    rows = {row["task"]: row for row in json.loads(run(ada, "report", "--all-writers", "--json").stdout)["tasks"]}
    assert set(rows) == {"p/a", "p/b"}
    run(ada, "sync")
    rows = {row["task"]: row for row in json.loads(run(ada, "report", "--all-writers", "--json").stdout)["tasks"]}
    assert rows["p/c"]["closed"] == 1795341600 - 9 * 3600


def test_a_log_that_was_changed_is_shared_again_without_doubles(team):
    ada = team[0]
    repository = open_repository(Environment(ada[1]), ada[0])
    log = ada[0] / POLICY.log
    log.write_text(HAND.format("a", 1) + HAND.format("b", 1))
    assert teamlog.share(repository, POLICY) == 2
    log.write_text(HAND.format("z", 1) + HAND.format("a", 1) + HAND.format("b", 1))
    assert teamlog.share(repository, POLICY) == 3
    assert len(teamlog.team_lines(repository, POLICY)) == 3
    data = report.report([], Frame(1795341600), team=teamlog.team_lines(repository, POLICY))
    assert len(data.tasks) == 3


def test_all_writers_and_many_repositories_do_not_go_together(team):
    done = program.run(["report", "--all-writers", "--repo", "."], *team[0])
    assert done.returncode == 2


def test_a_line_that_lost_a_secret_on_its_way_out_counts_once(team):
    ada, bob = team
    secret = "ghp_" + "a1" * 18
    (ada[0] / POLICY.log).write_text(HAND.format("a", 1).replace("\n", f",why=it was {secret}\n"))
    run(ada, "sync")
    run(bob, "sync")
    for clone in team:
        top, variables = clone
        lines = teamlog.team_lines(open_repository(Environment(variables), top), POLICY)
        assert len(lines) == 1
        assert (secret in lines[0]) == (clone is ada)
        assert json.loads(run(clone, "report", "--all-writers", "--json").stdout)["read"]["lines"] == 1


def test_a_line_that_lost_its_home_on_its_way_out_counts_once(team):
    top, variables = team[0]
    (top / POLICY.log).write_text(HAND.format("a", 1).replace("\n", f",why=in {variables['HOME']}/x\n"))
    repository = open_repository(Environment(variables), top)
    assert teamlog.share(repository, POLICY) == 1
    assert teamlog.team_lines(repository, POLICY) == [f"{line}\n" for line in teamlog._lines(repository, POLICY)]
