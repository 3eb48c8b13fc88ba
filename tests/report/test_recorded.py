"""Session files that the agents' own programs wrote (recorded/README.md): each answer is counted once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planfence.env import Environment
from planfence.report import costs_claude, costs_codex, costs_printed

RECORDED = Path(__file__).parent / "recorded"
CLAUDE = ("1.0.111", "2.0.30", "2.1.197")
CODEX = ("0.153.0", "0.169.0")


def claude_answer(n):
    """The usage of the stand-in's n-th answer: input, output, cached, written, of it for an hour."""
    written = 1200 if n % 3 == 1 else 200
    return (10 + n + written + 3000 * n, 20 + n, 3000 * n, written, 200)


def codex_answer(n):
    return (1000 * n, 20 + n, 800 * (n - 1))


def claude(version, *, leave_out=""):
    files = costs_claude.files(Environment({"CLAUDE_CONFIG_DIR": str(RECORDED / f"claude-{version}")}), 0)
    return costs_claude.collect(path for path in files if not leave_out or leave_out not in path.name)


def codex(version, *, leave_out=""):
    files = costs_codex.files(Environment({"CODEX_HOME": str(RECORDED / f"codex-{version}")}), 0)
    return costs_codex.collect(path for path in files if not leave_out or leave_out not in path.name)


def printed(name, which):
    (path,) = (RECORDED / name).glob(f"{which}.json*")
    return costs_printed.collect(path.read_text(), epoch=5, model="a-model")


def numbers(turns):
    return sorted((turn.input, turn.output, turn.cached, turn.written, turn.written_1h) for turn in turns)


@pytest.mark.parametrize(
    ("version", "answers"),
    [
        # The other answers were titles and the like, which these versions do not write down.
        ("1.0.111", (1, 3, 4, 6, 7, 9, 12, 13)),
        ("2.0.30", (1, 3, 4, 5, 6, 8, 9, 11, 12, 13, 16, 17)),
        ("2.1.197", range(1, 9)),
    ],
)
def test_claude_s_answers_are_counted_once(version, answers):
    turns = claude(version).turns
    assert numbers(turns) == sorted(claude_answer(n) for n in answers)
    assert {turn.cwd for turn in turns} == {"/home/dev/shop"}
    assert all(turn.epoch and turn.session and turn.model.startswith("claude-") for turn in turns)


@pytest.mark.parametrize("version", CLAUDE)
def test_a_subagent_s_answers_are_its_session_s(version):
    turns = claude(version).turns
    (first,) = {turn.session for turn in turns if turn.output == 21}
    assert {turn.session for turn in turns if turn.output in (23, 24)} == {first}


def test_a_resumed_session_s_copy_of_the_earlier_one_does_not_count_again():
    first = next(turn.session for turn in claude("1.0.111").turns if turn.output == 21)
    assert claude("1.0.111").left_out["copy in a resumed session"] == 5
    alone = claude("1.0.111", leave_out=first).turns
    assert sorted(turn.output for turn in alone) == [29, 32, 33]


def test_what_the_newest_claude_prints_is_what_its_transcripts_say():
    turns = claude("2.1.197").turns
    for which, answers in (("first", range(1, 6)), ("resumed", (6, 7)), ("stream", (8,))):
        said = printed("claude-2.1.197", which).turns
        names = ("input", "output", "cached", "written")
        totals = [sum(each[place] for each in map(claude_answer, answers)) for place in range(4)]
        assert [sum(getattr(turn, name) for turn in said) for name in names] == totals
        assert all(turn.reported for turn in said)
        (session,) = {turn.session for turn in said}
        assert session in {turn.session for turn in turns}


def test_two_runs_of_one_session_are_told_apart():
    first, resumed = (printed("claude-2.1.197", which).turns[0] for which in ("first", "resumed"))
    assert first.session == resumed.session
    assert first.run
    assert first.run != resumed.run


def test_an_older_claude_prints_dollars_alone():
    (turn,) = printed("claude-1.0.111", "first").turns
    assert (turn.model, turn.reported) == ("", 0.0382176)


def test_dollars_without_the_input_are_no_report():
    """2.0.30 printed 0 input tokens for each model, and dollars of the output alone."""
    (turn,) = printed("claude-2.0.30", "first").turns
    assert turn.reported is None
    main = [claude_answer(n) for n in (1, 5, 9)]
    assert (turn.input, turn.output) == (sum(each[0] for each in main), sum(each[1] for each in main))
    assert turn.model.startswith("claude-sonnet")


@pytest.mark.parametrize("version", CODEX)
def test_codex_s_answers_are_counted_once(version):
    turns = codex(version).turns
    assert sorted((turn.input, turn.output, turn.cached) for turn in turns) == [codex_answer(n) for n in range(1, 15)]
    assert len({turn.session for turn in turns}) == 3
    assert {turn.cwd for turn in turns} == {"/home/dev/shop"}
    assert all(turn.model.startswith("gpt-") and turn.epoch for turn in turns)


@pytest.mark.parametrize("version", CODEX)
def test_subagents_count_the_same_without_their_parent(version):
    parent = "00000001-0000"
    children = codex(version, leave_out=parent).turns
    together = [turn for turn in codex(version).turns if parent not in turn.session]
    assert sorted(turn.input for turn in children) == sorted(turn.input for turn in together)
    assert len(children) == 4


@pytest.mark.parametrize("version", CODEX)
def test_codex_prints_the_thread_s_total_without_its_subagents(version):
    turns = [turn for turn in codex(version).turns if "00000001-0000" in turn.session]
    (first,), (resumed,) = (printed(f"codex-{version}", which).turns for which in ("first", "resumed"))
    assert first.session == resumed.session == turns[0].session
    assert first.input == sum(turn.input for turn in turns[:-2])
    assert resumed.input == sum(turn.input for turn in turns)
    assert resumed.cached == sum(turn.cached for turn in turns)


def test_nothing_of_the_machine_is_left():
    """Folders and addresses of where they were recorded, keys, and texts of others."""
    for path in RECORDED.rglob("*.json*"):
        text = path.read_text()
        assert not re.search(r"/tmp|sk-[a-z]|@[a-z]+\.(com|org)", text), path
        assert not [each for each in re.findall(r'"([^"]*)"', text) if len(each) > 200], path
