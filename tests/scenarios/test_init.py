"""`planfence init` in real repositories, with the hooks that git then starts."""

import os

import pytest

from planfence.setup import shimreader, shims


def tree(root):
    """Every file outside the object store, with its mode and bytes."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and "objects" not in path.parts
    }


def test_an_empty_repository(empty_repo):
    done = empty_repo.planfence("init", "--plan")
    assert done.returncode == 0, done.stderr
    assert "planfence.toml" in done.stdout
    assert "next:" in done.stdout
    assert (empty_repo.root / ".gitignore").read_text().splitlines()[1:] == ["/.ai-benchmark.csv*", "/.ai-run.log*"]
    assert 'id = "first"' in (empty_repo.root / "plans/first.toml").read_text()
    before = tree(empty_repo.root)
    again = empty_repo.planfence("init", "--plan")
    assert again.returncode == 0
    assert "was there already" in again.stdout
    assert "are ignored already" in again.stdout
    assert tree(empty_repo.root) == before


def test_the_first_commit_is_not_held_up(empty_repo):
    assert empty_repo.planfence("init").returncode == 0
    empty_repo.write("src/a.py")
    empty_repo.commit("chore: add planfence")
    assert empty_repo.git("show", "--name-only", "--format=", "HEAD").splitlines().count("planfence.toml") == 1


def test_hooks_that_travel_are_committed_with_the_policy(empty_repo):
    empty_repo.git("config", "core.hooksPath", ".githooks")
    assert empty_repo.planfence("init", "--commit").returncode == 0
    assert ".githooks/pre-push" in empty_repo.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert empty_repo.git("status", "--porcelain") == ""


def test_what_is_there_is_never_changed(empty_repo):
    mine = {
        "planfence.toml": "schema = 1\nlog = 'my log.csv'\n",
        "plans/x.toml": "not even a plan",
        ".pre-commit-config.yaml": "repos: []\n",
        ".gitignore": "no newline at the end",
    }
    for path, text in mine.items():
        empty_repo.write(path, text)
    done = empty_repo.planfence("init")
    assert done.returncode == 0, done.stderr
    assert {path: (empty_repo.root / path).read_text() for path in mine} == mine
    assert "default_install_hook_types" in done.stdout
    exclude = (empty_repo.root / ".git/info/exclude").read_text()
    assert "/my log.csv*\n/.ai-run.log*\n" in exclude
    empty_repo.git("check-ignore", "my log.csv", ".ai-run.log")
    again = empty_repo.planfence("init")
    assert again.returncode == 0
    assert (empty_repo.root / ".git/info/exclude").read_text() == exclude


def test_a_policy_that_can_t_be_read_stops_it_before_anything_is_written(empty_repo):
    empty_repo.write("planfence.toml", "schema = 1\nlogg = 3\n[rules]\nno-such-rule = 'warn'\n")
    before = tree(empty_repo.root)
    done = empty_repo.planfence("init")
    assert done.returncode == 2
    assert "logg" in done.stderr
    assert "no-such-rule" in done.stderr
    assert tree(empty_repo.root) == before


def test_a_shared_hooks_path_stops_it_before_anything_is_written(empty_repo, tmp_path):
    empty_repo.git("config", "core.hooksPath", str(tmp_path / "shared"))
    before = tree(empty_repo.root)
    assert empty_repo.planfence("init").returncode == 2
    assert tree(empty_repo.root) == before


def test_a_bare_repository_and_none(empty_repo, tmp_path):
    empty_repo.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    assert "bare repository" in empty_repo.planfence("init", cwd=tmp_path / "bare.git").stderr
    (tmp_path / "none").mkdir()
    done = empty_repo.planfence("init", cwd=tmp_path / "none")
    assert done.returncode == 2
    assert os.listdir(tmp_path / "none") == []


def test_the_branch_at_hand_is_the_base_where_there_is_no_main(empty_repo):
    empty_repo.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    assert "the protected branch is trunk" in empty_repo.planfence("init").stdout
    assert '\nbase = "trunk"\n' in (empty_repo.root / "planfence.toml").read_text()


def test_a_linked_worktree(repo):
    repo.git("worktree", "add", "-q", "-b", "linked", "../linked dir")
    (repo.root / ".gitignore").unlink()
    done = repo.planfence("init", cwd=repo.root.parent / "linked dir")
    assert done.returncode == 0, done.stderr
    assert (repo.root / ".git/hooks/commit-msg").exists()


@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_a_framework_s_configuration_is_written_once(empty_repo, tool):
    done = empty_repo.planfence("init", "--framework", tool)
    assert done.returncode == 0, done.stderr
    config = (empty_repo.root / ".pre-commit-config.yaml").read_bytes()
    assert b"default_install_hook_types" in config
    for name in shims.NAMES:
        assert shimreader.generated_by((empty_repo.root / ".git/hooks" / name).read_bytes()) == tool
    assert empty_repo.planfence("init").returncode == 0
    assert (empty_repo.root / ".pre-commit-config.yaml").read_bytes() == config
    empty_repo.commit("chore: begin")
