"""What the benchmarks share: scratch repositories deaf to the machine, interleaved medians, a table of ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PLAN = """\
schema = 1
id = "demo"
version = 1
goal = "Measure"
out_of_scope = ["everything else"]
risks = [{ risk = "noise", mitigation = "medians" }]
rollback = "none"

[themes.code]
paths = ["src/**", "tests/**"]
types = ["feat", "fix"]

[themes.docs]
paths = ["docs/**", "README.md"]
types = ["docs"]

[[tasks]]
id = "code"
title = "Change code"
theme = "code"
estimate_min = 45
deny = ["src/keys/**"]
files = [{ path = "src/area/**" }, { path = "tests/area/**" }, { path = "src/main.py", change = "modify" }]
acceptance = [{ id = "A1", text = "it is measured", review = true }]
"""


def environment(home: Path) -> dict[str, str]:
    """No word from the machine's configuration, no agent, our own program first on PATH."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }


class Scratch:
    """One repository with 250 files, a policy and a plan, and no hooks yet."""

    def __init__(self, root: Path, variables: dict[str, str], policy: str = "schema = 1\n") -> None:
        self.root, self.variables = root, variables
        root.mkdir(parents=True)
        self.run("git", "init", "-q", "-b", "main")
        files = {"planfence.toml": policy, "plans/demo.toml": PLAN, ".gitignore": ".ai-*\n", "src/main.py": "x = 1\n"}
        files |= {f"src/area/part{number}.py": f"value = {number}\n" for number in range(46)}
        files |= {f"docs/part{number}.md": f"page {number}\n" for number in range(200)}
        for path, text in files.items():
            self.write(path, text)
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "chore: begin")

    def run(self, *command: str, ok: bool = True, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(command, cwd=self.root, env=self.variables, input=stdin, capture_output=True, check=False)
        if ok and done.returncode:
            sys.exit(f"{command}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def edit(self, text: str, path: str = "src/area/part7.py") -> None:
        """Change one planned file and stage it."""
        self.write(path, text)
        self.run("git", "add", path)


def interleaved(rounds: int, works: Mapping[str, Callable[[int], float]]) -> dict[str, float]:
    """Run each of the works once a round, each returning its own seconds; return their medians in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            times[name].append(work(number))
    return {name: statistics.median(found) * 1000 for name, found in times.items()}


def timed(command: list[str], root: Path, variables: dict[str, str], ok: tuple[int, ...] = (0,)) -> float:
    """Seconds that a command takes; ends the benchmark where it exits otherwise than foreseen."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in ok:
        sys.exit(f"{command}: {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
    return seconds


class Table:
    """Rows of a measure, its ratio and its bar; knows whether all are held."""

    def __init__(self) -> None:
        self.held = True
        print(f"{'measure':<78} {'ratio':>7} {'bar':>6}  verdict")

    def row(self, measure: str, value: float, bar: float | None) -> None:
        held = bar is None or value <= bar
        self.held = self.held and held
        words = "" if bar is None else ("held" if held else "MISSED")
        print(f"{measure:<78} {value:>7.2f} {bar if bar is not None else '':>6}  {words}", flush=True)
