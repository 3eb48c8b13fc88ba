"""Real repositories for tests, deaf to the machine's own configuration, and how tests speak to them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support import program


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


def copy_tree(source: str | Path, target: str | Path) -> None:
    """Copy a folder, its files' modes and dates, and nothing else: half of what `shutil.copytree` costs each test."""
    os.mkdir(target)
    for entry in os.scandir(source):
        place = f"{target}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry), place)
        elif entry.is_dir():
            copy_tree(entry.path, place)
        else:
            with open(entry.path, "rb") as given:
                stat = os.fstat(given.fileno())
                with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.st_mode & 0o777), "wb") as made:
                    made.write(given.read())
                    made.flush()
                    os.utime(made.fileno(), ns=(stat.st_atime_ns, stat.st_mtime_ns))


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
        return program.run(arguments, cwd or self.root, self.variables | self.extra | extra, stdin)

    def install(self, *arguments: str):
        """Run `planfence install`; the hooks start the stand-in of `support.program` instead of an interpreter."""
        if "PYTHONPATH" in self.variables:  # another package is to be loaded
            return self.planfence("install", *arguments)
        prepare = f"import sys; sys.executable = {str(program.stand_in('python'))!r}"
        return program.run(["install", *arguments], self.root, self.variables | self.extra, prepare=prepare)

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
        return self.head()

    def head(self) -> str:
        """HEAD's commit; a process of git is asked only if its files do not say it at once."""
        folder = self.root / ".git"
        try:
            ref = (folder / "HEAD").read_text().removeprefix("ref: ").strip()
            return ref if len(ref) == 40 else (folder / ref).read_text().strip()
        except OSError:
            return self.git("rev-parse", "HEAD")

    def start(self, task: str) -> None:
        """Make a task the active one, without the gate of `planfence start`."""
        own = self.root / ".git"
        if not own.is_dir():
            own = Path(self.git("rev-parse", "--path-format=absolute", "--git-dir"))
        state = own / "planfence"
        state.mkdir(exist_ok=True)
        (state / "task").write_text(f"{task}\n")

    def begin(self, task: str, model: str = "human") -> None:
        """Record that a task has left its plan stage, without the gate of `planfence start`."""
        from planfence.ledger.records import new_id, write_move
        from planfence.ledger.transitions import Move, MoveKind
        from planfence.manifest.policy import Policy

        head, tree = self.git("rev-parse", "HEAD", "HEAD^{tree}").split()
        move = Move(new_id(), MoveKind.START, task, 0, 1, "implement", model, head, tree)
        write_move(self.open(), Policy(), move)

    def environment(self, **extra: str):
        from planfence.env import Environment

        return Environment(self.variables | self.extra | extra)

    def open(self, **extra: str):
        from planfence.gitio.repository import open_repository

        return open_repository(self.environment(**extra), self.root)
