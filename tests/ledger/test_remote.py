"""The ledger's exchange as a terminal sees it: progress line by line, and git's own word where it fails."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import cast

import pytest

from planfence.gitio import usergit
from planfence.gitio.repository import Repository
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


def test_progress_is_told_while_git_works(tmp_path):
    """A state of the progress ends with a carriage return, and git goes on: this one only once it was heard.

    A state is heard when the next one begins, since a line feed might follow.
    """
    heard = tmp_path / "heard"
    program = tmp_path / "git"
    program.write_text(
        "#!/bin/sh\nprintf 'Writing objects:  10%% (1/10)\\rWriting objects:  20%% (2/10)\\r' >&2\n"
        "n=0; while [ ! -e heard ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done\n"
        "printf 'Writing objects: 100%% (10/10), done.\\nerror: caf\\351\\n' >&2; test -e heard\n"
    )
    program.chmod(0o755)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        heard.touch()

    repository = cast("Repository", SimpleNamespace(git=SimpleNamespace(program=str(program)), top=tmp_path))
    status, _, said = usergit.ask(repository, ["push"], {"PATH": os.defpath}, tell)
    assert status == 0
    assert told == [
        "Writing objects:  10% (1/10)",
        "Writing objects:  20% (2/10)",
        "Writing objects: 100% (10/10), done.",
    ]
    assert said == "error: caf\ufffd"


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
