"""Worktrees of one clone start tasks that claim each other's files, edit and commit, all at once, and some are killed.

python benchmarks/claims.py [WORKTREES] [COMMITS]     (30 and 300 by default)

Each worktree works through tasks of its own, each of which shares a file with the tasks of the next worktree: it begins
one as soon as it may, asks before each edit as an agent does, commits through the hooks, and moves it on to done. Every
fourth `start` gets kill -9 at a random instant, git included. At each entry of the ledger no file may have two holders;
no entry and no commit's line of the log may be lost or doubled.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.claims import planned, worktree
from support.repository import Repo, environment

from planfence.gate import stage
from planfence.judge.situation import look
from planfence.ledger.holds import holds_of
from planfence.ledger.records import read_book
from planfence.ledger.refs import PREFIX
from planfence.ledger.transitions import Answer, MoveKind

#: Commits of one task, and seconds after which a worktree gives up waiting for a file.
EACH = 2
PATIENCE_S = 3600
#: Set by the first worktree in which something goes wrong: the others would wait for its claims.
GIVEN_UP = threading.Event()
POLICY = 'tests.required = []\ntests.prove = "off"\nrules.claimed-elsewhere = "error"\n'


class Worker(threading.Thread):
    """One worktree and what it was told of its own work."""

    def __init__(self, tree: Repo, number: int, tasks: int, pause: float) -> None:
        super().__init__()
        self.tree, self.number, self.tasks, self.pause = tree, number, tasks, pause
        self.chance = random.Random(number)
        self.commits: list[str] = []
        self.faults: list[str] = []
        self.killed = self.refused = 0

    def run(self) -> None:
        for task in range(self.tasks):
            try:
                self._work(f"p/t{self.number}-{task}")
            except Exception as error:  # noqa: BLE001 - what goes wrong in a thread is a fault of the run
                self.faults.append(f"{self.tree.root.name}: {error}")
                GIVEN_UP.set()
                return

    def _work(self, name: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self._begun(name):
            if time.monotonic() > end or GIVEN_UP.is_set():
                raise TimeoutError(f"{name} could not begin")
            time.sleep(self.chance.uniform(0.2, 1.0) * self.pause)
        for number in range(EACH):
            path = f"src/f{self.number}.py"
            target = {"file_path": str(self.tree.root / path), "content": "x"}
            payload = {"hook_event_name": "PreToolUse", "session_id": "s", "cwd": str(self.tree.root)}
            asked = json.dumps(payload | {"tool_name": "Write", "tool_input": target}).encode()
            done = self._call("agent", "claude", stdin=asked)
            if done.returncode or done.stdout:
                raise AssertionError(f"{name}: an edit was denied: {done.stdout!r}")
            self.tree.write(path, f"{name} {number}\n")
            self.tree.git("add", path)
            self.tree.git("commit", "-q", "-m", "feat: more")
            self.commits.append(self.tree.git("rev-parse", "HEAD"))
        for move in ("to review", "answer", "to done"):
            scene = look(self.tree.open(PLANFENCE_MODEL="claude" if move != "to review" else "human"), name)
            if move == "answer":
                moved = stage.answer(scene, {"A1": Answer("A1", True, "read it")})
            else:
                moved = stage.advance(scene)
            if moved.refused:
                raise AssertionError(f"{name}: {move}: {moved.report.findings}")

    def _call(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "planfence", *words]
        return subprocess.run(
            command, cwd=self.tree.root, env=self.tree.variables, input=stdin, capture_output=True, check=False
        )

    def _begun(self, name: str) -> bool:
        if self.chance.random() < 0.25:
            process = subprocess.Popen(
                [sys.executable, "-m", "planfence", "start", name], cwd=self.tree.root, env=self.tree.variables,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            time.sleep(self.chance.uniform(0, 0.8))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                self.killed += 1
            process.wait()
        done = self._call("start", name)
        if done.returncode and b"SCP007" not in done.stderr:
            raise AssertionError(f"{name}: {done.stderr.decode()}")
        self.refused += bool(done.returncode)
        return not done.returncode


def measure(folder: Path, count: int, commits: int) -> bool:
    root = folder / "repo"
    root.mkdir()
    repo = Repo(root, environment(folder))
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "gc.auto", "0")
    tasks = max(1, commits // count // EACH)
    plans = {
        f"t{number}-{task}": f"src/f{number}.py src/f{(number + 1) % count}.py"
        for number in range(count)
        for task in range(tasks)
    }
    for number in range(count):
        repo.write(f"src/f{number}.py")
    repo.write(".gitignore", ".ai-*\n")
    planned(repo, POLICY, p=plans)
    assert repo.planfence("install").returncode == 0
    workers = [Worker(worktree(repo, f"wt{number}"), number, tasks, max(1, count / 4)) for number in range(count)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    made = [commit for each in workers for commit in each.commits]
    print(
        f"  {len(made)} commits, {sum(each.refused for each in workers)} starts refused, "
        f"{sum(each.killed for each in workers)} killed"
    )
    faults = [fault for each in workers for fault in each.faults]
    found = faults or differences(repo, made, count * tasks)
    for fault in found:
        print(f"  {fault}")
    return not found


def differences(repo: Repo, made: list[str], tasks: int) -> list[str]:
    """What the ledger says of claims at each of its entries, and what it and the log lack or have twice."""
    book = read_book(repo.open())
    (ref,) = repo.git("for-each-ref", "--format=%(refname)", PREFIX).split()
    order = {entry: place for place, entry in enumerate(repo.git("rev-list", "--reverse", ref).split())}
    moves = sorted(book.moves, key=lambda move: order[move.entry])
    found = [f"the ledger: {problem}" for problem in book.problems]
    found += [f"an entry twice: {name}" for name, times in Counter(m.id for m in book.moves).items() if times > 1]
    for place in range(1, len(moves) + 1):
        holds = holds_of(moves[:place])
        holders = Counter(path for hold in holds for path in hold.claim.files)
        found += [f"two holders of {path} after {moves[place - 1].task}" for path, n in holders.items() if n > 1]
    done = {move.task for move in moves if move.kind is MoveKind.ADVANCE and move.stage == "done"}
    found += [] if len(done) == tasks else [f"{len(done)} of {tasks} tasks done"]
    lines = (repo.root / ".ai-benchmark.csv").read_text().splitlines()
    logged = Counter(word[7:] for line in lines for word in line.split(",") if word.startswith("commit="))
    found += [f"logged {logged[commit]} times: {commit}" for commit in made if logged[commit] != 1]
    return found


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    worktrees, commits = (*given, *(30, 300)[len(given) :])
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        good = measure(Path(place), worktrees, commits)
    print(f"{worktrees} worktrees, {commits} commits: {'nothing wrong' if good else 'WRONG'}", end="")
    print(f" ({time.monotonic() - began:.0f} s)")
    sys.exit(not good)
