"""What a range costs: `verify` against `git log --raw -z`; a push with the hook against one without.

    python benchmarks/verify.py [--files 50000] [--commits 5000] [--runs 3] [--receive 1000]

Ratios of medians, interleaved in one run; peak memory of the process and of its children.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
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
    begin(root, variables)
    return git(root, variables, "rev-parse", "main")


def begin(root: Path, variables: dict[str, str]) -> None:
    """Record that the task has begun, as `planfence start` does."""
    from planfence.app.book import new_id, write_move
    from planfence.core.moves import Kind, Move
    from planfence.core.policy import Policy
    from planfence.env import Environment
    from planfence.gitio.repository import open_repository

    head, tree = git(root, variables, "rev-parse", "main", "main^{tree}").split()
    move = Move(new_id(), Kind.START, "bench/code", 0, 1, "implement", "human", head, tree)
    write_move(open_repository(Environment(variables), root), Policy(), move)


def timed(root: Path, variables: dict[str, str], command: list[str]) -> tuple[float, int]:
    """Seconds, and the peak memory (kB) of the process."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=root, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        _, complaint = process.communicate()
    if process.returncode:
        raise SystemExit(f"{command}: {process.returncode} {complaint.decode()}")
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def median(runs: int, *each: Callable[[], float]) -> list[float]:
    found: list[list[float]] = [[] for _ in each]
    for _ in range(runs):
        for index, run in enumerate(each):
            found[index].append(run())
    return [statistics.median(values) for values in found]


PLANFENCE = [sys.executable, "-I", "-m", "planfence"]
LOG = ["git", "log", "--raw", "-z", "-r", "--no-renames", "--no-abbrev", "--format=%H"]


def verify(root: Path, variables: dict[str, str], runs: int, base: str, commits: int, said: str) -> None:
    tip = f"work~{git_count(root, variables, base) - commits}"
    peak = 0

    def ours() -> float:
        nonlocal peak
        seconds, peak = timed(root, variables, [*PLANFENCE, "verify", f"{base}..{tip}"])
        return seconds

    theirs, own = median(runs, lambda: timed(root, variables, [*LOG, f"{base}..{tip}"])[0], ours)
    print(
        f"{said:<32} git log {theirs:7.2f} s   verify {own:7.2f} s   "
        f"ratio {own / theirs:5.2f}   peak {peak / 1024:.0f} MB"
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

    def push(with_hook: bool) -> float:
        hook.chmod(0o755 if with_hook else 0o644)
        seconds, _ = timed(root, variables, ["git", "push", "-q", str(server), f"{tip}:refs/heads/topic"])
        git(server, variables, "update-ref", "-d", "refs/heads/topic")
        git(server, variables, "prune", "--expire=now")
        return seconds

    def objects() -> float:
        return timed(root, variables, ["git", "rev-list", "--objects", f"{base}..{tip}"])[0]

    plain, listing, hooked = median(runs, lambda: push(False), objects, lambda: push(True))
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
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    home = options.keep or Path(tempfile.mkdtemp(prefix="planfence-bench-"))
    home.mkdir(exist_ok=True)
    variables = environment(home)
    root = home / "project"
    try:
        base = git(root, variables, "rev-parse", "main") if root.exists() else ""
        base = base or build(root, variables, options.files, max([*options.commits, options.receive]))
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
