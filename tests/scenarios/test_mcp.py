"""`planfence mcp`, asked by a client of the same library over standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys

import pytest


def asking(repo, *calls, name="claude-code", **extra):
    """Return the tools' names, and what came of each call: (is an error, its text or value)."""
    pytest.importorskip("mcp.server.mcpserver", reason="the library mcp, version 2, is not installed")
    import mcp
    from mcp.types import Implementation

    server = mcp.StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "planfence", "mcp"], env=repo.variables | extra, cwd=repo.root
    )

    async def asked():
        async with mcp.Client(server, client_info=Implementation(name=name, version="1")) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            answers = []
            for tool, arguments in calls:
                done = await client.call_tool(tool, arguments)
                told = done.structured_content
                text = "\n".join(block.text for block in done.content)
                answers.append((bool(done.is_error), text if told is None else told.get("result", told)))
            return tools, answers

    with open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
        return asyncio.run(asked())


def test_an_agent_works_with_it(repo):
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: tests")
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    repo.write("docs/index.md", "# Changed\n")
    repo.write(".git/info/exclude", "/planfence/\n")
    repo.write("planfence/__init__.py", "raise SystemExit('run from the repository')\n")
    tools, answers = asking(
        repo,
        ("task", {}),
        (
            "check_paths",
            {"paths": ["src/auth.py", "docs/new.md", "src/keys/a.pem", "../elsewhere.txt", ".git/config", "", "a\0b"]},
        ),
        ("check_paths", {"paths": ["src/user.py"], "change": "delete"}),
        ("next_steps", {}),
        ("request_amendment", {"task": "auth/middleware", "paths": ["docs/new.md"], "why": "the guide"}),
        ("run_tests", {}),
        ("task", {"name": "auth/guide"}),
    )
    assert tools == ["task", "check_paths", "next_steps", "request_amendment", "run_tests"]
    (_, task), (_, paths), (_, deleted), (_, steps), (_, asked), (failed, tests), (_, guide) = answers
    assert (task["task"], task["model"], task["deny"]) == ("auth/middleware", "claude", ["src/keys/**"])
    assert task["outside"] == ["docs/index.md"]
    assert [each["allowed"] for each in paths] == [True, False, False, True, False, False, False]
    assert "SCP001" in paths[1]["why"][0]
    assert "docs/new.md" in paths[1]["ask"][0]
    assert "planfence plan amend" not in json.dumps(paths)
    assert deleted[0]["allowed"] is False
    assert any("docs/index.md" in step for step in steps)
    assert "waits for a person" in asked
    assert not failed
    assert "passed" in tests
    assert guide["task"] == "auth/guide"
    assert "agent asks: let auth/middleware touch docs/new.md" in repo.planfence("requests").stdout


def test_nobody_is_human_here(repo):
    repo.start("auth/middleware")
    _, answers = asking(repo, ("task", {}), name="human", PLANFENCE_MODEL="human")
    assert answers[0][1]["model"] == "agent"


def test_what_goes_wrong_is_told(repo):
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "false"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: tests")
    _, answers = asking(
        repo,
        ("task", {}),
        ("task", {"name": "no/such"}),
        ("request_amendment", {"task": "auth", "paths": ["x"], "why": "y"}),
        ("request_amendment", {"task": "auth/guide", "paths": [], "why": "y"}),
        ("run_tests", {"name": "auth/middleware"}),
        ("run_tests", {"name": "--again"}),
    )
    assert all(failed for failed, _ in answers)
    assert "no task is active in this worktree\n  hint: name one" in answers[0][1]
    assert "PLAN/TASK" in answers[2][1]
    assert "not passed" in answers[4][1]


def test_without_the_library_one_clear_message(repo, tmp_path):
    (tmp_path / "mcp.py").write_text("")  # hides the library: no package, so it has no `server`
    done = repo.planfence("mcp", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "needs the library mcp" in done.stderr
    assert "pip install 'planfence[mcp]'" in done.stderr
    assert done.stdout == ""


def test_outside_a_repository(repo, tmp_path):
    done = repo.planfence("mcp", cwd=tmp_path)
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
