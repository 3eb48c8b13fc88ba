"""The lanes that read a range say of each commit, once, what git says of it alone, whoever comes to its end first."""

from __future__ import annotations

import os
import signal

import pytest

from planfence.change import spans
from planfence.change.spans import Spans
from planfence.errors import CouldNotCheck
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.revisions import listed
from planfence.gitio.run import NUMSTAT, RAW_DIFF

NAMES = ("a", "-\\n", "two words", ":000000 100644", "1\\t1\\tb", "deep/er/c")


def _history(repo, commits: int) -> None:
    """Plain commits, empty ones and merges, with names that look like git's own words."""
    out = []
    for number in range(1, commits + 1):
        out.append(
            f"commit refs/heads/work\nmark :{number}\ncommitter A <a@b> {number} +0000\ndata 4\nx {number % 10}\n"
        )
        if number > 1:
            out.append(f"from :{number - 1}\n")
        if number % 17 == 0:
            out.append(f"merge :{number - 5}\n")
        for at in range(number % 4 if number % 5 else 0):
            body = f"{number}\n" * (at + 1)
            out.append(f'M 100644 inline "{NAMES[(number + at) % len(NAMES)]}"\ndata {len(body)}\n{body}\n')
        out.append("\n")
    repo.git("fast-import", "--quiet", stdin="".join(out).encode())


def _alone(repository, name: str) -> tuple[list[bytes], list[bytes]]:
    fields = repository.git.run("diff-tree", "--no-commit-id", *RAW_DIFF, *NUMSTAT, name).split(b"\0")[:-1]
    middle = len(fields) * 2 // 3
    return fields[:middle], fields[middle:]


@pytest.mark.parametrize(("lanes", "part", "ahead"), [(1, 32, 128), (2, 32, 128), (3, 1, 1), (2, 8, 8)])
def test_each_commit_is_told_once_and_rightly(repo, monkeypatch, lanes: int, part: int, ahead: int) -> None:
    _history(repo, 200)
    monkeypatch.setattr(spans, "LANES", lanes)
    monkeypatch.setattr(spans, "_PART", part)
    monkeypatch.setattr(spans, "_AHEAD", ahead)
    monkeypatch.setattr(spans, "_FIRST", ahead)
    repository = repo.open()
    walk = listed(repository, [repo.git("rev-parse", "work")])
    told = {}
    with Objects(repository.git) as objects, BareView(repository) as git, Spans(git, walk, objects, lines=True) as read:
        for _, step in read:
            assert step.at not in told
            pairs = zip(step.records, step.paths, strict=True)
            told[step.at] = [each for pair in pairs for each in pair], step.numbers
            assert step.data == objects.read(walk.ids[step.at]).data
    assert told == {at: _alone(repository, name) for at, name in enumerate(walk.ids)}


def test_a_lane_at_its_end_takes_half_of_what_another_has_left(repo, monkeypatch) -> None:
    _history(repo, 200)
    monkeypatch.setattr(spans, "LANES", 2)
    monkeypatch.setattr(spans, "_FIRST", 0)
    monkeypatch.setattr(spans, "_AHEAD", 32)
    repository = repo.open()
    walk = listed(repository, [repo.git("rev-parse", "work")])
    with Objects(repository.git) as objects, BareView(repository) as git, Spans(git, walk, objects, lines=True) as read:
        first, second = read._lanes
        first.left, second.left = range(32, 32), range(132, 200)
        read._go_on(first)
        assert (first.left, second.left) == (range(198, 200), range(132, 166))  # 32 of its half are asked by now


def test_a_git_that_dies_is_no_answer(repo) -> None:
    _history(repo, 200)
    repository = repo.open()
    walk = listed(repository, [repo.git("rev-parse", "work")])
    with Objects(repository.git) as objects, BareView(repository) as git, Spans(git, walk, objects, lines=True) as read:
        os.kill(read._lanes[0].process._pid, signal.SIGKILL)
        with pytest.raises(CouldNotCheck):
            list(read)


def test_a_git_that_holds_its_answers_back_is_not_waited_for(repo, monkeypatch) -> None:
    _history(repo, 200)
    monkeypatch.setattr(spans, "_FIRST", 32)
    monkeypatch.setattr(spans, "_FLUSH", "")
    monkeypatch.setattr(spans, "_PATIENCE", 50)
    repository = repo.open()
    walk = listed(repository, [repo.git("rev-parse", "work")])
    with (
        Objects(repository.git) as objects,
        BareView(repository) as git,
        Spans(git, walk, objects, lines=False) as read,
        pytest.raises(CouldNotCheck),
    ):
        list(read)
