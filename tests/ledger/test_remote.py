"""The ledger's exchange as a terminal sees it: progress line by line, and git's own word where it fails."""

from __future__ import annotations

import pytest

from planfence.ledger.remote import exchange


@pytest.fixture
def remote(repo, tmp_path):
    repo.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    return repo


def test_progress_is_told_and_all_is_exchanged(remote):
    told: list[str] = []
    done = exchange(remote.open(), "origin", tell=told.append)
    assert done.pushed
    assert not done.notes
    assert any(line.startswith("Writing objects: ") for line in told)
    assert remote.git("ls-remote", "origin", "refs/planfence/*")


def test_the_users_fetch_head_is_left_alone(remote):
    remote.git("push", "-q", "origin", "main")
    remote.git("fetch", "-q", "origin", "main")
    before = (remote.root / ".git/FETCH_HEAD").read_bytes()
    exchange(remote.open(), "origin", tell=[].append)
    assert (remote.root / ".git/FETCH_HEAD").read_bytes() == before


@pytest.mark.parametrize("tell", [None, [].append], ids=["in a script", "in a terminal"])
def test_a_remote_that_is_away_is_said_in_gits_word(remote, tmp_path, tell):
    (tmp_path / "remote.git").rename(tmp_path / "away.git")
    done = exchange(remote.open(), "origin", tell=tell)
    assert not done.pushed
    assert "remote.git" in done.offline


def test_no_variable_of_this_process_reaches_git(remote, monkeypatch, tmp_path):
    """As it would through GitPython, which starts git with all of them."""
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "nowhere"))
    assert exchange(remote.open(), "origin", tell=[].append).pushed
