"""The board against git's own commands, `board --watch` at rest, and the merge forecast against real merges.

python benchmarks/board.py [WORKTREES] [FILES] [PAIRS]     (6, 4000 and 60 by default; the bars are for 50, 50000, 500)

A look through all worktrees is held against one `git status` after another: as many run at once as there are
processors, so the first look's ratio falls with their number. A look after which nothing has changed is held, in this
process, against `git for-each-ref` and `git worktree list`. What a look through the files found is believed there as
long as after one of 50 worktrees of 50,000 files; a smaller repository is looked through each time.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from setting import Table, environment, interleaved, timed
from support.randommerges import GitCrashed, branches, really
from support.repository import Repo

from planfence.change.mergetrial import MergeTrials, Side
from planfence.gate.board import look
from planfence.gate.lastlook import LastLook, again, recall
from planfence.ledger.records import new_id, write_move
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest.policy import Policy

TASKS, PER_PLAN, ROUNDS, WATCHED_S = 200, 20, 2, 15
PLAN = """\
schema = 1
id = "p{plan}"
version = 1
goal = "Measure"
out_of_scope = ["everything else"]
risks = [{{ risk = "noise", mitigation = "medians" }}]
rollback = "none"

[themes.code]
paths = ["d*/**"]
types = ["feat"]
"""
TASK = """
[[tasks]]
id = "t{task}"
title = "Change {task}"
theme = "code"
estimate_min = 45
files = [{{ path = "d{task}/**" }}]
acceptance = [{{ id = "A1", text = "it is measured", review = true }}]
"""


def planted(root: Path, worktrees: int, files: int) -> Repo:
    """A repository of so many files and worktrees, each at work on one of the tasks, with a commit and an edit."""
    repo = Repo(root / "repo", environment(root))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    texts = {"planfence.toml": "schema = 1\n", ".gitignore": ".ai-*\n"}
    for plan in range(TASKS // PER_PLAN):
        tasks = range(plan * PER_PLAN, (plan + 1) * PER_PLAN)
        texts[f"plans/p{plan}.toml"] = PLAN.format(plan=plan) + "".join(TASK.format(task=task) for task in tasks)
    texts |= {f"d{number % TASKS}/s{number // TASKS % 5}/f{number}.py": f"x = {number}\n" for number in range(files)}
    stream = ["commit refs/heads/main\ncommitter Ada <ada@example.org> 1767225600 +0000\ndata 1\nx\n"]
    stream += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in texts.items()]
    repo.git("fast-import", "--quiet", stdin="".join(stream).encode())
    repo.git("reset", "-q", "--hard")
    head, tree = repo.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    for number in range(worktrees):
        task = f"p{number // PER_PLAN}/t{number}"
        repo.git("worktree", "add", "-q", "-b", f"b{number}", str(root / f"w{number}"))
        place = Repo(root / f"w{number}", repo.variables)
        place.start(task)
        move = Move(new_id(), MoveKind.START, task, 0, 1, "implement", "human", head, tree)
        write_move(repo.open(), Policy(), move)
        place.commit(f"feat: x\n\nPlan-Task: {task}\nPlan-Stage: implement", **{f"d{number}/new.py": "x\n"})
        place.write(f"d{number}/edit.py")
    (repo.root / ".ai-benchmark.csv").touch()
    return repo


def spent(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def looks(table: Table, repo: Repo, worktrees: int) -> None:
    opened, program = repo.open(), str(Path(sys.executable).parent / "planfence")
    last = LastLook(patience=lambda _: 600.0)
    places = [repo.root.parent / f"w{number}" for number in range(worktrees)]
    status = ["git", "status", "--porcelain"]
    assert len(look(opened, LastLook()).rows) == TASKS

    def changed(number: int) -> float:
        places[0].joinpath("d0", f"more{number}.py").write_text("x")
        subprocess.run(["git", "add", "."], cwd=places[0], env=repo.variables, check=True)
        return spent(lambda: look(opened, last))

    look(opened, last)
    found = interleaved(
        ROUNDS,
        {
            "status": lambda _: sum(timed(status, place, repo.variables) for place in places),
            "first": lambda _: spent(lambda: look(opened, LastLook())),
            "changed": changed,
        },
    )
    table.row(f"board, first look, / {worktrees} x git status", found["first"] / found["status"], 0.5)
    table.row(f"board, one worktree changed, / {worktrees} x git status", found["changed"] / found["status"], 0.5)
    look(opened, last)

    def quiet(_: int) -> float:
        kept = recall(opened)
        kept.patience = last.patience
        return spent(lambda: again(opened, kept)) + spent(lambda: recall(opened))

    refs, listed = ["git", "for-each-ref"], ["git", "worktree", "list"]
    found = interleaved(
        8,
        {
            "git": lambda _: timed(refs, repo.root, repo.variables) + timed(listed, repo.root, repo.variables),
            "quiet": quiet,
            "command": lambda _: timed([program, "board"], repo.root, repo.variables),
            "start": lambda _: timed([sys.executable, "-c", "import click"], repo.root, repo.variables),
        },
    )
    table.row("board, nothing changed, / for-each-ref + worktree list", found["quiet"] / found["git"], 1.2)
    table.row(
        "the command, which looks through the files, / Python with click", found["command"] / found["start"], None
    )


def at_rest(table: Table, repo: Repo) -> None:
    """Processor time of `board --watch`, and of the processes that it waited for, in a share of one core."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 80))
    words = [sys.executable, "-m", "planfence", "board", "--watch"]
    process = subprocess.Popen(
        words, cwd=repo.root, env=repo.variables | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    seen, end = b"", time.monotonic() + 60
    while b"q ends it" not in seen and time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            seen += os.read(ours, 1 << 16)
    time.sleep(2)
    before, began = _used(process.pid), time.monotonic()
    while time.monotonic() - began < WATCHED_S:
        if select.select([ours], [], [], 0.5)[0]:
            os.read(ours, 1 << 16)
    share = (_used(process.pid) - before) / (time.monotonic() - began)
    os.write(ours, b"q")
    process.wait(30)
    table.row("board --watch at rest, % of one core", 100 * share, 1.0)


def _used(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def forecasts(table: Table, folder: Path, pairs: int) -> None:
    wrong = seen = conflicts = seed = 0
    while seen < pairs:
        seed += 1
        repo = Repo(folder / f"merges{seed}", environment(folder))
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        names = branches(repo, 11, seed)
        sides = {name: Side(repo.git("rev-parse", name), name) for name in names}
        with MergeTrials(repo.open()) as trials:
            for ours, theirs in combinations(names, 2):
                if seen == pairs:
                    break
                told = trials.merges(sides[ours], [sides[theirs]])[0]
                try:
                    real = really(repo, ours, theirs)
                except GitCrashed:
                    continue
                seen, conflicts = seen + 1, conflicts + bool(real)
                wrong += (None if told.unrelated else told.files) != real
    table.row(f"merge forecasts of {seen} random pairs, {conflicts} in conflict, that differ from the merge", wrong, 0)


def main() -> None:
    worktrees, files, pairs = (int(word) for word in (*sys.argv[1:], *("6", "4000", "60")[len(sys.argv) - 1 :]))
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        repo = planted(root, worktrees, files)
        looks(table, repo, worktrees)
        at_rest(table, repo)
        forecasts(table, root, pairs)
    sys.exit(not table.held)


if __name__ == "__main__":
    main()
