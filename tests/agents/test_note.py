"""The note of the agents' light entry holds nothing that the full judgement denies."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def ask(repo, module: str, path: str, agent: str = "claude") -> bool:
    """Whether an edit of this path is allowed, by the light entry or the full judgement."""
    payload = {
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "cwd": str(repo.root),
        "tool_name": "Write",
        "tool_input": {"file_path": str(repo.root / path), "content": "x"},
    }
    done = subprocess.run(
        [sys.executable, "-m", *module.split(), agent],
        cwd=repo.root,
        env=repo.variables,
        input=json.dumps(payload),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and not done.stdout.strip()


FULL, LIGHT = "planfence agent", "planfence.agents.fastpath"


@pytest.fixture
def fenced(repo):
    repo.write(".gitignore", "src/keys/\n.ai-*\n")
    text = (repo.root / "plans/auth.toml").read_text()
    tests = '  { path = "tests/auth/**" }'
    more = f'  {{ path = ".claude/settings.json" }},\n  {{ path = "src/old.py", change = "delete" }},\n{tests}'
    repo.write("plans/auth.toml", text.replace(tests, more))
    repo.write(".claude/settings.json", "{}\n")
    repo.write("src/old.py", "x\n")
    repo.commit("chore: more")
    repo.start("auth/middleware")
    return repo


def test_a_switch_of_the_fence_is_never_noted(fenced) -> None:
    assert ask(fenced, FULL, "src/user.py")
    assert ask(fenced, LIGHT, "src/user.py")
    assert not ask(fenced, FULL, ".claude/settings.json")
    assert not ask(fenced, LIGHT, ".claude/settings.json")


def test_an_ignored_path_is_not_noted(fenced) -> None:
    assert ask(fenced, FULL, "src/other/x") is False
    fenced.write(".git/info/exclude", "/src/other/\n")
    assert ask(fenced, FULL, "src/other/x")
    fenced.write(".git/info/exclude", "")
    assert not ask(fenced, FULL, "src/other/x")
    assert not ask(fenced, LIGHT, "src/other/x")


def test_a_planned_deletion_allows_no_edit(fenced) -> None:
    patch = "*** Begin Patch\n*** Delete File: src/old.py\n*** End Patch"
    payload = {
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "cwd": str(fenced.root),
        "model": "gpt-5",
        "turn_id": "t",
        "tool_name": "apply_patch",
        "tool_input": {"command": patch},
    }
    subprocess.run(
        [sys.executable, "-m", "planfence", "agent", "codex"],
        cwd=fenced.root, env=fenced.variables, input=json.dumps(payload).encode(), check=True, capture_output=True,
    )  # fmt: skip
    assert not ask(fenced, FULL, "src/old.py")
    assert not ask(fenced, LIGHT, "src/old.py")
