from __future__ import annotations

import pytest

from planfence import tables
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


SIGNS = {
    **dict(tables.SET_FOR_COMMANDS),
    **dict(tables.SET_FOR_PEOPLE_TOO),
    **dict.fromkeys(tables.ANNOUNCING, tables.UNNAMED),
    "AGENT_SESSION_ID": tables.UNNAMED,
    "ACME_AGENT": tables.UNNAMED,
}


@pytest.mark.parametrize("variable", SIGNS)
@pytest.mark.parametrize("value", ["1", "true"])
def test_nobody_with_an_agents_sign_is_human(variable, value):
    assert detect(Environment({variable: value})) == SIGNS[variable]
    assert tables.says_who(variable)


@pytest.mark.parametrize("variable", [*dict(tables.SET_FOR_COMMANDS), *tables.ANNOUNCING])
def test_an_agent_that_inherits_a_persons_word_is_no_person(variable):
    assert detect(Environment({"PLANFENCE_MODEL": "human", variable: "x1"})) != "human"


@pytest.mark.parametrize("variable", dict(tables.SET_FOR_PEOPLE_TOO))
def test_a_person_in_an_agents_terminal_can_say_so(variable):
    assert detect(Environment({"PLANFENCE_MODEL": "human", variable: "1"})) == "human"


@pytest.mark.parametrize(
    ("variable", "value", "model"),
    [
        ("AI_AGENT", "github-copilot", "copilot"),
        ("AI_AGENT", "github_copilot_vscode_agent", "copilot"),
        ("AI_AGENT", "gemini-cli", "gemini"),
        ("AI_AGENT", "devin@1", "devin"),
        ("AI_AGENT", "human", "agent"),
        ("AI_AGENT", "Human ", "agent"),
        ("AI_AGENT", "é", "agent"),
        ("AI_AGENT", "-", "agent"),
        ("AGENT", "amp", "amp"),
        ("AGENT", "goose", "goose"),
        ("AGENT", "some-new-one", "agent"),
        ("AGENT", "/usr/bin/x y,z", "agent"),
    ],
)
def test_what_announces_itself(variable, value, model):
    assert detect(Environment({variable: value})) == model


@pytest.mark.parametrize(
    ("variable", "value", "model"),
    [
        ("CURSOR_EXTENSION_HOST_ROLE", "agent-exec", "cursor"),
        ("CURSOR_EXTENSION_HOST_ROLE", "local", "human"),
        ("AWS_EXECUTION_ENV", "AmazonQ-For-CLI Version/1.2", "amazon-q"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12", "human"),
    ],
)
def test_a_variable_of_many_programs_tells_by_its_value(variable, value, model):
    assert detect(Environment({variable: value})) == model
    assert tables.says_who(variable)


def test_a_teams_own_variables_come_first():
    own = {"ACME_BOT": "acme"}
    assert detect(Environment({"ACME_BOT": "7", "CODEX_CI": "1"}), own) == "acme"
    assert detect(Environment({"ACME_BOT": "0"}), own) == "human"
    assert detect(Environment({"PLANFENCE_MODEL": "human", "ACME_BOT": "1"}), own) == "acme"


def test_an_agent_that_is_known_becomes_no_other_by_what_a_script_sets():
    for variables, above in (({"CODEX_CI": "1"}, ""), ({}, "codex"), ({"GEMINI_CLI": "1"}, "codex")):
        mine = Environment(variables, lambda above=above: above)
        assert detect(mine.but({**variables, "PLANFENCE_MODEL": "claude"})) == "codex"
        assert detect(mine.but({**variables, "PLANFENCE_MODEL": "codex"})) == "codex"
        assert detect(mine.but({**variables, "PLANFENCE_MODEL": "claude-opus"})) == "claude-opus"
    assert detect(Environment({"PLANFENCE_MODEL": "claude", "AGENT": "1"})) == "claude"
    assert detect(Environment({"PLANFENCE_MODEL": "claude", "ACME_BOT": "1"}), {"ACME_BOT": "acme"}) == "acme"


def test_a_process_above_tells_whatever_the_variables_say():
    assert detect(Environment({}, lambda: "codex")) == "codex"
    assert detect(Environment({"PLANFENCE_MODEL": "human"}, lambda: "codex")) == "codex"
    assert detect(Environment({"PLANFENCE_MODEL": "gpt-5.1"}, lambda: "codex")) == "gpt-5.1"
    assert detect(Environment({"GEMINI_CLI": "1"}, lambda: "codex")) == "codex"


@pytest.mark.parametrize("name", ["a b", "a,b", "a\nPlan-Stage: done", "\x1b[0m"])
def test_a_name_that_could_forge_a_trailer_is_refused(name):
    with pytest.raises(PlanfenceError):
        detect(Environment({"PLANFENCE_MODEL": name}))


def test_the_session_is_the_agents_own():
    assert session(Environment({})) == ""
    assert session(Environment({"CLAUDE_CODE_SESSION_ID": "abc"})) == "abc"
    assert session(Environment({"CODEX_THREAD_ID": "t1", "CLAUDE_CODE_SESSION_ID": "abc"})) == "t1"
