"""An answer to PreToolUse for an allowed path, as a ratio to `python -I -S -c pass` in the same run, and one to
PostToolUse after a command that changed nothing, in a repository of 50,000 files, as a ratio to `git status` there.

python benchmarks/agent.py [rounds]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import PLAN, Repo, environment

import planfence

BAR = 2.0
LOOK_BAR = 1.5
FILES = 50_000


def timed(command: list[str], data: bytes, repo: Repo) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, input=data, env=repo.variables, cwd=repo.root, capture_output=True, check=False)
    taken = time.perf_counter() - begin
    assert done.returncode == 0, done.stderr
    return taken


def look(rounds: int) -> None:
    """Print what it costs to see that a shell command changed nothing."""
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo", environment(Path(folder)))
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        repo.git("config", "gc.auto", "0")
        for path, text in {"planfence.toml": "schema = 1\n", "plans/auth.toml": PLAN, "src/user.py": "x = 1\n"}.items():
            repo.write(path, text)
        for number in range(FILES):
            repo.write(f"lib/{number // 100}/{number}.py", f"x = {number}\n")
        repo.commit("chore: begin")
        repo.start("auth/middleware")
        script = str(Path(sys.executable).with_name("planfence-agent"))
        raw = {"session_id": "s", "cwd": str(repo.root), "hook_event_name": "SessionStart", "source": "startup"}
        time.sleep(1.1)  # a file as young as the index is read anew by each status
        timed(["git", "status"], b"", repo)
        timed([script, "claude"], json.dumps(raw).encode(), repo)
        after = {"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {"command": "true"}}
        data = json.dumps(raw | after).encode()
        taken: dict[str, list[float]] = {"status": [], "look": []}
        for _ in range(rounds):
            taken["status"].append(timed(["git", "status"], b"", repo))
            taken["look"].append(timed([script, "claude"], data, repo))
    for name, middle in (("median", statistics.median), ("least", min)):
        print(
            f"{middle(taken['look']) / middle(taken['status']):6.2f}  PostToolUse, nothing changed ÷ git status, {name}"
        )
    print(f"bar: {LOOK_BAR}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder).resolve() / "repo", environment(Path(folder)))
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        for path, text in {"planfence.toml": "schema = 1\n", "plans/auth.toml": PLAN, "src/user.py": "x = 1\n"}.items():
            repo.write(path, text)
        repo.commit("chore: begin")
        repo.start("auth/middleware")
        raw = {
            "session_id": "s",
            "cwd": str(repo.root),
            "hook_event_name": "PreToolUse",
            "tool_name": "Write",
            "tool_input": {"file_path": str(repo.root / "src/user.py"), "content": "x = 2\n" * 200},
        }
        allowed = json.dumps(raw).encode()
        raw["tool_input"] = {"file_path": str(repo.root / "docs/a.md"), "content": ""}
        denied = json.dumps(raw).encode()
        program = str(Path(planfence.__file__).with_name("agents") / "fastpath.py")
        script = str(Path(sys.executable).with_name("planfence-agent"))
        ways = {
            "python -I -S -c pass": ([sys.executable, "-I", "-S", "-c", "pass"], b""),
            "agents/fastpath.py, -I -S, allowed": ([sys.executable, "-I", "-S", program, "claude"], allowed),
            "planfence-agent on PATH, allowed": ([script, "claude"], allowed),
            "sh -c as installed, allowed": (["/bin/sh", "-c", f"{script} claude || exit 2"], allowed),
            "planfence-agent on PATH, denied": ([script, "claude"], denied),
        }
        if not os.path.exists(script):
            ways = {name: way for name, way in ways.items() if script not in " ".join(way[0])}
        timed([sys.executable, program, "claude"], allowed, repo)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (command, data) in ways.items():
                taken[name].append(timed(command, data, repo))
    base = statistics.median(taken["python -I -S -c pass"])
    for name, times in taken.items():
        print(f"{statistics.median(times) / base:6.2f}  {name}")
    print(f"bar: {BAR}")
    look(max(5, rounds // 4))


if __name__ == "__main__":
    main()
