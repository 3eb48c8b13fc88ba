import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.log import files
from planfence.log.writer import record, record_run
from planfence.manifest.policy import Policy
from planfence.report import costs, prices
from planfence.report.usage import Turn

SESSIONS = Path(__file__).parent / "sessions"
POLICY = Policy()
TEN = 1795341600  # 2026-11-22T10:00:00Z, when the recorded sessions began


@pytest.fixture
def work(tmp_path):
    """A repository in which the recorded sessions ran."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "CLAUDE", "CODEX"))}
    variables = kept | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    top = tmp_path / "work"
    subprocess.run(["git", "init", "-q", str(top)], env=variables, check=True)
    for source, target in (
        ("claude-1.0.111.jsonl", ".claude/projects/-w/s-1.jsonl"),
        ("rollout-2026-11-22T10-00-00-parent.jsonl", ".codex/sessions/2026/11/22/rollout-parent.jsonl"),
    ):
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        text = (SESSIONS / source).read_text().replace("/home/ada/work", str(top))
        (tmp_path / target).write_text(text)
    return open_repository(Environment(variables), top)


def last(work):
    return [entry.fields for entry in files.read_logs([work.top / POLICY.log]).records]


def begin(work, start=TEN, end=TEN + 600):
    record_run(work, POLICY, "p/t", "start", start)
    record_run(work, POLICY, "p/t", "end", end)


def turn(**changes):
    words = {"agent": "claude", "session": "s", "epoch": TEN, "cwd": "/w", "model": "claude-sonnet-4-20250514"}
    return Turn(**(words | {"input": 1_000_000, "output": 0} | changes))


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({}, 3.0),
        ({"cached": 1_000_000}, 0.3),
        ({"written": 1_000_000}, 3.75),
        ({"written": 1_000_000, "written_1h": 1_000_000}, 6.0),
        ({"input": 0, "output": 1_000_000}, 15.0),
        ({"model": "claude-sonnet-4-20250514[1m]"}, 3.0),
        ({"agent": "codex", "model": "gpt-5.1-codex", "cached": 400_000}, 0.6 * 1.25 + 0.4 * 0.125),
        ({"model": "nobody-1"}, None),
        ({"model": "nobody-1", "reported": 0.5}, 0.5),
        ({"model": ""}, None),
    ],
)
def test_prices(changes, cost):
    found = prices.cost(turn(**changes))
    assert found == (None if cost is None else pytest.approx(cost))


def test_an_unknown_price_makes_the_whole_unknown_and_says_which_table():
    spent = costs.Spent()
    spent.add(turn())
    spent.add(turn(model="nobody-1"))
    assert spent.cost is None
    assert "cost" not in spent.fields()
    assert "genai-prices" in costs._price_note(spent)


def test_finish_says_all_that_was_spent(work):
    begin(work)
    line = costs.finish_line(work, POLICY, "p/t", TEN + 700)
    assert line.fields["time_min"] == 10
    assert line.fields["model"] == "claude"
    assert line.fields["tokens_out"] == 502
    assert line.fields["ctx"] == 15970
    assert line.fields["estimated"] == "1"
    expected = (11 * 3 + 19965 * 0.3 + 11161 * 3.75 + 502 * 15) / 1e6
    assert line.fields["cost"] == pytest.approx(expected)
    (other,) = last(work)
    assert (other["event"], other["model"], other["role"], other["tokens_out"]) == ("cost", "codex", "implement", "200")
    assert float(other["cost"]) == pytest.approx((2100 * 1.25 + 2500 * 0.125 + 200 * 10) / 1e6, rel=1e-4)


def test_time_decides_what_belongs_to_a_task(work):
    begin(work, TEN, TEN + 10)
    line = costs.finish_line(work, POLICY, "p/t", TEN + 700)
    assert line.fields["tokens_out"] == 412


def test_a_review_is_a_line_of_its_own(work):
    begin(work)
    moves = [("start", TEN, "implement"), ("advance", TEN + 15, "implement")]
    with (work.top / POLICY.log).open("a") as log:
        for number, (event, epoch, stage) in enumerate(moves):
            when = time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(epoch))
            log.write(
                f"{when},task=p/t,model=,cost=,time_min=,review_round=,event={event},result=accepted,stage={stage},id={number:016}\n"
            )
    line = costs.finish_line(work, POLICY, "p/t", TEN + 700)
    assert (line.fields["role"], line.fields["tokens_out"], line.fields["time_min"]) == ("implement", 412, 0.25)
    others = {(each["role"], each["model"]): each for each in last(work) if each["event"] == "cost"}
    assert set(others) == {("review", "claude"), ("review", "codex"), ("implement", "codex")}
    assert sum(float(each.get("time_min") or 0) for each in others.values()) == pytest.approx(9.75)


def test_another_worktree_s_sessions_are_not_this_one_s(work, tmp_path):
    subprocess.run(
        [
            "git",
            "-C",
            str(work.top),
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@x",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "x",
        ],
        env=dict(work.environment.variables),
        check=True,
    )
    inner = work.top / "trees" / "two"
    work.git.run("worktree", "add", "-q", str(inner))
    turns = [turn(cwd=str(work.top)), turn(cwd=str(inner)), turn(cwd=str(tmp_path)), turn(cwd="")]
    assert [each.cwd for each in costs.here(work, turns)] == [str(work.top)]
    linked = open_repository(work.environment, inner)
    assert [each.cwd for each in costs.here(linked, turns)] == [str(inner)]


def test_a_session_that_a_hook_reported_from_here_is_this_one_s(work):
    folder = work.state_dir / "sessions"
    folder.mkdir(parents=True)
    (folder / "s.jsonl").write_text('{"event":"session-start"}\n')
    assert len(costs.here(work, [turn(cwd="/elsewhere"), turn(cwd="/elsewhere", session="t")])) == 1


def test_reported_dollars_win_over_a_transcript(work):
    begin(work)
    printed = {
        "type": "result",
        "session_id": "s-1",
        "total_cost_usd": 0.9,
        "usage": {"input_tokens": 5, "output_tokens": 5},
    }
    taken = costs.take_printed(work, POLICY, json.dumps(printed), task="p/t")
    assert (taken.lines, taken.cost) == (1, 0.9)
    line = costs.finish_line(work, POLICY, "p/t", TEN + 700)
    assert line.fields["model"] == "codex"
    with pytest.raises(PlanfenceError, match="in the log already"):
        costs.take_printed(work, POLICY, json.dumps(printed), task="p/t")
    with pytest.raises(PlanfenceError, match="no usage"):
        costs.take_printed(work, POLICY, "hello", task="p/t")


def test_sessions_of_no_task_are_loose_dollars_and_taken_once(work):
    taken = costs.take_loose(work, POLICY, 3650, TEN + 7000)
    assert taken.lines == 2
    assert [entry["task"] for entry in last(work)] == ["", ""]
    assert costs.take_loose(work, POLICY, 3650, TEN + 7000).lines == 0
    shutil.rmtree(work.top.parent / ".codex")


def test_what_a_task_will_log_is_not_loose(work):
    begin(work)
    assert costs.take_loose(work, POLICY, 3650, TEN + 7000).lines == 0


def test_a_task_that_nobody_started_has_no_cost(work):
    assert costs.finish_line(work, POLICY, "p/none").fields == {}
    record(work, POLICY, event="check", result="accepted", task="p/t")
    assert costs.finish_line(work, POLICY, "p/t").fields == {}


RECORDED = SESSIONS.parent / "recorded"


def test_each_run_of_a_resumed_claude_session_is_taken_once(work):
    runs = [(RECORDED / "claude-2.1.197" / f"{name}.json").read_text() for name in ("first", "resumed")]
    for run in runs:
        costs.take_printed(work, POLICY, run, task="p/t")
    for run in runs:
        with pytest.raises(PlanfenceError, match="in the log already"):
            costs.take_printed(work, POLICY, run, task="p/t")
    lines = last(work)
    assert [float(line["cost"]) for line in lines] == [0.0482, 0.03124]
    assert len({line["run"] for line in lines}) == 2


def test_codex_s_growing_totals_are_differenced_across_runs(work):
    first, resumed = ((RECORDED / "codex-0.169.0" / f"{name}.jsonl").read_text() for name in ("first", "resumed"))
    for run in (first, resumed):
        costs.take_printed(work, POLICY, run, task="p/t", model="gpt-5.1-codex")
    for run in (first, resumed):
        with pytest.raises(PlanfenceError, match="in the log already"):
            costs.take_printed(work, POLICY, run, task="p/t", model="gpt-5.1-codex")
    lines = last(work)
    assert [int(line["tokens_in"]) + int(line["tokens_cached"]) for line in lines] == [48_000, 27_000]
    assert sum(int(line["tokens_out"]) for line in lines) == 275


def test_what_codex_printed_is_not_taken_from_its_rollout_again(work, tmp_path):
    rollout = next((RECORDED / "codex-0.169.0" / "sessions").rglob("rollout-*00000001-*.jsonl"))
    text = rollout.read_text().replace("/home/dev/shop", str(work.top))
    target = tmp_path / ".codex" / "sessions" / rollout.name
    target.write_text(text)
    begun = 1795637600  # when it was recorded
    record_run(work, POLICY, "p/t", "start", begun)
    record_run(work, POLICY, "p/t", "end", begun + 600)
    assert costs.finish_line(work, POLICY, "p/t", begun + 700).fields["tokens_out"] == 275
    printed = (RECORDED / "codex-0.169.0" / "resumed.jsonl").read_text()
    costs.take_printed(work, POLICY, printed, task="p/t", model="gpt-5.1-codex")
    assert "tokens_out" not in costs.finish_line(work, POLICY, "p/t", begun + 700).fields
