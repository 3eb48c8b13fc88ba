"""Objects through one process: none waits for the other, and one that has ended is started anew."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest

from planfence.errors import CouldNotCheck
from planfence.gitio.objects import Objects
from planfence.gitio.spawn import Process
from planfence.records import replace


@pytest.fixture
def objects(repo):
    with repo.open().objects as found:
        found.begin()
        yield found


@pytest.fixture
def in_time():
    """What waits for ever is a failure."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def process(objects: Objects) -> Process:
    assert objects._process is not None
    return objects._process


def end(objects: Objects) -> None:
    os.kill(process(objects)._pid, signal.SIGKILL)
    os.waitid(os.P_PID, process(objects)._pid, os.WEXITED | os.WNOWAIT)


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="the size of a pipe is set on Linux alone")
@pytest.mark.parametrize("size", [4096, 16384])
@pytest.mark.parametrize("length", [0, 1900, 2100, 9000], ids=str)
def test_neither_waits_for_the_other_however_small_the_pipes_are(
    repo, objects, in_time, size: int, length: int
) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"few\n" * 40)
    for pipe in (process(objects).stdin, process(objects).stdout):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, size)
    names = [blob] * 500
    names[::50] = [f"{blob}:{'x' * length}"] * 10  # names nothing
    last = [answers.readline().split()[-1] for answers in objects.answers(names, "info")]
    assert last == [b"missing" if ":" in name else b"160" for name in names]


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="the size of a pipe is set on Linux alone")
def test_objects_are_read_however_many_are_asked_for(repo, objects, in_time) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"few\n" * 40)
    for pipe in (process(objects).stdin, process(objects).stdout):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    names = [blob] * 500
    assert len(objects.read_many(names)) == 500
    assert len(list(objects.beginnings(names, 8, whole=bool))) == 500
    assert objects.sizes(names) == {blob: 160}


def test_one_that_has_ended_is_said_once_and_started_anew(repo, objects) -> None:
    head = repo.commit()
    for ask in (
        lambda: objects.find(head),
        lambda: objects.read(head),
        lambda: objects.read_many([head] * 3),
        lambda: objects.sizes([head]),
        lambda: list(objects.beginnings([head] * 200, 8, whole=bool)),
    ):
        assert ask()
        end(objects)
        with pytest.raises(CouldNotCheck, match="status -9"):
            ask()
        assert ask()


def test_one_that_ends_between_two_parts_is_said_and_started_anew(repo, objects) -> None:
    names = [repo.commit()] * 500
    answers = objects.beginnings(names, 8, whole=bool)
    next(answers)
    end(objects)
    # It may end within an answer.
    with pytest.raises(CouldNotCheck, match=r"status -9|could not be read whole"):
        list(answers)
    assert len(objects.read_many(names)) == 500


def test_what_is_interrupted_while_it_asks_leaves_no_answer_to_the_next(repo, objects, monkeypatch) -> None:
    first, second = repo.commit("feat: one"), repo.commit("feat: two")
    write = os.write

    def interrupted(descriptor: int, data: bytes) -> int:
        write(descriptor, data)
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr("planfence.gitio.objects.os.write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            objects.find(first)
    assert objects.find(second)[0] == second


@pytest.mark.parametrize("word", ["missing", "ambiguous", "submodule"])
def test_what_has_no_size_is_nothing(tmp_path: Path, repo, word: str) -> None:
    fake = tmp_path / "git"
    fake.write_text(f'#!/bin/sh\nwhile read -r _ name; do echo "$name {word}"; done\n')
    fake.chmod(0o755)
    with Objects(replace(repo.open().git, program=str(fake))) as objects:
        for name in ("1" * 40, "HEAD:some path"):
            assert objects.find(name) is None
            assert objects.read(name) is None
        for ask in (objects.read_many, objects.sizes):
            with pytest.raises(CouldNotCheck, match="is missing"):
                ask(["1" * 40])


def test_plans_that_are_a_submodule_are_no_plans(repo) -> None:
    """Of a path that is a submodule, newer git says `submodule`."""
    head = repo.commit()
    repo.git("rm", "-qr", "plans")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},plans")
    repo.git("commit", "-q", "-m", "feat: a submodule")
    for words in (("status",), ("verify", f"{head}..HEAD"), ("check",)):
        done = repo.planfence(*words)
        assert "Traceback" not in done.stderr
        assert done.stdout + done.stderr
    with repo.open().objects as objects:
        assert objects.find("HEAD:plans") is None
        assert objects.read("HEAD:plans") is None
