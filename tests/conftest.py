"""Real repositories for tests: made once a session, copied for each test, deaf to the machine's own configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PLAN = """\
schema = 1
id = "auth"
version = 1
goal = "Move auth logic into middleware"
out_of_scope = ["token format"]
risks = [{ risk = "401 and 403 differ", mitigation = "contract tests" }]
rollback = "Revert the merge commit"

[themes.auth]
paths = ["src/**", "tests/**"]
types = ["feat", "fix", "refactor", "test"]

[themes.docs]
paths = ["docs/**", "README.md"]
types = ["docs"]

[roles]
plan = "claude"
implement = "human"
review = "claude"

[[tasks]]
id = "middleware"
title = "Extract the auth check"
theme = "auth"
estimate_min = 45
deny = ["src/keys/**"]
files = [
  { path = "src/auth.py", change = "add" },
  { path = "src/user.py", change = "modify" },
  { path = "src/keys/**" },
  { path = "tests/auth/**" },
]
acceptance = [{ id = "A1", text = "No token gives 401", review = true }]

[[tasks]]
id = "guide"
title = "Write the guide"
theme = "docs"
estimate_min = 30
files = [{ path = "docs/*.md" }]
acceptance = [{ id = "A1", text = "The guide is right", review = true }]
"""


def environment(home: Path) -> dict[str, str]:
    """A process environment with no word from the machine: no `GIT_*`, no agent, no user configuration."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }


@dataclass
class Repo:
    """One real repository, and how tests speak to it."""

    root: Path
    variables: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, ok: bool = True, stdin: bytes | None = None, **extra: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=self.variables | self.extra | extra,
            input=stdin,
            capture_output=True,
            check=False,
        )
        if ok and done.returncode:
            raise AssertionError(f"git {arguments}: {done.returncode}\n{done.stdout!r}\n{done.stderr.decode()}")
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def planfence(self, *arguments: str, stdin: bytes | None = None, cwd: Path | None = None, **extra: str):
        """Run the program as a user would; return the finished process, its output as text."""
        return subprocess.run(
            [sys.executable, "-m", "planfence", *arguments],
            cwd=cwd or self.root,
            env=self.variables | self.extra | extra,
            input=stdin if stdin is None else stdin.decode(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def write(self, path: str, text: str | bytes = "x\n") -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def commit(self, message: str = "feat: change", *arguments: str, **files: str | bytes) -> str:
        """Write files (`a__b.py` for `a/b.py` is not needed: pass a dict to `write`), stage all, commit."""
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *arguments)
        return self.git("rev-parse", "HEAD")

    def start(self, task: str) -> None:
        """Make a task the active one, without the gate of `planfence start`."""
        state = Path(self.git("rev-parse", "--path-format=absolute", "--git-dir")) / "planfence"
        state.mkdir(exist_ok=True)
        (state / "task").write_text(f"{task}\n")

    def begin(self, task: str, model: str = "human") -> None:
        """Record that a task has left its plan stage, without the gate of `planfence start`."""
        from planfence.ledger.records import new_id, write_move
        from planfence.ledger.transitions import Kind, Move
        from planfence.manifest.policy import Policy

        head, tree = self.git("rev-parse", "HEAD", "HEAD^{tree}").split()
        move = Move(new_id(), Kind.START, task, 0, 1, "implement", model, head, tree)
        write_move(self.open(), Policy(), move)

    def environment(self, **extra: str):
        from planfence.env import Environment

        return Environment(self.variables | self.extra | extra)

    def open(self, **extra: str):
        from planfence.gitio.repository import open_repository

        return open_repository(self.environment(**extra), self.root)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bare-bones and one planned repository, from which each test gets its copy."""
    folder = tmp_path_factory.mktemp("templates")
    empty = Repo(folder / "empty", environment(folder))
    empty.root.mkdir()
    empty.git("init", "-q", "-b", "main")
    shutil.copytree(empty.root, folder / "planned", symlinks=True)
    planned = Repo(folder / "planned", environment(folder))
    for path, text in {
        "planfence.toml": "schema = 1\n",
        "plans/auth.toml": PLAN,
        "src/user.py": "def user():\n    return 1\n",
        "docs/index.md": "# Docs\n",
        "README.md": "# Project\n",
        ".gitignore": ".ai-benchmark.csv*\n.ai-run.log*\n",
    }.items():
        planned.write(path, text)
    planned.commit("chore: begin")
    for task in ("auth/middleware", "auth/guide"):
        planned.begin(task)
    return folder


def _copy(templates: Path, name: str, tmp_path: Path) -> Repo:
    shutil.copytree(templates / name, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo", environment(tmp_path))


@pytest.fixture
def empty_repo(templates: Path, tmp_path: Path) -> Repo:
    """A repository without a commit."""
    return _copy(templates, "empty", tmp_path)


@pytest.fixture
def repo(templates: Path, tmp_path: Path) -> Repo:
    """A repository on `main` with a policy, a plan `auth` (tasks `middleware`, `guide`) and a few files."""
    return _copy(templates, "planned", tmp_path)
