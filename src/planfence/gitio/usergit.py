"""Git as the user has set it up: a remote needs their credentials, proxies and ssh commands."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence

from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository

#: Who is told how far git is.
Tell = Callable[[str], None]
#: A URL that stands in a file may be anybody's: it starts no helper (git-config(1), `protocol.allow`).
FROM_A_FILE = {"GIT_PROTOCOL_FROM_USER": "0"}


def of_repository(repository: Repository) -> dict[str, str]:
    """The user's variables, for a command about this repository."""
    return repository.environment.for_child() | {"GIT_DIR": str(repository.git_dir)}


def ask(
    repository: Repository, arguments: Sequence[str], variables: Mapping[str, str], tell: Tell | None = None
) -> tuple[int, bytes, str]:
    """Run git; return its status, what it printed, and the first words of complaint.

    ``tell`` gets its progress, of a command that prints nothing else: then it may ask for a password too.
    """
    try:
        process = subprocess.Popen(
            [repository.git.program, *arguments],
            cwd=repository.top,
            env=dict(variables),
            stdin=None if tell else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if tell else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise CouldNotCheck(f"git could not be started: {error.strerror}") from error
    with process:
        if tell:
            assert process.stderr is not None
            # Git overwrites a line of progress by a bare carriage return: each state is one line to us, as it comes.
            with io.TextIOWrapper(process.stderr, "utf-8", "replace") as lines:
                out, words = b"", _followed(lines, tell)
        else:
            out, complaint = process.communicate()
            words = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines()]
    return process.returncode, out, next(filter(None, words), "")


def _followed(lines: Iterable[str], tell: Tell) -> list[str]:
    """Pass git's progress on; return what it said besides, errors first.

    GitPython reads the lines, but does not start git: it can't keep variables of this process from it, and its fetch
    needs the user's FETCH_HEAD.
    """
    from git.util import RemoteProgress

    class Progress(RemoteProgress):
        def update(self, *_: object) -> None:
            tell(self._cur_line or "")

    progress = Progress()
    read = progress.new_message_handler()
    for line in lines:
        read(line)
    return [*progress.error_lines, *progress.other_lines]
