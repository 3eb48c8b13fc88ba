"""Runs a command on a tree's files, away from the repository."""

from __future__ import annotations

import os
import signal
import subprocess

from planfence.change.export import export
from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository
from planfence.records import dataclass

#: What is shown of a failed command's output (lines).
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """How a command ended: its exit status, and the last lines that it printed."""

    status: int
    tail: str


def try_tree(repository: Repository, tree: str, command: str) -> Tried:
    """Run a shell command in a fresh export of ``tree``, with no word of this repository in its environment.

    Whatever it starts ends with it. Raises :class:`CouldNotCheck` if it could not be started.
    """
    with export(repository, tree) as place:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=place.files,
                env=repository.environment.for_tests(str(place.files.parent)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: place.guard(os.getpid()),  # noqa: PLW1509 - we have no threads
            )
        except OSError as error:
            raise CouldNotCheck(f"`{command}` could not be started: {error.strerror}") from error
        try:
            out, _ = process.communicate()
        finally:
            _end(process.pid)
            process.wait()
            place.guard(0)
    lines = out.decode("utf-8", "replace").rstrip().splitlines()
    return Tried(process.returncode, "\n".join(lines[-_SHOWN:]))


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
