import os
import subprocess
from dataclasses import replace

import pytest
from support import program

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.log import files
from planfence.log.writer import log_path, record, record_run
from planfence.manifest.policy import Policy

POLICY = Policy()


def variables(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def work(tmp_path):
    """A repository with one commit, opened from its main worktree."""
    top = tmp_path / "work"
    git = ["git", "-C", str(top), "-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", str(top)], env=variables(tmp_path), check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], env=variables(tmp_path), check=True)
    return open_repository(Environment(variables(tmp_path)), top)


def test_a_record_is_one_whole_line(work):
    assert record(work, POLICY, event="check", result="refused", task="p/t", rules=("SCP001", "SIZ001"), files=0) == ""
    (found,) = files.read_logs([work.top / POLICY.log]).records
    assert found.own
    assert found.fields["plan"] == "p"
    assert found.fields["rules"] == "SCP001+SIZ001"
    assert found.fields["files"] == "0"
    assert found.text.split(",")[1:6] == ["task=p/t", "model=", "cost=", "time_min=", "review_round="]


def test_ids_differ(work):
    for _ in range(50):
        record(work, POLICY, event="check", result="accepted")
    reading = files.read_logs([work.top / POLICY.log])
    assert len({found.fields["id"] for found in reading.records}) == 50
    assert reading.counts == {"lines": 50, "records": 50}


def test_linked_worktrees_share_the_main_worktree_s_log(work, tmp_path):
    work.git.run("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = open_repository(work.environment, tmp_path / "linked")
    assert record(linked, POLICY, event="check", result="accepted") == ""
    assert (work.top / POLICY.log).is_file()


def test_a_bare_repository_keeps_it_in_its_own_folder(work, tmp_path):
    work.git.run("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = open_repository(work.environment, tmp_path / "bare.git")
    assert record(bare, replace(POLICY, log="hooks/update"), event="receive", result="accepted") == ""
    assert (tmp_path / "bare.git" / "planfence" / "update").is_file()


@pytest.mark.parametrize("name", ["../log", "/tmp/log", ".git/hooks/pre-commit", "out/log", "git/config", ""])
def test_a_policy_cannot_choose_files_outside_the_worktree(work, tmp_path, name):
    (work.top / "out").symlink_to(tmp_path)
    (work.top / "git").symlink_to(".git")
    assert log_path(work, name) is None
    assert "nothing was logged" in record(work, replace(POLICY, log=name), event="check", result="accepted")


def test_no_policy_no_log(work):
    assert record(work, None, event="check", result="accepted") == ""
    assert not (work.top / POLICY.log).exists()


def test_a_log_that_is_a_folder_is_a_warning(work):
    (work.top / POLICY.log).mkdir()
    assert "could not be written" in record(work, POLICY, event="check", result="accepted")


def test_the_run_log(work):
    assert record_run(work, POLICY, "p/t", "start", 1795341600) == ""
    assert record_run(work, POLICY, "p/t", "end") == ""
    begin, end = files.read_logs([work.top / POLICY.run_log]).runs
    assert begin == (1795341600, "p/t", "start")
    assert end.edge == "end"


def test_hand_written_times_are_local(work):
    text = subprocess.run(["date", "+%F_%T %s"], capture_output=True, text=True, check=True).stdout.split()
    (work.top / POLICY.log).write_text(f"{text[0]},task=a,model=,cost=,time_min=,review_round=\n")
    (found,) = files.read_logs([work.top / POLICY.log]).records
    assert found.epoch == int(text[1])


def test_import_brings_each_line_once(work, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("2026-11-22_10:00:00,task=a,model=codex,cost=1,extra=%41\na,start,1795341600.5\njunk\n")
    for _ in range(2):
        done = files.import_logs(work, POLICY, [other])
    assert (done.records, done.runs, done.counts["doubled"], done.counts["foreign"]) == (0, 0, 2, 1)
    assert (work.top / POLICY.log).read_text() == other.read_text().splitlines(keepends=True)[0]
    assert (work.top / POLICY.run_log).read_text() == "a,start,1795341600\n"


def test_import_can_only_say_what_it_would_do(work, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("2026-11-22_10:00:00,task=a,model=codex\n")
    assert files.import_logs(work, POLICY, [other], dry_run=True).records == 1
    assert not (work.top / POLICY.log).exists()
    with pytest.raises(PlanfenceError, match="not a file"):
        files.import_logs(work, POLICY, [tmp_path / "none"])


@pytest.mark.parametrize(
    "fields", [{"model": "a"}, {"task": "a", "cost": "0,4"}, {"task": "a", "id": "0123456789abcdef"}]
)
def test_add_refuses_what_is_no_record(work, fields):
    with pytest.raises(PlanfenceError):
        files.add(work, POLICY, fields)
    assert not (work.top / POLICY.log).exists()


def test_add_says_that_it_could_not_write(work):
    (work.top / POLICY.log).mkdir()
    with pytest.raises(CouldNotCheck):
        files.add(work, POLICY, {"task": "a"})


def test_the_commands(work, tmp_path):
    def run(*words):
        return program.run(["log", *words], work.top, variables(tmp_path))

    assert run("add", "task=p/t", "model=codex", "cost=0.42").returncode == 0
    assert run("add", "model").returncode == 2
    shown = run("show")
    assert "0.42" in shown.stdout
    assert "1 lines: 1 records" in shown.stdout
    with (work.top / POLICY.log).open("a") as log:
        log.write("\x1b[31mjunk\n")
    shown = run("show", "--task", "none")
    assert "line 2, foreign: \\x1b[31mjunk" in shown.stdout
    assert '"cost": "0.42"' in run("show", "--json").stdout
