"""`board --watch` in a terminal: drawn when something changes, ended by `q`, and the terminal as it was."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time

import pytest

TASK = "auth/guide"


@pytest.fixture
def watching(repo):
    """A board on a terminal of its own; yields the process, and a reader that waits for a text."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 80))
    before = termios.tcgetattr(theirs)
    words = [sys.executable, "-m", "planfence", "board", "--watch"]
    process = subprocess.Popen(
        words, cwd=repo.root, env=repo.variables | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    )

    def shows(text: str, seconds: float = 60) -> str:
        seen, end = "", time.monotonic() + seconds
        while text not in seen and time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 1 << 16).decode("utf-8", "replace")
        return seen

    yield process, shows, ours
    assert process.poll() == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_it_is_drawn_again_on_a_change_and_ends_with_q(repo, watching):
    process, shows, terminal = watching
    assert "2 tasks open" in shows("q ends it")
    shows("anything", 1)  # the rest of the screen
    assert shows("anything", 3) == ""  # nothing changed
    repo.start(TASK)
    assert "on main" in shows("on main")
    repo.write("README.md", "# Outside\n")  # no hook, no git: only a look through the files can tell
    assert "outside: README.md" in shows("outside: README.md")
    os.write(terminal, b"q")
    assert process.wait(30) == 0


def test_without_a_terminal_it_says_what_to_use(repo):
    said = repo.planfence("board", "--watch")
    assert (said.returncode, "planfence board --json" in said.stderr) == (2, True)
    assert repo.planfence("board", "--watch", "--json").returncode == 2
