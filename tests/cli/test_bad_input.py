"""Bad input ends in one clear message with the fix, exit code 2 or 3, and nothing written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def state(repo) -> list[tuple[str, bytes]]:
    """Every file below the folder, hooks and state included; not git's index refresh and loose tree objects."""
    return sorted(
        (str(path.relative_to(repo.root)), path.read_bytes())
        for path in repo.root.rglob("*")
        if path.is_file()
        and path.name not in ("index", ".ai-benchmark.csv", ".ai-benchmark.csv.lock")
        and ".git/objects" not in str(path)
    )


def refuses(repo, *arguments: str, code: int, says: str, hint: str = "", **extra: str) -> None:
    before = state(repo)
    done = repo.planfence(*arguments, **extra)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert state(repo) == before


def test_not_a_repository(repo, tmp_path: Path) -> None:
    done = repo.planfence("check", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path} is not in a git repository" in done.stderr


@pytest.mark.parametrize("command", [("check", "--staged"), ("status",), ("start", "auth/middleware")])
def test_a_head_that_does_not_exist_yet(empty_repo, command: tuple[str, ...]) -> None:
    refuses(empty_repo, *command, code=2, says="planfence: ")


def test_a_bare_repository(repo, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    done = repo.planfence("init", cwd=tmp_path / "bare")
    assert done.returncode == 2
    assert "bare" in done.stderr


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("schema = 1\n[rules]\nno-such = 'off'\n", 'planfence.toml:3:1: no rule is named "no-such"'),
        ("schema = 1\nbase = \n", "planfence.toml:2:"),
        ("schema = 1\nbogus = 1\n", "planfence.toml:2:1: "),
        ("schema = 99\n", "planfence.toml:1:"),
    ],
)
def test_a_policy_that_can_not_be_read(repo, policy: str, says: str) -> None:
    repo.write("planfence.toml", policy)
    repo.commit("chore: break it")
    repo.write("src/user.py", "changed\n")
    repo.git("add", "-A")
    refuses(repo, "check", "--staged", code=2, says=says)
    refuses(repo, "hook", "pre-commit", code=2, says=says)


def test_a_broken_policy_can_be_fixed_by_a_commit_of_its_own(repo) -> None:
    repo.write("planfence.toml", "schema = 'x'\n")
    repo.commit("chore: break it")
    repo.write("planfence.toml", "schema = 1\n")
    repo.git("add", "-A")
    done = repo.planfence("check", "--staged")
    assert done.returncode == 0
    assert "fixes a policy" in done.stdout


@pytest.mark.parametrize("kind", ["symlink", "gitlink"])
def test_a_plan_that_is_no_plain_file(repo, kind: str) -> None:
    head = repo.git("rev-parse", "HEAD")
    (repo.root / "plans/auth.toml").unlink()
    if kind == "symlink":
        os.symlink("../planfence.toml", repo.root / "plans/auth.toml")
        repo.git("add", "-A")
    else:
        repo.git("update-index", "--cacheinfo", f"160000,{head},plans/auth.toml")
    done = repo.planfence("check", "--staged")
    assert done.returncode == 1
    assert "plans/auth.toml: can't be read: is not a regular file" in done.stdout
    repo.git("commit", "-q", "-m", "chore: link")
    refuses(repo, "start", "auth/middleware", code=2, says="plans/auth.toml: is not a regular file")


def test_a_broken_plan_can_be_fixed_under_its_own_task(repo) -> None:
    good = (repo.root / "plans/auth.toml").read_text()
    repo.write("plans/auth.toml", "schema = 1\nid = ")
    repo.commit("chore: break it")
    repo.start("auth/middleware")
    repo.write("src/user.py", "changed\n")
    repo.git("add", "src")
    refuses(repo, "check", "--staged", code=2, says="plans/auth.toml:2:")
    repo.git("restore", "--staged", ".")
    repo.write("plans/auth.toml", good.replace("version = 1", "version = 2"))
    repo.git("add", "plans")
    assert repo.planfence("check", "--staged").returncode == 0


@pytest.mark.parametrize("task", ["auth/nope", "nope/middleware", "middleware", "auth/", "/", "../x/y"])
def test_a_task_that_does_not_exist(repo, task: str) -> None:
    repo.write("src/user.py", "changed\n")
    repo.git("add", "-A")
    refuses(
        repo,
        "check",
        "--staged",
        code=2,
        says=f"there is no task {task} in the plans at HEAD",
        hint="planfence start",
        PLANFENCE_TASK=task,
    )
    if task != "middleware":  # `start` takes a task's own id where only one plan has it
        refuses(repo, "start", task, code=2, says="planfence: ")


def test_no_active_task(repo) -> None:
    for command in ("status", "finish", "advance"):
        refuses(repo, command, code=2, says="no task is active", hint="planfence start")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--range", "HEAD"),
        ("check", "--range", "nope..HEAD"),
        ("check", "--commit", "nope"),
        ("check", "--commit", "--all"),
        ("check", "--staged", "--commit", "HEAD"),
        ("check", "--format", "nope"),
        ("explain", "nope"),
        ("nope",),
    ],
)
def test_usage(repo, arguments: tuple[str, ...]) -> None:
    done = repo.planfence(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_git_is_missing(repo, tmp_path: Path) -> None:
    refuses(repo, "check", code=3, says="git was not found", hint="install git", PATH=str(tmp_path))


@pytest.mark.parametrize("version", ["2.30.1", "2.37.0"])
def test_git_is_too_old(repo, tmp_path: Path, version: str) -> None:
    """Before 2.31 `rev-parse` echoes options that it does not know; before 2.38 `merge-tree` knows no trees."""
    old, real = tmp_path / "bin" / "git", shutil.which("git")
    echo = "*--path-format*) printf '%s\\n' --path-format=absolute .git .git false sha1; exit;;"
    echo = echo if version < "2.31" else ""
    old.parent.mkdir()
    old.write_text(
        f'#!/bin/sh\ncase "$*" in --version) echo git version {version}; exit;;\n{echo}\n'
        f'*merge-tree*) echo usage: git merge-tree >&2; exit 129;; esac\nexec {real} "$@"\n'
    )
    old.chmod(0o755)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("docs: side", **{"docs/side.md": "# Side\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("docs: other", **{"docs/other.md": "# Other\n"})
    repo.git("merge", "-q", "side")
    path, says = f"{old.parent}:{repo.variables['PATH']}", f"git {version} is too old for planfence"
    refuses(repo, "check", "--commit", "HEAD", code=3, says=says, hint="install git 2.39 or later", PATH=path)


def test_git_refuses_to_read(repo, tmp_path: Path) -> None:
    # The variable is git's own switch for its tests; ours drops it, so a wrapper sets it.
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    refuses(repo, "check", code=3, says="dubious ownership", PATH=str(wrapper.parent))


def test_an_unmerged_index(repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("src/user.py", "side\n")
    repo.commit("fix: side")
    repo.git("checkout", "-q", "main")
    repo.write("src/user.py", "main\n")
    repo.commit("fix: main")
    repo.git("merge", "-q", "side", ok=False)
    refuses(repo, "check", "--staged", code=3, says="src/user.py is unmerged", hint="git add")
