"""The light entry: it may say yes only where the full judgement does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import planfence
from planfence.agents.answers import reply
from planfence.agents.fastpath import plainly_allowed


def payload(repo, path, tool="Write", **arguments):
    raw = {
        "session_id": "s",
        "cwd": str(repo.root),
        "hook_event_name": "PreToolUse",
        "tool_name": tool,
        "tool_input": {"file_path": str(repo.root / path)} | arguments,
    }
    return json.dumps(raw).encode()


@pytest.fixture
def noted(repo):
    """A repository whose task has been asked about once."""
    repo.start("auth/middleware")
    reply("claude", payload(repo, "src/user.py"), repo.environment())
    return repo


def light(repo, path, **extra):
    return plainly_allowed(payload(repo, path), dict(repo.environment(**extra).variables))


def test_what_the_plan_names_is_known_after_one_question(noted):
    assert light(noted, "src/user.py")
    assert light(noted, "src/auth.py")
    assert not light(noted, "tests/auth/new.py")
    assert reply("claude", payload(noted, "tests/auth/new.py"), noted.environment()).stdout == ""
    assert light(noted, "tests/auth/new.py")


PATHS = [
    "src/user.py",
    "src/auth.py",
    "src/keys/a.py",
    "src/user.py/../../docs/index.md",
    "src//user.py",
    "docs/index.md",
    "README.md",
    "planfence.toml",
    "plans/auth.toml",
    "tests/auth/deep/x.py",
    "tests/link/index.md",
    "tests/auth/link.md",
    "src/USER.py",
    ".git/config",
    ".claude/settings.json",
    "../elsewhere.txt",
    "src/user.py ",
    "src/user.py\n",
    "src/../src/user.py",
]


@pytest.mark.parametrize("path", PATHS)
def test_it_never_allows_what_the_full_judgement_denies(noted, path):
    (noted.root / "tests/auth").mkdir(parents=True)
    (noted.root / "tests/link").symlink_to("../docs")
    (noted.root / "tests/auth/link.md").symlink_to("../../docs/index.md")
    for _ in range(2):
        full = reply("claude", payload(noted, path), noted.environment())
        if light(noted, path):
            assert full.stdout == ""
            assert full.code == 0


def test_another_commit_another_task_or_another_plan_is_asked_anew(noted):
    noted.start("auth/guide")
    assert not light(noted, "src/user.py")
    noted.start("auth/middleware")
    assert light(noted, "src/user.py")
    assert not light(noted, "src/user.py", PLANFENCE_TASK="auth/guide")
    noted.git("commit", "-q", "--allow-empty", "-m", "x", "--no-verify")
    assert not light(noted, "src/user.py")


def test_packed_refs_detached_heads_and_linked_worktrees(noted):
    noted.git("pack-refs", "--all")
    assert light(noted, "src/user.py")
    noted.git("checkout", "-q", "--detach")
    assert light(noted, "src/user.py")
    noted.git("worktree", "add", "-q", "../other", "-b", "other")
    other = noted.root.parent / "other"
    (noted.root / ".git/worktrees/other/planfence").mkdir()
    (noted.root / ".git/worktrees/other/planfence/task").write_text("auth/middleware\n")
    path = "../other/src/user.py"
    asked = payload(noted, "x").replace(str(noted.root / "x").encode(), str(other / "src/user.py").encode())
    assert not plainly_allowed(asked, {})
    assert reply("claude", asked, noted.environment()).stdout == ""
    assert plainly_allowed(asked, {})
    assert not light(noted, path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"hook_event_name": "PreToolUse"}',
        b'{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": []}',
        b'{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": 3}}',
        b'{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"file_path": "/\xff"}}',
        b"[" * 10_000 + b'"PreToolUse"',
    ],
)
def test_what_it_cannot_read_it_leaves(data):
    assert not plainly_allowed(data, {})


def patched(repo, *headers):
    raw = {
        "cwd": str(repo.root),
        "hook_event_name": "PreToolUse",
        "tool_name": "apply_patch",
        "tool_input": {"command": "\n".join(["*** Begin Patch", *headers, "*** End Patch", ""])},
    }
    return json.dumps(raw).encode()


PATCHES = [
    (["*** Update File: src/user.py", "@@", "-a", "+b"], True),
    (["*** Update File: src/user.py", "@@", "-a", "+*** Delete File: x", "*** Add File: src/auth.py", "+x"], True),
    (["  *** Update File: docs/index.md"], False),
    (["*** Update File: src/user.py", "*** Move to: docs/user.py"], False),
    (["*** Delete File: src/user.py"], False),
    (["*** Update File: src/user.py", "*** Update File: docs/index.md"], False),
    (["*** Update File: src/../docs/index.md"], False),
    (["*** Rename File: src/user.py"], False),
    ([], False),
]


@pytest.mark.parametrize(("headers", "expected"), PATCHES)
def test_a_patch_that_only_adds_and_updates(noted, headers, expected):
    data = patched(noted, *headers)
    assert plainly_allowed(data, {}) is expected
    if expected:
        assert reply("codex", data, noted.environment()).stdout == ""


def test_two_paths_in_one_call_are_not_for_it(noted):
    data = payload(noted, "src/user.py", target_file=str(noted.root / "docs/index.md"))
    assert not plainly_allowed(data, {})


def test_a_torn_note_says_nothing(noted):
    note = noted.root / ".git/planfence/agent-note"
    note.write_text(note.read_text().removesuffix("end\n"))
    assert not light(noted, "src/user.py")


def run(repo, data, name="claude"):
    program = str(Path(planfence.__file__).with_name("agents") / "fastpath.py")
    return subprocess.run(
        [sys.executable, program, name], input=data, env=repo.variables, cwd=repo.root, capture_output=True, check=False
    )


def test_as_a_program(noted):
    assert run(noted, payload(noted, "src/user.py")).returncode == 0
    denied = run(noted, payload(noted, "docs/index.md"))
    assert denied.returncode == 0
    assert b'"deny"' in denied.stdout
    assert run(noted, b"{").returncode == 2
    assert run(noted, payload(noted, "docs/index.md"), "cursor").stdout.startswith(b'{"permission": "deny"')


def test_the_light_way_imports_nothing_heavy(noted):
    code = (
        "import sys, os, __future__; before = set(sys.modules); from planfence.agents import fastpath\n"
        "assert fastpath.plainly_allowed(sys.stdin.buffer.read(), os.environ)\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(planfence.__file__).parents[1])!r}); {code}",
        ],
        input=payload(noted, "src/user.py"),
        env=noted.variables,
        capture_output=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.decode().replace("'", '"')))
    assert loaded <= {"planfence", "planfence.agents", "planfence.agents.fastpath", "_json"}
