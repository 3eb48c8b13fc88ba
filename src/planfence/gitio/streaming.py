"""Git read as it goes, for answers that are long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from planfence.gitio.run import Git, failure, not_started, too_old

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess


@contextmanager
def stream(git: Git, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start git and read it as it goes.

    A non-zero exit is a :class:`CouldNotCheck`, unless the caller left early by an exception of its own.
    """
    import subprocess

    try:
        process = subprocess.Popen(
            git.command(arguments),
            cwd=git.folder,
            env=git.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise not_started(git, error) from error
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        assert process.stderr is not None
        complaint = process.stderr.read()
        if process.wait() != 0:
            raise too_old(git) or failure(arguments, process.returncode, complaint)
