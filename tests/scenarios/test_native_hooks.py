"""Commits through the native hooks: as `install` writes them, and as the folder `hooks/` ships them."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["installed", "shipped, from PATH", "shipped, PLANFENCE_PYTHON"])
def hooked(repo, request):
    if request.param == "installed":
        assert repo.planfence("install").returncode == 0
        repo.extra["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    else:
        repo.git("config", "core.hooksPath", str(ROOT / "hooks"))
    if request.param.endswith("PLANFENCE_PYTHON"):
        repo.extra |= {"PATH": "/usr/local/bin:/usr/bin:/bin", "PLANFENCE_PYTHON": sys.executable}
    repo.git("checkout", "-q", "-b", "work")
    repo.start("auth/middleware")
    return repo


def attempt(repo, message, *arguments):
    """Commit what is staged; the new commit, or empty where it was refused."""
    before = repo.git("rev-parse", "HEAD")
    repo.git("commit", "-q", "-m", message, *arguments, ok=False)
    after = repo.git("rev-parse", "HEAD")
    return after if after != before else ""


def test_inside_and_outside_the_plan(hooked):
    hooked.write("src/auth.py")
    hooked.git("add", "-A")
    assert attempt(hooked, "feat: add the middleware")
    assert "Plan-Task: auth/middleware" in hooked.git("log", "-1", "--format=%B")
    hooked.write("src/other.py")
    hooked.git("add", "-A")
    assert not attempt(hooked, "feat: something else")
    assert attempt(hooked, "feat: past the hooks", "--no-verify")


def test_a_commit_of_named_paths_and_an_amended_one(hooked):
    hooked.write("src/auth.py")
    hooked.write("src/other.py")
    hooked.git("add", "-A")
    assert attempt(hooked, "feat: add the middleware", "--", "src/auth.py")
    assert not attempt(hooked, "feat: add the middleware", "--amend")
    hooked.git("reset", "-q", "src/other.py")
    assert attempt(hooked, "feat: add a middleware", "--amend")
    assert hooked.git("log", "-1", "--format=%B").count("Plan-Task") == 1


def test_a_linked_worktree_has_a_task_of_its_own(hooked):
    linked = hooked.root.parent / "linked"
    hooked.git("worktree", "add", "-q", "-b", "guide", str(linked), "main")
    (linked / "docs" / "more.md").write_text("x\n")
    hooked.git("-C", str(linked), "add", "-A")
    state = Path(hooked.git("-C", str(linked), "rev-parse", "--absolute-git-dir")) / "planfence"
    state.mkdir()
    (state / "task").write_text("auth/guide\n")
    hooked.git("-C", str(linked), "commit", "-q", "-m", "docs: more")
    assert "Plan-Task: auth/guide" in hooked.git("log", "-1", "--format=%B", "guide")


def test_a_hook_behind_ours_sees_our_trailers(repo):
    behind = repo.root / ".git/hooks/commit-msg"
    behind.parent.mkdir(exist_ok=True)
    behind.write_text('#!/bin/sh\ngrep -q Plan-Task "$1" && echo "Change-Id: I1" >> "$1"\n')
    behind.chmod(0o755)
    assert repo.planfence("install").returncode == 0
    repo.start("auth/middleware")
    repo.write("src/auth.py")
    repo.git("add", "-A")
    assert attempt(repo, "feat: add the middleware")
    assert repo.git("log", "-1", "--format=%B").strip().endswith("Change-Id: I1")


def test_without_a_policy_nothing_is_held_up(empty_repo):
    assert empty_repo.planfence("install").returncode == 0
    for number in range(3):
        empty_repo.write(f"src/{number}.py")
    empty_repo.commit("whatever")
    assert empty_repo.git("log", "-1", "--format=%B").strip() == "whatever"
