"""kill -9 at random instants of the gate, the append and the sync: the old state or the new one, and never more.

Every second time the whole process group goes at once, git included, as when a machine loses its power.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Repo
from support import program
from support.gate import CLAUDE, CODEX, bare_remote, gated, work
from support.ledger import append_and_tell, start

from planfence.gate import stage
from planfence.judge.situation import look
from planfence.ledger.records import read_book, write_move
from planfence.ledger.refs import PREFIX, Ledger
from planfence.manifest.policy import Policy

TASK = "auth/middleware"
TIMES = 20
#: Fails where the tested file's number is odd, takes a while, and says who it is and that it began.
SUITE = """\
import os, sys, time
open(os.path.join(sys.argv[2], str(os.getpid())), "w").close()
time.sleep(0.2)
bad = int(open("src/auth.py").read().split()[-1]) % 2
case = '<testcase name="t">' + ("<failure/>" if bad else "") + "</testcase>"
open(sys.argv[1], "w").write(f"<testsuites><testsuite>{case}</testsuite></testsuites>")
sys.exit(bad)
"""


def instants(seed: int, longest: float) -> Iterator[tuple[int, float, bool]]:
    """Which time it is, when to kill (seconds), and whether the whole group goes."""
    chance = random.Random(seed)
    for number in range(TIMES):
        yield number, chance.uniform(0, longest), bool(number % 2)


def begin(repo, *words: str, **extra: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "planfence", *words],
        cwd=repo.root,
        env=repo.variables | CODEX | extra,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes], delay: float, group: bool) -> None:
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()


def soon(held, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not held() and time.monotonic() < end:
        time.sleep(0.02)
    return held()


def unlocked(repo) -> None:
    """What the refusal offers where a killed git left its lock on the ledger's ref."""
    for lock in (repo.root / ".git" / PREFIX).glob("*.lock"):
        said = repo.planfence("test", TASK, "--again", **CODEX)
        assert said.returncode == 3
        assert f"rm {lock}" in said.stderr
        lock.unlink()


def alive(pid: str) -> bool:
    status = Path("/proc", pid, "status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for left processes in /proc")
def test_the_gate(repo, tmp_path):
    began, scratch = tmp_path / "began", tmp_path / "scratch"
    began.mkdir()
    scratch.mkdir()
    repo.write("suite2.py", SUITE)
    gated(repo, f"python suite2.py {{junit}} {began}", more="[rework]\nmax = 1000")
    repo.variables = repo.variables | {"TMPDIR": str(scratch)}
    repo.planfence("start", TASK, **CODEX)
    work(repo, "auth = -1\n")
    undisturbed = time.monotonic()
    assert repo.planfence("test", **CODEX).returncode == 1
    longest = 1.1 * (time.monotonic() - undisturbed)
    for number, delay, group in instants(1, longest):
        work(repo, f"auth = {number}\n")
        if number % 4 > 1:
            repo.write("stray.txt")  # it runs in an export then
        tree, before = repo.git("rev-parse", "HEAD^{tree}"), len(read_book(repo.open()).runs)
        kill(begin(repo, "test"), delay, group)
        unlocked(repo)
        book = read_book(repo.open())
        assert not book.problems
        assert len(book.runs) in (before, before + 1)
        passed = [run for run in book.runs if run.tree == tree and run.passed]
        assert not (passed and number % 2)
        moved = stage.advance(look(repo.open(**CODEX), TASK))
        assert moved.refused != bool(passed)
        if passed:
            assert Ledger(repo.open()).kept(book.commits[passed[0].id]).files["output.txt"]
            assert not stage.rework(look(repo.open(**CLAUDE), TASK), "again").refused
        (repo.root / "stray.txt").unlink(missing_ok=True)
    assert soon(lambda: not any(scratch.glob("planfence-*"))), list(scratch.iterdir())
    assert soon(lambda: not any(alive(each.name) for each in began.iterdir()))
    work(repo, "auth = 100\n")
    after = repo.planfence("test", **CODEX)
    assert after.returncode == 0, after.stderr
    assert "passed  tests" in after.stdout
    assert "Traceback" not in after.stderr
    repo.git("fsck", "--strict")


def test_the_append(repo, tmp_path):
    context = multiprocessing.get_context("spawn")
    told = tmp_path / "told"
    told.touch()
    for number, delay, _ in instants(2, 0.3):
        seen = len(told.read_text().split())
        worker = context.Process(target=append_and_tell, args=(repo.root, repo.variables, told, number))
        worker.start()
        assert soon(lambda seen=seen: len(told.read_text().split()) > seen, 60)
        time.sleep(delay)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        kept = {move.id for move in read_book(repo.open()).moves}
        assert set(told.read_text().split()) <= kept, "what was said to be written is there"
        assert not read_book(repo.open()).problems
        write_move(repo.open(), Policy(), start(f"after/{number}"))
        # The killed writer's git may still have been at its last entry.
        assert kept <= {move.id for move in read_book(repo.open()).moves}
    after = [move.task for move in read_book(repo.open()).moves if move.task.startswith("after/")]
    assert sorted(after) == sorted(f"after/{number}" for number in range(TIMES))
    unsaid = len(read_book(repo.open()).moves) - len(set(told.read_text().split())) - TIMES
    assert unsaid <= TIMES + 2, "at most one entry a kill was written and not said; two were there before"
    repo.git("fsck", "--strict")


def test_the_sync(repo, tmp_path):
    gated(repo)
    repo.git("branch", "-f", "main")
    bare_remote(repo, tmp_path / "remote.git")
    repo.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / "other"))
    remote, other = Repo(tmp_path / "remote.git", repo.variables), Repo(tmp_path / "other", repo.variables)
    undisturbed = time.monotonic()
    assert repo.planfence("sync").returncode == 0
    longest = 1.1 * (time.monotonic() - undisturbed)
    own = PREFIX + Ledger(repo.open()).writer()
    for number, delay, group in instants(3, longest):
        write_move(repo.open(), Policy(), start(f"here/{number}"))
        write_move(other.open(), Policy(), start(f"there/{number}"))
        other.git("push", "-q", "--no-verify", "origin", f"{PREFIX}*:{PREFIX}*")
        old, new = remote.git("rev-parse", own), repo.git("rev-parse", own)
        kill(begin(repo, "sync"), delay, group)
        here = read_book(repo.open())
        assert not here.problems
        assert {f"here/{each}" for each in range(number + 1)} <= {move.task for move in here.moves}
        there = remote.git("rev-parse", own)
        assert there == old or repo.git("merge-base", "--is-ancestor", new, there, ok=False) == ""
        for lock in [*remote.root.glob(f"{PREFIX}*.lock"), *(repo.root / ".git").glob(f"{PREFIX}*.lock")]:
            soon(lambda lock=lock: not lock.exists(), 2)
            lock.unlink(missing_ok=True)
    done = repo.planfence("sync")
    assert done.returncode == 0, done.stderr
    assert "pushed" in done.stdout, done.stderr
    assert other.planfence("sync").returncode == 0
    assert PREFIX + Ledger(repo.open()).writer() == own
    mine, theirs = read_book(repo.open()), read_book(other.open())
    assert {move.id for move in mine.moves} == {move.id for move in theirs.moves}
    for each in (repo, remote):
        each.git("fsck", "--strict")


def test_a_lock_that_a_killed_git_left_is_named_with_its_fix(repo):
    gated(repo)
    work(repo)
    lock = repo.root / ".git" / f"{PREFIX}{Ledger(repo.open()).writer()}.lock"
    lock.touch()
    impatient = "from planfence.ledger import refs; refs.ATTEMPTS = 3"  # of fifty, each as long as git waits
    refused = program.run(["test", TASK], repo.root, repo.variables | CODEX, prepare=impatient)
    assert refused.returncode == 3
    assert "as a git that was killed leaves it" in refused.stderr
    command = refused.stderr.rpartition("here: ")[2].strip()
    subprocess.run(command, shell=True, check=True)
    assert repo.planfence("test", TASK, **CODEX).returncode == 0


def test_a_push_that_the_remote_refuses_makes_no_new_writer(repo, tmp_path):
    gated(repo)
    repo.git("branch", "-f", "main")
    bare_remote(repo, tmp_path / "remote.git")
    assert repo.planfence("sync").returncode == 0
    writer = Ledger(repo.open()).writer()
    hook = tmp_path / "remote.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2; exit 1\n")
    hook.chmod(0o755)
    write_move(repo.open(), Policy(), start("x/y"))
    done = repo.planfence("sync")
    assert done.returncode == 3
    assert "origin did not take the own ledger: remote: not today" in done.stderr
    assert "own ledger not taken" in done.stdout
    assert "new name" not in done.stderr
    assert Ledger(repo.open()).writer() == writer
