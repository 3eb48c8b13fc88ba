"""How many processes of git a command starts, at most: each costs as much as all that Python does between two of them.

A command looks a task up once, reads the ledger once, and asks one process for all objects. What makes a number here
rise has asked again for what its caller knew.
"""

from __future__ import annotations

from pathlib import Path

from support import program
from support.gate import CLAUDE, CODEX, bare_remote, gated, push_line, work

TASK = "auth/middleware"

#: Writes a line for each process of git.
COUNTING = """
import subprocess
from planfence.gitio.spawn import Process
def counted(start):
    def init(self, command, *given, **named):
        if command[0] == "git":
            with open({path!r}, "a") as file:
                file.write(" ".join(command[1:]).replace(chr(10), " ") + chr(10))
        start(self, command, *given, **named)
    return init
Process.__init__ = counted(Process.__init__)
subprocess.Popen.__init__ = counted(subprocess.Popen.__init__)
"""


def test_no_command_asks_git_more_often_than_it_must(repo, tmp_path: Path) -> None:
    gated(repo)
    bare_remote(repo, tmp_path / "origin")

    def asks(most: int, *words: str, code: int = 0, stdin: bytes | None = None, **extra: str) -> None:
        path = tmp_path / "asked"
        path.write_text("")
        done = program.run(words, repo.root, repo.variables | extra, stdin, COUNTING.format(path=str(path)))
        assert done.returncode == code, done.stderr
        asked = [line.partition("advice.graftFileDeprecated=false ")[2] for line in path.read_text().splitlines()]
        assert len(asked) <= most, "\n".join((f"{len(asked)} of {most}", *words, *asked))

    asks(20, "start", TASK, **CODEX)
    repo.write("other.py")
    repo.git("add", "other.py")
    message = repo.write(".git/COMMIT_EDITMSG", "feat: work\n")
    index = {"GIT_INDEX_FILE": str(repo.root / ".git/index")}
    asks(13, "hook", "commit-msg", str(message), code=1, **index, **CODEX)
    repo.git("rm", "-q", "--cached", "other.py")
    (repo.root / "other.py").unlink()
    work(repo)
    work(repo, "auth = 2\n")
    asks(14, "hook", "pre-push", "origin", "url", code=1, stdin=push_line(repo))
    asks(36, "test", **CODEX)
    asks(23, "test", **CODEX)
    asks(58, "advance", **CODEX)
    asks(16, "verify", "origin/main..HEAD")
    asks(16, "rework", "--why", "more", TASK, **CLAUDE)
    asks(20, "status", TASK)
    asks(12, "finish", "--leave", **CODEX)
