"""States in which what git shows cheaply is not what it will commit: the fast path must see it or stand back."""

from __future__ import annotations

import os
import subprocess

import pytest


def commit(repo, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["git", "commit", *arguments], cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.fixture
def fenced(repo):
    """Hooks installed, a task active, and one plain commit behind it, so that the fast path has its notes."""
    assert repo.install().returncode == 0
    repo.write("planfence.toml", 'schema = 1\n[limits]\nlines = 50\n[trust]\nsigners = "tests/auth/signers"\n')
    repo.write("tests/auth/big.txt", "".join(f"{number}\n" for number in range(100, 300)))
    repo.write("tests/auth/signers", "nobody\n")
    repo.git("add", "-A")
    repo.git("commit", "-qnm", "chore: limits")
    repo.start("auth/middleware")
    for text in ("a", "b"):
        repo.write("tests/auth/plain.txt", f"{text}\n")
        repo.git("add", "-A")
        assert commit(repo, "-m", "test: plain") == (0, "")
    return repo


def test_a_worktree_file_that_looks_staged_is_not_counted_for_the_staged_one(fenced) -> None:
    fenced.git("config", "core.checkStat", "minimal")
    file = fenced.root / "tests/auth/big.txt"
    old = file.read_bytes()
    file.write_bytes(old.translate(bytes.maketrans(b"0123456789", b"1234567890")))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    fenced.git("add", "-A")
    file.write_bytes(old)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    status, said = commit(fenced, "-m", "test: large")
    assert status == 1
    assert "SIZ001" in said


def test_an_intent_to_add_does_not_hide_a_deletion(fenced) -> None:
    fenced.git("rm", "-q", "--cached", "src/user.py")
    fenced.git("add", "-N", "src/user.py")
    fenced.write("tests/auth/plain.txt", "c\n")
    fenced.git("add", "tests")
    status, said = commit(fenced, "-m", "test: more")
    assert status == 1
    assert "SCP002 src/user.py" in said


def test_a_file_that_governs_inside_a_planned_folder(fenced) -> None:
    fenced.write("tests/auth/signers", "somebody\n")
    fenced.write("tests/auth/plain.txt", "c\n")
    fenced.git("add", "-A")
    status, said = commit(fenced, "-m", "test: more")
    assert status == 1
    assert "PLN001 tests/auth/signers" in said


@pytest.mark.parametrize("last", ["# a heading", "#12 is not closed by this"])
def test_a_last_line_that_looks_like_a_comment_keeps_the_trailers(fenced, last: str) -> None:
    fenced.write("tests/auth/plain.txt", "c\n")
    fenced.git("add", "-A")
    assert commit(fenced, "-m", "test: more", "-m", last) == (0, "")
    assert last in fenced.git("log", "-1", "--format=%B")
    trailers = fenced.git("log", "-1", "--format=%(trailers:only)").split("\n")
    assert trailers[:2] == ["Plan-Task: auth/middleware", "Plan-Stage: implement"]
    assert fenced.planfence("check", "--commit", "HEAD").returncode == 0


def test_a_message_of_a_heading_alone_is_judged_too(fenced) -> None:
    fenced.write("tests/auth/plain.txt", "c\n")
    fenced.git("add", "-A")
    assert commit(fenced, "-m", "# heading") == (0, "")
    assert "Plan-Task: auth/middleware" in fenced.git("log", "-1", "--format=%B")
