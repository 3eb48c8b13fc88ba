"""Whether `start` asks for a forecast: a person at a terminal, before a task of a trial; nobody is kept waiting."""

from __future__ import annotations

import shutil
import time

import pytest
from support import program

from planfence.cli import start

TASK = "auth/middleware"


def at_terminal(repo, *arguments, answer="", wait="", **extra):
    """Run the program with a terminal as its input and error output; answer what it asks. Returns (status, screen)."""
    patched = f"from planfence.cli import start; start.ANSWER_S = {wait}" if wait else ""
    status, screen = program.run_at_terminal(
        arguments, repo.root, repo.variables | repo.extra | extra, answer.encode(), only_errors=True, prepare=patched
    )
    return status, screen.decode()


def forecast(repo):
    """The forecasts of the log's start lines."""
    lines = (repo.root / ".ai-benchmark.csv").read_text().splitlines()
    fields = [dict(word.split("=", 1) for word in line.split(",")[1:]) for line in lines]
    return [each["est_min"] for each in fields if each.get("event") == "start"]


@pytest.fixture
def planned(repo):
    """The repository with its plan as of now, and no task begun."""
    for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger").split():
        repo.git("update-ref", "-d", ref)
    shutil.rmtree(repo.root / ".git" / "planfence")  # where the last known tip is kept
    today = f"@{int(time.time())} +0000"
    repo.git("commit", "-q", "--amend", "--no-edit", "--no-verify", GIT_COMMITTER_DATE=today)
    return repo


@pytest.fixture
def trial(planned):
    assert planned.planfence("trial", "start", "one").returncode == 0
    return planned


def test_a_person_is_asked_before_the_flow_is_known(trial):
    status, screen = at_terminal(trial, "start", TASK, answer="55\n")
    assert status == 0
    assert screen.index("your forecast") < screen.index("flow")
    assert forecast(trial) == ["55"]


@pytest.mark.parametrize(("answer", "shown"), [("\n", "[45]"), ("soon\n0\n-1\n", "a number of minutes")])
def test_without_a_number_the_plan_s_is_taken(trial, answer, shown):
    status, screen = at_terminal(trial, "start", TASK, answer=answer)
    assert status == 0
    assert shown in screen
    assert forecast(trial) == ["45"]


def test_a_terminal_where_nobody_answers_is_not_waited_for(trial):
    status, screen = at_terminal(trial, "start", TASK, wait="0.2")
    assert status == 0
    assert "no answer: the plan's 45 min" in screen
    assert forecast(trial) == ["45"]
    assert 0 < start.ANSWER_S <= 60


@pytest.mark.parametrize("variables", [{"CLAUDECODE": "1"}, {"CODEX_THREAD_ID": "t"}, {"PLANFENCE_MODEL": "codex"}])
def test_an_agent_at_a_terminal_is_not_asked(trial, variables):
    _, screen = at_terminal(trial, "start", TASK, **variables)
    assert "your forecast" not in screen


def test_without_a_terminal_nobody_is_asked(trial):
    done = trial.planfence("start", TASK, stdin=b"55\n")
    assert done.returncode == 0
    assert "your forecast" not in done.stderr
    assert forecast(trial) == ["45"]


def test_scripts_say_it(trial):
    status, screen = at_terminal(trial, "start", TASK, "--estimate", "41")
    assert status == 0
    assert "your forecast" not in screen
    assert forecast(trial) == ["41"]
    for minutes in ("0", "nan"):
        assert trial.planfence("start", TASK, "--estimate", minutes).returncode == 2


def test_a_task_at_work_is_not_asked_again_and_its_first_forecast_counts(trial):
    assert at_terminal(trial, "start", TASK, answer="55\n")[0] == 0
    _, screen = at_terminal(trial, "start", TASK)
    assert "your forecast" not in screen
    report = trial.planfence("report", "--csv").stdout
    assert ",55.0," in report


def test_without_a_trial_only_an_old_plan_s_is_asked_about(planned):
    _, screen = at_terminal(planned, "start", TASK)
    assert "your forecast" not in screen
    assert forecast(planned) == ["45"]


def test_an_old_plan_s_estimate_is_asked_about(planned):
    planned.git("commit", "-q", "--amend", "--no-edit", "--no-verify", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    status, screen = at_terminal(planned, "start", TASK, answer="55\n")
    assert status == 0
    assert "your forecast" in screen
    assert forecast(planned) == ["55"]
