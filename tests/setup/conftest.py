"""Real repositories, real git, and a stand-in for the checks that a shim starts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support import program

STAND_IN = """
import os, sys

def main():
    name, *arguments = sys.argv[1:]
    said = "" if name != "pre-push" else sys.stdin.read()
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(repr(("planfence", name, arguments, said)) + "\\n")
    sys.exit(1 if name in os.environ.get("REFUSE", "").split() else 0)
"""


class Sandbox:
    """A repository `top`, with an environment that knows nothing of this machine's git settings."""

    def __init__(self, root: Path) -> None:
        self.root, self.top, self.calls = root, root / "repo", root / "calls"
        self.site = root / 'a site\'s "dir"'
        (self.site / "planfence").mkdir(parents=True)
        (self.site / "planfence" / "__init__.py").write_text("")
        (self.site / "planfence" / "hooks").mkdir()
        (self.site / "planfence" / "hooks" / "__init__.py").write_text("")
        (self.site / "planfence" / "hooks" / "fastpath.py").write_text(STAND_IN)
        (root / "home").mkdir()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PLANFENCE_"))}
        self.env = clean | {
            "HOME": str(root / "home"),
            "GIT_CONFIG_GLOBAL": str(root / "home" / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "CALLS": str(self.calls),
        }
        (root / "home" / "gitconfig").write_text("[init]\n\tdefaultBranch = main\n")
        self.git("init", "-q", str(self.top), cwd=root)

    @property
    def hooks(self) -> Path:
        return self.top / ".git" / "hooks"

    def run(
        self, *command: str, cwd: Path | None = None, ok: int | None = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=cwd or self.top, env=self.env | env, capture_output=True, text=True, check=False
        )
        assert ok is None or done.returncode == ok, (command, done)
        return done

    def git(self, *arguments: str, cwd: Path | None = None, ok: int | None = 0, **env: str) -> str:
        return self.run("git", *arguments, cwd=cwd, ok=ok, **env).stdout.strip()

    def planfence(self, *arguments: str, cwd: Path | None = None, ok: int | None = 0, **env: str) -> str:
        done = program.run(arguments, cwd or self.top, self.env | env)
        assert ok is None or done.returncode == ok, (arguments, done)
        return done.stdout + done.stderr

    def called(self) -> list[tuple[object, ...]]:
        if not self.calls.exists():
            return []
        return [eval(line) for line in self.calls.read_text().splitlines()]

    def hook(self, name: str, text: str, mode: int = 0o755) -> Path:
        path = self.hooks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)
