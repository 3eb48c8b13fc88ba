"""What a range costs: `verify` against `git log --raw -z`; a push with the hook against one without.

    python benchmarks/verify.py [--files 50000] [--commits 500 5000 50000] [--runs 5] [--receive 1000]

Ratios of medians, interleaved in one run, and of processor time (all processes together), which a busy machine
disturbs less; peak memory of the process and of its children.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PLAN = """\
schema = 1
id = "bench"
version = 1
goal = "Measure"
out_of_scope = ["everything else"]
risks = [{ risk = "noise", mitigation = "medians" }]
rollback = "none"
[themes.code]
paths = ["src/**"]
types = ["feat", "fix"]
[[tasks]]
id = "code"
title = "Change code"
theme = "code"
estimate_min = 45
deny = ["src/keys/**"]
files = [{ path = "src/**" }]
acceptance = [{ id = "A1", text = "measured", review = true }]
"""
MESSAGE = "feat: change\n\nPlan-Task: bench/code\nPlan-Stage: implement\nPlan-Model: human\n"


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    who = {f"GIT_{who}_{what}": f"a@{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | who | {"PATH": path, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(root: Path, variables: dict[str, str], *arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, env=variables, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def text(rng: random.Random, lines: int = 60) -> bytes:
    return "".join(f"value_{rng.randrange(10**6)} = compute({rng.randrange(10**6)})\n" for _ in range(lines)).encode()


def build(root: Path, variables: dict[str, str], files: int, commits: int) -> str:
    """Make a repository of so many files, and so many commits of three files each on `work`; return the base."""
    rng = random.Random(1)
    root.mkdir()
    git(root, variables, "init", "-q", "-b", "main")
    names = [f"src/d{n % 40}/e{n // 40 % 40}/f{n}.py" for n in range(files)]
    contents = {}
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=root, env=variables, stdin=subprocess.PIPE
    ) as importer:
        assert importer.stdin is not None
        put = importer.stdin.write

        def commit(message: str, branch: str, start: str = "") -> None:
            data = message.encode()
            put(f"commit refs/heads/{branch}\ncommitter A <a@b> 1 +0000\ndata {len(data)}\n".encode() + data + b"\n")
            put(start.encode())

        def modify(path: str, data: bytes) -> None:
            put(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")

        commit("chore: begin\n", "main")
        modify("planfence.toml", b"schema = 1\n[tests]\nrequired = []\n")
        modify("plans/bench.toml", PLAN.encode())
        for name in names:
            contents[name] = text(rng)
            modify(name, contents[name])
        put(b"\n")
        for number in range(commits):
            commit(MESSAGE, "work", "from refs/heads/main\n" if number == 0 else "")
            for name in rng.sample(names, 3):
                lines = contents[name].splitlines(keepends=True)
                lines[rng.randrange(len(lines))] = f"changed = {number}\n".encode()
                contents[name] = b"".join(lines)
                modify(name, contents[name])
            if number % 10 == 0:
                modify(f"src/d{number % 40}/new{number}.py", text(rng))
            put(b"\n")
        importer.stdin.close()
    git(root, variables, "symbolic-ref", "HEAD", "refs/heads/work")
    git(root, variables, "gc", "-q")
    return git(root, variables, "rev-parse", "main")


def begin(root: Path, variables: dict[str, str]) -> None:
    """Record that the task has begun, as `planfence start` does."""
    from planfence.env import Environment
    from planfence.gitio.repository import open_repository
    from planfence.ledger.records import new_id, write_move
    from planfence.ledger.transitions import Move, MoveKind
    from planfence.manifest.policy import Policy

    head, tree = git(root, variables, "rev-parse", "main", "main^{tree}").split()
    move = Move(new_id(), MoveKind.START, "bench/code", 0, 1, "implement", "human", head, tree)
    write_move(open_repository(Environment(variables), root), Policy(), move)


def timed(root: Path, variables: dict[str, str], command: list[str]) -> tuple[float, int, float]:
    """Seconds, the peak memory (kB) of any process, and seconds of processor time of all of them."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=root, env=variables, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command}: {process.returncode} {said.read().decode()}")
    return seconds, used.ru_maxrss, used.ru_utime + used.ru_stime


def interleaved(runs: int, *each: Callable[[], tuple[float, int, float]]) -> list[tuple[float, int, float]]:
    """For each, the medians of its seconds and its processor time, and the most memory that it took."""
    found: list[list[tuple[float, int, float]]] = [[] for _ in each]
    for _ in range(runs):
        for index, run in enumerate(each):
            found[index].append(run())
    columns = [list(zip(*runs_of, strict=True)) for runs_of in found]
    return [(statistics.median(wall), max(memory), statistics.median(used)) for wall, memory, used in columns]


PLANFENCE = [sys.executable, "-I", "-m", "planfence"]
LOG = ["git", "log", "--raw", "-z"]


def verify(root: Path, variables: dict[str, str], runs: int, base: str, commits: int, said: str) -> None:
    span = f"{base}..work~{git_count(root, variables, base) - commits}"
    commands = {
        "git log --raw -z": [*LOG, span],
        "verify": [*PLANFENCE, "verify", span],
        "check --range": [*PLANFENCE, "check", "--range", span],
    }

    def run(command: list[str]) -> Callable[[], tuple[float, int, float]]:
        return lambda: timed(root, variables, command)

    found = interleaved(runs, *map(run, commands.values()))
    theirs, _, used = found[0]
    for name, (wall, memory, processor) in zip(commands, found, strict=True):
        print(
            f"{said}: {name:<17} {wall:7.3f} s, ratio {wall / theirs:5.2f}; processor {processor:7.3f} s, "
            f"ratio {processor / used:5.2f}; {1e6 * wall / commits:5.0f} us a commit; peak {memory / 1024:.0f} MB",
            flush=True,
        )


def git_count(root: Path, variables: dict[str, str], base: str) -> int:
    return int(git(root, variables, "rev-list", "--count", f"{base}..work"))


def receive(root: Path, variables: dict[str, str], runs: int, base: str, commits: int) -> None:
    """A real push of so many commits, with the hook and without it."""
    server = root.parent / "server.git"
    git(
        root.parent,
        variables,
        "clone",
        "-q",
        "--bare",
        "--no-local",
        "--single-branch",
        "-b",
        "main",
        str(root),
        str(server),
    )
    git(server, variables, "fetch", "-q", str(root), "refs/planfence/*:refs/planfence/*")
    hook = server / "hooks/pre-receive"
    subprocess.run([*PLANFENCE, "install", "--server"], cwd=server, env=variables, check=True, capture_output=True)
    tip = git(root, variables, "rev-parse", f"work~{git_count(root, variables, base) - commits}")

    def push(with_hook: bool) -> tuple[float, int, float]:
        hook.chmod(0o755 if with_hook else 0o644)
        took = timed(root, variables, ["git", "push", "-q", str(server), f"{tip}:refs/heads/topic"])
        git(server, variables, "update-ref", "-d", "refs/heads/topic")
        git(server, variables, "prune", "--expire=now")
        return took

    def objects() -> tuple[float, int, float]:
        return timed(root, variables, ["git", "rev-list", "--objects", f"{base}..{tip}"])

    found = interleaved(runs, lambda: push(False), objects, lambda: push(True))
    plain, listing, hooked = (seconds for seconds, _, _ in found)
    ratio = hooked / (plain + listing)
    print(
        f"push of {commits} commits: without {plain:.2f} s, rev-list --objects {listing:.2f} s, "
        f"with the hook {hooked:.2f} s, ratio {ratio:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--commits", type=int, nargs="+", default=[500, 5_000])
    parser.add_argument("--receive", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    home = options.keep or Path(tempfile.mkdtemp(prefix="planfence-bench-"))
    home.mkdir(exist_ok=True)
    variables = environment(home)
    root = home / "project"
    try:
        base = git(root, variables, "rev-parse", "main") if root.exists() else ""
        base = base or build(root, variables, options.files, max([*options.commits, options.receive]))
        if not git(root, variables, "for-each-ref", "refs/planfence"):
            begin(root, variables)
        shutil.rmtree(home / "server.git", ignore_errors=True)
        for count in options.commits:
            verify(root, variables, options.runs, base, count, f"{count} commits, {options.files} files")
        if options.receive:
            receive(root, variables, options.runs, base, options.receive)
    finally:
        if options.keep is None:
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
