"""A planned repository with a test command, and the ways that tests play with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: Writes a report of the given number of tests: quicker than a real runner, and as exact as one wants.
JUNIT = """\
cases= i=0
while [ $i -lt $2 ]; do
  failure=
  [ $i -ge $3 ] || failure='<failure/>'
  cases="$cases<testcase name='t$i'>$failure</testcase>" i=$((i + 1))
done
printf %s "<testsuites><testsuite>$cases</testsuite></testsuites>" >"$1"
[ $3 = 0 ]
"""

CODEX = {"PLANFENCE_MODEL": "codex"}
CLAUDE = {"PLANFENCE_MODEL": "claude"}


def gated(repo, command: str = "sh suite.sh {junit} 2 0", more: str = "", plan=lambda text: text):
    """Give the repository a policy with tests, and a plan that codex implements and claude reviews."""
    text = (repo.root / "plans/auth.toml").read_text()
    text = text.replace('implement = "human"', 'implement = "codex"').replace("version = 1", "version = 2")
    repo.write("plans/auth.toml", plan(text))
    quoted = command.replace("\\", "\\\\").replace('"', '\\"')
    repo.write("planfence.toml", f'schema = 1\n{more}\n[tests]\ncommand = "{quoted}"\n')
    repo.write("suite.sh", JUNIT)
    repo.commit("chore: the gate")
    repo.git("checkout", "-q", "-b", "work")
    return repo


def work(
    repo, text: str = "auth = 1\n", path: str = "src/auth.py", task: str = "auth/middleware", model: str = "codex"
):
    """Commit something that the task allows, with the trailers that the hook would write."""
    repo.write(path, text)
    return repo.commit(f"feat: work\n\nPlan-Task: {task}\nPlan-Stage: implement\nPlan-Model: {model}")


def reviewed(repo, met: bool = True, **extra: str):
    """Answer the task's criterion as its reviewer."""
    from planfence.gate import stage
    from planfence.judge.situation import look
    from planfence.ledger.transitions import Answer

    opened = repo.open(**(CLAUDE | extra))
    return stage.answer(look(opened, "auth/middleware"), {"A1": Answer("A1", met, "read it")})


def bare_remote(repo, folder: Path) -> Path:
    """A bare repository on disk as `origin`, holding `main` as it is."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True, env=repo.variables)
    repo.git("remote", "add", "origin", str(folder))
    repo.git("push", "-q", "--no-verify", "origin", "main")
    return folder


def push_line(repo, name: str = "work", new: str = "", remote: str = "", old: str = "") -> bytes:
    """What git tells a pre-push hook about one branch."""
    zero = "0" * 40
    there = remote or f"refs/heads/{name}"
    return f"refs/heads/{name} {new or repo.git('rev-parse', name)} {there} {old or zero}\n".encode()


def pre_push(repo, stdin: bytes, **extra: str):
    """Run the native hook as git would."""
    return repo.planfence("hook", "pre-push", "origin", "url", stdin=stdin, **extra)
