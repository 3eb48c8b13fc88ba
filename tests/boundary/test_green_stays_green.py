"""A request that is clean against today's base is clean however a forge merges it: a simulated forge, by chance."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest
from support.repository import Repo, environment
from support.requests import METHODS, Team, begin

#: So many seeds; `PLANFENCE_SEEDS=0:500` runs others.
SEEDS = range(*map(int, os.environ.get("PLANFENCE_SEEDS", "0:12").split(":")))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    folder = tmp_path_factory.mktemp("team")
    repo = Repo(folder / "repo", environment(folder))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    begin(repo)
    return repo


def verdict(repo: Repo, span: str) -> tuple[bool, str]:
    from planfence.boundary import verify

    report = verify.verify(repo.open(), span).report
    words = [f"{each.change[:8]} {each.code} {each.path} {each.message}" for each in report.errors]
    return not report.refused, "\n".join([*words, *report.notes])


def received(repo: Repo, before: str, after: str, folder: Path) -> tuple[bool, str]:
    """What a server with the hook says to the push: it has the heads as its own branches."""
    from planfence.boundary import receive

    repo.git("update-ref", "refs/heads/main", before)
    done = receive.receive(repo.open(), f"{before} {after} refs/heads/main\n".encode())
    repo.git("update-ref", "refs/heads/main", after)
    words = [f"{each.change[:8]} {each.code} {each.path} {each.message}" for each in done.report.errors]
    return not done.report.refused, "\n".join([*words, *done.report.notes])


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_green_as_a_request_is_green_when_it_is_merged(template: Repo, tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    shutil.copytree(template.root, tmp_path / "repo", symlinks=True)
    team = Team(Repo(tmp_path / "repo", template.variables), chance)
    repo, git = team.repo, team.git
    for _ in range(2):
        starts = ["main", "main", *git("rev-list", "--first-parent", "-n3", "main").split()[1:]]
        waiting = [team.request(chance.choice(starts[:3])) for _ in range(chance.randint(1, 4))]
        before = git("rev-parse", "main")
        group = chance.random() < 0.5
        git("checkout", "-q", "main")
        landed = []
        for request in waiting:
            base = git("rev-parse", "main")
            request.green, why = verdict(repo, f"{base}..{request.head}")
            request.made_of.append(why)
            if not request.green:
                continue
            at, method = git("rev-parse", "HEAD"), chance.choice(METHODS)
            if not team.land(request, method):
                continue
            landed.append((request, method))
            if method == "squash without head" and "amend" in request.made_of:
                # Without a head nobody can tell that the plan came first: the refusal says what to fetch.
                green, words = verdict(repo, f"{at}..main")
                assert not green
                assert f"git fetch origin '+refs/pull/{request.number}/head:refs/pull/{request.number}/head'" in words
                git("update-ref", f"refs/pull/{request.number}/head", request.head)
            if not group:
                git("checkout", "-q", "main")
                told = "\n".join(f"{one.number} by {how}: {one.made_of}" for one, how in landed[-1:])
                green, words = verdict(repo, f"{at}..main")
                assert green, f"seed {seed}: verify\n{told}\n{words}"
                green, words = received(repo, at, git("rev-parse", "main"), tmp_path)
                assert green, f"seed {seed}: receive\n{told}\n{words}"
        after = git("rev-parse", "HEAD")
        if after != before:
            told = "\n".join(f"{one.number} by {how}: {one.made_of}" for one, how in landed)
            # A request of a queue is judged with those before it: its base is what they make.
            green, words = verdict(repo, f"{before}..{after}")
            assert green, f"seed {seed}: all together\n{told}\n{words}"
