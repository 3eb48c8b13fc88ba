"""Worktrees of one clone append evidence and advance at once: is an entry lost or doubled, a gate opened wrongly?

python benchmarks/worktrees.py [WORKTREES] [ROUNDS]     (8 and 200 by default)

Each round of each worktree has a tree of its own: an advance without evidence must be refused, then evidence is
appended, an advance must be accepted, and a rework sends the task back. Every writer says which ids it wrote; the
ledger must hold exactly those, in one history.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import Repo
from gate import planned, run_of
from support.gate import CLAUDE, CODEX, gated

from planfence.gate import stage
from planfence.judge.situation import look
from planfence.ledger.records import read_book, write_run
from planfence.ledger.refs import PREFIX
from planfence.ledger.transitions import MoveKind
from planfence.manifest.policy import Policy

#: What a writer reports: its number, the ids of the runs that it wrote, and what went wrong.
Told = tuple[int, list[str], list[str]]


def commit(repo: Repo, number: int, each: int) -> str:
    """Make HEAD a commit of the task with a tree that nobody else has; return the tree."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=f"{number} {each}\n".encode())
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},src/t{number}.py")
    tree = repo.git("write-tree")
    message = f"feat: work\n\nPlan-Task: auth/t{number}\nPlan-Stage: implement\nPlan-Model: codex"
    repo.git("update-ref", "HEAD", repo.git("commit-tree", tree, "-p", repo.git("rev-parse", "main"), "-m", message))
    return tree


def writer(root: Path, variables: dict[str, str], number: int, rounds: int, told: multiprocessing.Queue) -> None:
    repo, task = Repo(root, variables), f"auth/t{number}"
    written: list[str] = []
    wrong: list[str] = []
    for each in range(rounds):
        tree = commit(repo, number, each)
        early = stage.advance(look(repo.open(**CODEX), task))
        if [finding.code for finding in early.report.errors] != ["GAT001"]:
            wrong.append(f"{task} round {each}: opened without evidence {early.report.findings}")
        run = run_of(tree, task)
        write_run(repo.open(), Policy(), run)
        written.append(run.id)
        if (moved := stage.advance(look(repo.open(**CODEX), task))).refused:
            wrong.append(f"{task} round {each}: refused with evidence {moved.report.findings}")
        if (back := stage.rework(look(repo.open(**CLAUDE), task), "again")).refused:
            wrong.append(f"{task} round {each}: rework refused {back.report.findings}")
    told.put((number, written, wrong))


def measure(folder: Path, count: int, rounds: int) -> bool:
    repo = planned(folder, tasks=count)
    gated(repo, more="[rework]\nmax = 100000")
    repo.git("branch", "-f", "main")
    for number in range(count):
        repo.git("worktree", "add", "-q", "-b", f"w{number}", str(folder / f"w{number}"), "main")
        repo.begin(f"auth/t{number}", "codex")
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[Told] = context.Queue()
    writers = [
        context.Process(target=writer, args=(folder / f"w{number}", repo.variables, number, rounds, told))
        for number in range(count)
    ]
    for each in writers:
        each.start()
    reports = [told.get() for _ in writers]
    for each in writers:
        each.join()
    faults = [fault for report in reports for fault in report[2]]
    return not [print(f"  {fault}") for fault in [*faults, *differences(repo, count, rounds, reports)]]


def differences(repo: Repo, count: int, rounds: int, reports: list[Told]) -> list[str]:
    """What the ledger lacks, has twice, or has too many of; and what git says of its refs."""
    book = read_book(repo.open())
    kinds = Counter((move.task, move.kind) for move in book.moves)
    found = [f"the ledger: {problem}" for problem in book.problems]
    written = [identity for report in reports for identity in report[1]]
    if sorted(written) != sorted(run.id for run in book.runs):
        found.append(f"{len(written)} runs were written and {len(book.runs)} are there")
    for number in range(count):
        for kind in (MoveKind.ADVANCE, MoveKind.REWORK):
            if (seen := kinds[f"auth/t{number}", kind]) != rounds:
                found.append(f"auth/t{number} has {seen} of {rounds} moves {kind}")
    entries = int(repo.git("rev-list", "--count", f"--glob={PREFIX}*"))
    merges = repo.git("rev-list", "--count", "--merges", f"--glob={PREFIX}*")
    if entries != 3 * count * rounds + count:
        found.append(f"{entries} entries, expected {3 * count * rounds + count}")
    if merges != "0":
        found.append(f"{merges} entries with two parents: a race was lost and fixed")
    if fault := repo.git("fsck", "--strict", "--no-dangling", ok=False):
        found.append(f"git fsck: {fault}")
    return found


def main() -> None:
    count, rounds = (int(word) for word in (*sys.argv[1:], *("8", "200")[len(sys.argv) - 1 :]))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        whole = measure(Path(folder).resolve(), count, rounds)
    each = count * rounds
    print(
        f"{count} worktrees x {rounds}: {each} runs, advances and reworks each, {each} attempts without evidence; "
        f"{time.monotonic() - began:.0f} s  {'ok' if whole else 'MISSED'}"
    )
    sys.exit(not whole)


if __name__ == "__main__":
    main()
