from __future__ import annotations

import pytest

from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.identity import detect, session


@pytest.mark.parametrize(
    ("variables", "model"),
    [
        ({}, "human"),
        ({"PLANFENCE_MODEL": "codex", "CLAUDECODE": "1"}, "codex"),
        ({"PLANFENCE_MODEL": " gpt-5.1 "}, "gpt-5.1"),
        ({"PLANFENCE_MODEL": "", "CODEX_CI": "1"}, "codex"),
        ({"CLAUDE_CODE_CHILD_SESSION": "1"}, "claude"),
        ({"CLAUDECODE": "1"}, "claude"),
        ({"CLAUDECODE": "0"}, "human"),
        ({"AI_AGENT": "claude-code_2-1-240_agent"}, "claude"),
        ({"AI_AGENT": "Some Tool/2"}, "some-tool-2"),
        ({"CLAUDECODE": "1", "CODEX_THREAD_ID": "0199"}, "codex"),
        ({"CLAUDECODE": "1", "GEMINI_CLI": "1"}, "gemini"),
        ({"CODEX_SANDBOX": "seatbelt"}, "codex"),
        ({"CURSOR_AGENT": "1"}, "cursor"),
    ],
)
def test_who_is_committing(variables, model):
    assert detect(Environment(variables)) == model


@pytest.mark.parametrize("name", ["a b", "a,b", "a\nPlan-Stage: done", "\x1b[0m"])
def test_a_name_that_could_forge_a_trailer_is_refused(name):
    with pytest.raises(PlanfenceError):
        detect(Environment({"PLANFENCE_MODEL": name}))


def test_the_session_is_the_agents_own():
    assert session(Environment({})) == ""
    assert session(Environment({"CLAUDE_CODE_SESSION_ID": "abc"})) == "abc"
    assert session(Environment({"CODEX_THREAD_ID": "t1", "CLAUDE_CODE_SESSION_ID": "abc"})) == "t1"
