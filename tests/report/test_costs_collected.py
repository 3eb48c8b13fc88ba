"""Recorded shapes of several versions; the version is in each file's name or its rows. Every trap has its test."""

import json
from pathlib import Path

import pytest

from planfence.env import Environment
from planfence.report import costs_claude, costs_codex, costs_printed
from planfence.report.usage import Collected, seconds

SESSIONS = Path(__file__).parent / "sessions"
PARENT, FORK, CHILD = sorted(SESSIONS.glob("rollout-*.jsonl"))


def claude(*names):
    return costs_claude.collect(SESSIONS / name for name in names)


def test_an_answer_counts_once_with_its_larger_total():
    collected = claude("claude-1.0.111.jsonl")
    assert [(turn.input, turn.output, turn.cached, turn.written) for turn in collected.turns] == [
        (15167, 412, 4802, 10361),
        (15970, 90, 15163, 800),
    ]
    assert collected.left_out == {
        "repeated row": 2,
        "replay in a sidechain": 1,
        "answer without usage": 1,
        "torn line": 1,
    }


def test_a_row_says_who_where_and_when():
    turn = claude("claude-1.0.111.jsonl").turns[0]
    assert (turn.agent, turn.session, turn.cwd, turn.model) == (
        "claude",
        "s-1",
        "/home/ada/work",
        "claude-sonnet-4-20250514",
    )
    assert turn.epoch == seconds("2026-11-22T10:00:09Z")
    assert turn.context == 15167


def test_a_subagent_s_own_answers_count_and_its_hour_long_cache_is_told_apart():
    first, second = claude("claude-2.1.47-subagent.jsonl").turns
    assert (first.written, first.written_1h) == (266, 266)
    assert second.cached == 15479


def test_an_old_version_reports_its_dollars():
    (turn,) = claude("claude-0.2.jsonl").turns
    assert turn.reported == 0.031


def test_the_same_file_twice_counts_once():
    assert len(claude("claude-1.0.111.jsonl", "claude-1.0.111.jsonl").turns) == 2


def test_codex_totals_are_differenced():
    collected = costs_codex.collect([PARENT])
    assert [(turn.input, turn.cached, turn.output) for turn in collected.turns] == [
        (1000, 0, 100),
        (1600, 900, 60),
        (2000, 1600, 40),
    ]
    assert {turn.model for turn in collected.turns} == {"gpt-5.1-codex"}
    assert collected.left_out == {"token count without numbers": 1, "token count written again": 1}


def test_a_fork_s_copy_of_its_parent_counts_for_the_parent_alone():
    collected = costs_codex.collect([PARENT, FORK])
    fork = [turn for turn in collected.turns if turn.session == "fork"]
    assert [(turn.input, turn.cached, turn.output) for turn in fork] == [(1400, 1500, 30)]
    assert collected.left_out["event replayed from a parent"] == 3


def test_a_fork_whose_parent_is_gone():
    (turn,) = costs_codex.collect([FORK]).turns[-1:]
    assert (turn.input, turn.output) == (1400, 30)


def test_a_child_that_starts_at_zero():
    collected = costs_codex.collect([PARENT, CHILD])
    assert sum(turn.input for turn in collected.turns if turn.session == "child") == 500


def test_ninety_forks_do_not_multiply(tmp_path):
    lines = FORK.read_text().replace('"id":"fork"', '"id":"fork-%d"')
    paths = [PARENT]
    for number in range(90):
        path = tmp_path / f"rollout-{number}.jsonl"
        path.write_text(lines.replace("%d", str(number)))
        paths.append(path)
    total = sum(turn.input for turn in costs_codex.collect(paths).turns)
    assert total == 4600 + 90 * 1400


def test_totals_that_fall_back(tmp_path):
    rows = [json.loads(line) for line in PARENT.read_text().splitlines()]
    late = json.loads(json.dumps(rows[-1]))
    late["payload"]["info"]["total_token_usage"] = {"input_tokens": 700, "cached_input_tokens": 0, "output_tokens": 9}
    late["payload"]["info"]["last_token_usage"] = {"input_tokens": 300, "cached_input_tokens": 0, "output_tokens": 5}
    path = tmp_path / "rollout-x.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in [*rows, late]))
    assert costs_codex.collect([path]).turns[-1].input == 300


def test_files_are_found_where_the_agents_keep_them(tmp_path):
    for name in (
        ".claude/projects/-home-ada-work/s.jsonl",
        ".claude/projects/-home-ada-work/s/subagents/agent-1.jsonl",
        ".codex/sessions/2026/11/22/rollout-1.jsonl",
        ".codex/archived_sessions/rollout-2.jsonl",
        "other/projects/x/s.jsonl",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    home = Environment({"HOME": str(tmp_path)})
    assert len(costs_claude.files(home, 0)) == 2
    assert len(costs_codex.files(home, 0)) == 2
    assert costs_claude.files(home, 1 << 40) == []
    assert len(costs_claude.files(Environment({"CLAUDE_CONFIG_DIR": str(tmp_path / "other")}), 0)) == 1


CLAUDE_P = {
    "type": "result",
    "subtype": "success",
    "session_id": "s-9",
    "duration_ms": 11419,
    "num_turns": 3,
    "total_cost_usd": 0.1234,
    "usage": {"input_tokens": 0, "output_tokens": 0},
    "modelUsage": {
        "claude-sonnet-4-5[1m]": {
            "inputTokens": 48,
            "outputTokens": 1800,
            "cacheReadInputTokens": 2800,
            "cacheCreationInputTokens": 400,
            "costUSD": 0.11,
            "canonicalModel": "claude-sonnet-4-5",
        },
        "claude-haiku-4-5": {"inputTokens": 20, "outputTokens": 200, "costUSD": 0.0134},
    },
}


@pytest.mark.parametrize(
    "printed",
    [
        json.dumps(CLAUDE_P),
        json.dumps(CLAUDE_P, indent=2),
        json.dumps([{"type": "system", "subtype": "init"}, CLAUDE_P]),
        '{"type":"system","subtype":"init"}\nnot json\n' + json.dumps(CLAUDE_P),
    ],
)
def test_what_claude_prints(printed):
    first, second = costs_printed.collect(printed, epoch=5, cwd="/w").turns
    assert (first.model, first.reported, first.input, first.cached) == ("claude-sonnet-4-5", 0.11, 3248, 2800)
    assert first.reported + second.reported == pytest.approx(0.1234)
    assert first.context == 0


def test_models_without_their_own_dollars_share_the_whole():
    value = json.loads(json.dumps(CLAUDE_P))
    for usage in value["modelUsage"].values():
        usage.pop("costUSD")
    first, second = costs_printed.collect(json.dumps(value), epoch=5).turns
    assert first.reported + second.reported == pytest.approx(0.1234)
    assert first.reported > second.reported > 0


def test_what_codex_prints():
    printed = (
        '{"type":"thread.started","thread_id":"t-1"}\n{"type":"turn.started"}\n'
        '{"type":"turn.completed","usage":{"input_tokens":24763,"cached_input_tokens":24448,"output_tokens":122}}\n'
    )
    (turn,) = costs_printed.collect(printed, epoch=5, model="gpt-5.1-codex").turns
    assert (turn.session, turn.input, turn.cached, turn.output) == ("t-1", 24763, 24448, 122)
    assert turn.reported is None


@pytest.mark.parametrize(
    "printed", ["", "hello", "[]", "{}", '{"type":"result"}', "[1, null]", '{"type":"result","modelUsage":[1]}']
)
def test_nothing_printed_is_ever_an_error(printed):
    assert sum(turn.input for turn in costs_printed.collect(printed, epoch=5).turns) == 0


@pytest.mark.parametrize(
    "row",
    [
        '{"type":"assistant"}',
        '{"type":"assistant","message":{"usage":"many"}}',
        '{"type":"assistant","message":{"id":7,"model":false,"usage":{"input_tokens":"x","output_tokens":-1}},"timestamp":{}}',
        '{"type":"session_meta","payload":7}',
        '{"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":[1]}}}',
        "[]",
        "7",
        "\x00",
    ],
)
def test_hostile_rows_are_left_out(tmp_path, row):
    path = tmp_path / "rollout-1.jsonl"
    path.write_text(row + "\n")
    for collect in (costs_claude.collect, costs_codex.collect):
        collected = collect([path])
        assert isinstance(collected, Collected)
        assert sum(turn.input + turn.output for turn in collected.turns) == 0
