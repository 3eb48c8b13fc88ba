"""A scratch repository for demonstrations: real git, nobody's configuration, gone afterwards."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planfence.env import Environment
from planfence.records import dataclass

#: So that nothing of the caller's (an agent's identity, an active task, colours) enters the story.
_DROPPED = (
    "PLANFENCE_",
    "CLAUDE",
    "CODEX_",
    "GEMINI_",
    "CURSOR_",
    "AI_AGENT",
    "GIT_",
    "PRE_COMMIT",
    "FORCE_COLOR",
    "NO_COLOR",
)


@dataclass(frozen=True, slots=True)
class Scratch:
    """One scratch folder; ``variables`` is the whole environment of what runs in it."""

    root: Path
    variables: dict[str, str]

    def shell(self, line: str) -> tuple[int, str]:
        """Run one command line as a person would type it; return its status and all that it printed."""
        done = subprocess.run(  # noqa: S602 - a demonstration's own constant lines
            line,
            shell=True,
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")


@contextmanager
def scratch(environment: Environment) -> Iterator[Scratch]:
    """Make a scratch folder with its own HOME; this interpreter's programs come first on PATH."""
    with tempfile.TemporaryDirectory(prefix="planfence-demo-") as folder:
        home = Path(folder)
        root = home / "project"
        root.mkdir()
        kept = {n: v for n, v in environment.variables.items() if not n.startswith(_DROPPED)}
        programs = home / "bin"
        programs.mkdir()
        (programs / "planfence").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m planfence "$@"\n')
        (programs / "planfence").chmod(0o755)
        (programs / "python").symlink_to(sys.executable)
        yield Scratch(
            root,
            kept
            | {
                "HOME": str(home),
                "PATH": f"{programs}:{kept.get('PATH', '')}",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "Demo",
                "GIT_AUTHOR_EMAIL": "demo@example.org",
                "GIT_COMMITTER_NAME": "Demo",
                "GIT_COMMITTER_EMAIL": "demo@example.org",
                "NO_COLOR": "1",
            },
        )
