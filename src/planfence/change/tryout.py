"""Runs a command on a tree's files, away from the repository."""

from __future__ import annotations

from math import inf

from planfence.change.export import export
from planfence.files.process import Watch, run_command
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
        variables = repository.environment.for_tests(str(place.files.parent))
        watch = Watch(lambda _: None, lambda _: None, place.guard)
        ended = run_command(command, place.files, variables, inf, watch)
    assert ended.status is not None  # it has all the time that it wants
    lines = ended.output.decode("utf-8", "replace").rstrip().splitlines()
    return Tried(ended.status, "\n".join(lines[-_SHOWN:]))
