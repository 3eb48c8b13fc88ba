"""How many lines the changes of a range touch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from planfence.change.change import Change
from planfence.change.difftree import DiffTree
from planfence.gitio import paths
from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository
from planfence.records import replace
from planfence.tables import NUMSTAT


class Lines:
    """Counts changed lines (numstat's: added plus deleted, -1 for binary files) for batches of changes.

    Counting is done without attributes and configuration: what one clone calls binary has lines all the same.
    Git counts one batch while an earlier one is judged.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._stack = ExitStack()
        self._diff: DiffTree | None = None

    def close(self) -> None:
        """End what was started."""
        self._stack.close()

    def ask(self, changes: Sequence[Change], wanted: Sequence[bool]) -> None:
        """Begin to count for those of the changes that are wanted; up to `difftree.BATCH`."""
        if self._diff is None:
            git = self._stack.enter_context(BareView(self._repository))
            self._diff = self._stack.enter_context(DiffTree(git, ("--root", "--no-commit-id", *NUMSTAT)))
        chosen = [change for change, counts in zip(changes, wanted, strict=True) if counts]
        self._diff.send([" ".join((change.name, *change.parents[:1])) for change in chosen])

    def answer(self, changes: Sequence[Change], wanted: Sequence[bool]) -> list[Change]:
        """Return the changes of one :meth:`ask`, in order, with their lines where they were wanted."""
        assert self._diff is not None
        counted = iter(self._diff.receive(sum(wanted)))
        return [
            _with(change, _parse(next(counted))) if counts else change
            for change, counts in zip(changes, wanted, strict=True)
        ]


def _with(change: Change, lines: dict[str, int]) -> Change:
    return replace(change, files=tuple(replace(file, lines=lines.get(file.path, -1)) for file in change.files))


def _parse(answer: bytes) -> dict[str, int]:
    """Parse numstat's NUL-terminated records."""
    found: dict[str, int] = {}
    for record in answer.split(b"\0")[:-1]:
        added, deleted, path = record.split(b"\t", 2)
        found[paths.decode(path)] = -1 if added == b"-" else int(added) + int(deleted)
    return found
