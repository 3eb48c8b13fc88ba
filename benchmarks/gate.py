"""The test gate's costs, each as a ratio to a bare command of the same run.

python benchmarks/gate.py [push append read export]     (all by default; many writers at once: worktrees.py)
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import PLAN, Repo, environment
from support.gate import CODEX, bare_remote, gated, push_line, work

from planfence.change.export import export
from planfence.ledger import evidence, intoto
from planfence.ledger.evidence import Counts, GateRun, Outcome, Result
from planfence.ledger.records import new_id, read_book
from planfence.ledger.refs import PREFIX, Ledger

ZERO = "0" * 40


def seconds(deed: Callable[[], object]) -> float:
    begin = time.perf_counter()
    deed()
    return time.perf_counter() - begin


def ratio(name: str, bar: float, ours: Callable[[], object], bare: Callable[[], object], rounds: int) -> None:
    """Run both in turn, so that a busy machine is busy for both; print the ratio of the medians."""
    ours(), bare()
    pairs = [(seconds(ours), seconds(bare)) for _ in range(rounds)]
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{name}: {mine / theirs:.2f} (bar {bar})  {'ok' if mine / theirs <= bar else 'MISSED'}", flush=True)


def planned(folder: Path, tasks: int = 0) -> Repo:
    """A repository like the tests' own; with ``tasks``, the plan has that many alike besides."""
    repo = Repo(folder / "repo", environment(folder))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    plan = PLAN
    for number in range(tasks):
        plan += (
            f'\n[[tasks]]\nid = "t{number}"\ntitle = "Task {number}"\ntheme = "auth"\nestimate_min = 30\n'
            f'files = [{{ path = "src/t{number}.py" }}]\n'
        )
    files = {"planfence.toml": "schema = 1\n", "plans/auth.toml": plan, ".gitignore": ".ai-*\n", "src/user.py": "x\n"}
    for path, text in files.items():
        repo.write(path, text)
    repo.commit("chore: begin")
    return repo


def run_of(tree: str, task: str = "auth/middleware", number: int | None = None) -> GateRun:
    result = Result("tests", "python suite.py {junit} 2 0", 0, Outcome.PASSED, Counts(2, 0, 0), 1.0)
    identity = new_id() if number is None else f"{number:032x}"
    return GateRun(identity, tree, ZERO, ZERO, task, 1, "implement", "codex", "", (result,), "export", "planfence", "")


def push(folder: Path) -> None:
    repo = planned(folder)
    for task in ("auth/middleware", "auth/guide"):
        repo.begin(task)
    gated(repo)
    repo.git("branch", "-f", "main")
    bare_remote(repo, folder / "remote.git")
    work(repo)
    assert repo.planfence("install").returncode == 0
    assert repo.planfence("test", **CODEX).returncode == 0
    line, hook = push_line(repo), repo.root / ".git/hooks/pre-push"

    def hooked() -> None:
        subprocess.run([hook, "origin", "url"], input=line, cwd=repo.root, env=repo.variables, check=True)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "pass"], cwd=repo.root, env=repo.variables, check=True)

    ratio("push whose tip has evidence / python -c pass", 4, hooked, bare, 40)


def append(folder: Path) -> None:
    repo = planned(folder)
    ledger, tree = Ledger(repo.open()), repo.git("rev-parse", "HEAD^{tree}")
    ledger.append(b"{}")

    def ours() -> None:
        ledger.append(intoto.encode(evidence.to_statement(run_of(tree))))

    def bare() -> None:
        for _ in range(4):
            subprocess.run(["git", "--version"], stdout=subprocess.PIPE, env=repo.variables, check=True)

    ratio("ledger append / four git --version", 4, ours, bare, 60)


def read(folder: Path) -> None:
    repo = planned(folder)
    lines = []
    for number in range(10_000):
        data = intoto.encode(evidence.to_statement(run_of("a" * 40, number=number)))
        head = f"commit {PREFIX}{number % 20:016x}\ncommitter p <p@localhost> {1767225600 + number} +0000\ndata 1\nx\n"
        lines.append(head.encode() + b"M 100644 inline entry.json\ndata %d\n%s\n" % (len(data), data))
    repo.git("fast-import", "--quiet", stdin=b"".join(lines))
    opened = repo.open()
    listed = repo.git("for-each-ref", "--format=%(objectname)", PREFIX).split()
    commits = repo.git("rev-list", *listed).split()
    names = "".join(f"{commit}:entry.json\n" for commit in commits).encode()

    def ours() -> None:
        assert len(read_book(opened).runs) == 10_000

    def bare() -> None:
        subprocess.run(["git", "cat-file", "--batch"], input=names, stdout=subprocess.PIPE, cwd=repo.root, check=True)

    ratio("10,000 entries of 20 writers read / git cat-file --batch", 3, ours, bare, 9)


def exported(folder: Path) -> None:
    repo = planned(folder)
    lines = [b"commit refs/heads/big\ncommitter p <p@localhost> 1767225600 +0000\ndata 1\nx\n"]
    for number in range(50_000):
        data = b"value = %d\n" % number * (number % 40)
        lines.append(b"M 100644 inline src/d%d/f%d.py\ndata %d\n%s\n" % (number % 500, number, len(data), data))
    repo.git("fast-import", "--quiet", stdin=b"".join(lines))
    opened, tree = repo.open(), repo.git("rev-parse", "big^{tree}")
    index = folder / "index"
    repo.git("read-tree", tree, GIT_INDEX_FILE=str(index))
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(5):
        begin = time.perf_counter()
        with export(opened, tree) as out:
            spent["ours"].append(time.perf_counter() - begin)
            assert (out.files / "src/d0/f0.py").exists()
        into = folder / "bare"
        into.mkdir()
        begin = time.perf_counter()
        repo.git("checkout-index", "-a", f"--prefix={into}/", GIT_INDEX_FILE=str(index))
        spent["bare"].append(time.perf_counter() - begin)
        shutil.rmtree(into)
    got = statistics.median(spent["ours"]) / statistics.median(spent["bare"])
    print(f"export of 50,000 files / git checkout-index -a: {got:.2f} (bar 1.5)  {'ok' if got <= 1.5 else 'MISSED'}")


PARTS = {"push": push, "append": append, "read": read, "export": exported}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder).resolve())


if __name__ == "__main__":
    main()
