"""No model opens its own fence: what it asks for waits for a person."""

from __future__ import annotations

import json

import pytest

TASK = "auth/middleware"
PERSON: dict[str, str] = {}
#: Agents as their own variables tell of them.
AGENTS = [{"CLAUDE_CODE_CHILD_SESSION": "1"}, {"COPILOT_CLI": "1"}, {"OPENCODE": "1"}, {"AI_AGENT": "new-one"}]


@pytest.fixture(params=["roles", "no roles", "started by a person"])
def working(request, repo):
    """A task that a model works on: by the plan's word, by its own start, or by a person's."""
    text = (repo.root / "plans/auth.toml").read_text()
    roles = text[text.index("[roles]") : text.index("[[tasks]]")]
    repo.write(
        "plans/auth.toml", text.replace(roles, "" if request.param != "roles" else roles.replace("human", "claude"))
    )
    repo.commit("docs: the plan")
    repo.git("checkout", "-q", "-b", "work")
    agent = {"CLAUDE_CODE_CHILD_SESSION": "1"}
    done = repo.planfence("start", TASK, **(agent if request.param != "started by a person" else PERSON))
    assert done.returncode == 0, done.stderr
    return repo


@pytest.mark.parametrize("agent", AGENTS, ids=lambda each: next(iter(each)))
def test_a_model_asks_and_a_person_decides(working, agent):
    head = working.git("rev-parse", "HEAD")
    asked = working.planfence("plan", "amend", TASK, "--add", "src/other.py", "--why", "it is needed", **agent)
    assert asked.returncode == 1
    assert f"request 1 waits for a person: let {TASK} touch src/other.py" in asked.stderr
    assert "planfence approve" not in asked.stderr
    again = working.planfence("plan", "amend", TASK, "--add", "src/other.py", "--why", "really", **agent)
    assert "request 1 waits" in again.stderr
    assert working.git("rev-parse", "HEAD") == head
    shown = json.loads(working.planfence("requests", "--json").stdout)
    assert [(each["number"], each["adds"], each["closed"]) for each in shown] == [(1, ["src/other.py"], "")]
    for who in (agent, PERSON):
        seen = working.planfence("status", TASK, **who)
        assert "asks: let auth/middleware touch src/other.py" in seen.stdout
        typed = [each for each in ("planfence approve", "--take-over", "PLANFENCE_MODEL=") if each in seen.stdout]
        assert not typed or who is PERSON
    own = working.planfence("plan", "amend", TASK, "--add", "planfence.toml", "--why", "x", **agent)
    assert "decides what may change" in own.stderr
    for words in (("approve", "1"), ("requests", "--drop", "1")):
        refused = working.planfence(*words, **agent)
        assert refused.returncode == 2
        assert "a person" in refused.stderr
    assert working.git("rev-parse", "HEAD") == head
    done = working.planfence("approve", "1")
    assert done.returncode == 0, done.stderr
    assert "src/other.py" in working.git("show", "HEAD:plans/auth.toml")
    assert "Plan-Model: human" in working.git("log", "-1", "--format=%B")
    assert working.planfence("approve", "1").returncode == 2
    assert working.planfence("requests").stdout == ""
    assert working.planfence("check", "--commit", "HEAD").returncode == 0


def test_what_a_person_drops_is_closed(working):
    agent = {"CLAUDE_CODE_CHILD_SESSION": "1"}
    working.planfence("plan", "amend", TASK, "--add", "src/other.py", "--why", "it is needed", **agent)
    assert working.planfence("requests", "--drop", "1").returncode == 0
    assert working.planfence("approve", "1").returncode == 2
    again = working.planfence("plan", "amend", TASK, "--add", "src/other.py", "--why", "it is needed", **agent)
    assert "request 2 waits" in again.stderr
    assert working.planfence("approve", "7").returncode == 2


@pytest.mark.parametrize(
    "words", [("start", TASK, "--take-over", "codex is slow"), ("handover", TASK, "--to", "codex", "--why", "x")]
)
def test_a_role_is_a_persons_to_give(working, words):
    agent = {"GEMINI_CLI": "1"}
    asked = working.planfence(*words, **agent)
    assert asked.returncode == 1
    assert "request 1 waits for a person: give the role in auth/middleware to " in asked.stderr
    holder = "gemini" if words[0] == "start" else "codex"
    assert f"held by {holder}" not in working.planfence("status", TASK).stdout
    assert working.planfence("approve", "1").returncode == 0
    assert f"held by {holder}" in working.planfence("status", TASK).stdout


def test_torn_and_foreign_lines_are_left_out(working):
    path = working.root / ".git/planfence/requests.jsonl"
    path.parent.mkdir(exist_ok=True)
    whole = {"id": "x", "kind": "amend", "task": TASK, "why": "x", "adds": ["a"], "to": "claude", "change": "usd=1"}
    lacking = [{"adds": []}, {"adds": [""]}, {"adds": ["\ud800"]}, {"why": ""}, {"task": ""}, {"kind": "rm"}, {"id": 1}]
    lacking += [{"kind": "share", "adds": []}, {"kind": "handover", "to": ""}, {"kind": "budget", "change": ""}]
    lines = "".join(f"{json.dumps(whole | each)}\n" for each in lacking)
    path.write_bytes(lines.encode() + b'[]\n\xff\n{"request": "none", "closed": "approved"}\n{"id"')
    asked = working.planfence("plan", "amend", TASK, "--add", "src/o.py", "--why", "x", CLAUDE_CODE_CHILD_SESSION="1")
    assert "request 1 waits" in asked.stderr
    assert working.planfence("approve", "1").returncode == 0


@pytest.mark.parametrize(
    ("urgent", "person", "model"), [("", 0, 1), ('"any"', 0, 0), ('"off"', 1, 1), ("true", 0, 1), ("false", 1, 1)]
)
def test_what_can_not_wait_is_a_persons_word(repo, urgent, person, model):
    line = f"urgent = {urgent}\n" if urgent else ""
    repo.write("planfence.toml", f"schema = 1\n[unplanned]\nfiles = 0\n{line}")
    repo.git("commit", "-qam", "chore: policy", "--no-verify")
    repo.write("docs/index.md", "urgent\n")
    repo.git("add", "-A")
    urgently = {"PLANFENCE_URGENT": "prod is down"}
    assert repo.planfence("check", "--staged", **urgently).returncode == person
    refused = repo.planfence("check", "--staged", COPILOT_CLI="1", **urgently)
    assert refused.returncode == model
    assert "PLANFENCE_URGENT" not in refused.stdout
    repo.git("commit", "-qm", "fix: x\n\nPlan-Urgent: prod is down\nPlan-Model: copilot", "--no-verify")
    assert repo.planfence("check", "--commit", "HEAD").returncode == model
