"""How many lines the changes of a range touch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack

from planfence.core import paths
from planfence.core.change import Change
from planfence.errors import CouldNotCheck
from planfence.gitio.bareview import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import NUMSTAT, Git
from planfence.records import replace

#: Changes a question: what is written fits a pipe, so that neither side waits for the other.
BATCH = 128


class Lines:
    """Counts changed lines (numstat's: added plus deleted, -1 for binary files) for batches of changes.

    Counting is done without attributes and configuration: what one clone calls binary has lines all the same.
    Git counts one batch while an earlier one is judged.
    """

    def __init__(self, repository: Repository, objects: Objects) -> None:
        self._repository, self._objects = repository, objects
        self._stack = ExitStack()
        self._counter: _Counter | None = None
        self._trees: dict[str, str] = {}

    def close(self) -> None:
        """End what was started."""
        self._stack.close()

    def ask(self, changes: Sequence[Change], wanted: Sequence[bool]) -> None:
        """Begin to count for those of the changes that are wanted; up to :data:`BATCH`, parents first."""
        if self._counter is None:
            git = self._stack.enter_context(BareView(self._repository))
            self._counter = self._stack.enter_context(_Counter(git))
        pairs = []
        for change, counts in zip(changes, wanted, strict=True):
            if counts:
                pairs.append((self._tree(change.parents), change.tree))
            self._trees[change.name] = change.tree
        self._counter.ask(pairs)

    def answer(self, changes: Sequence[Change], wanted: Sequence[bool]) -> list[Change]:
        """Return the changes of one :meth:`ask`, in order, with their lines where they were wanted."""
        assert self._counter is not None
        counted = iter(self._counter.answer(sum(wanted)))
        return [
            _with(change, next(counted)) if counts else change for change, counts in zip(changes, wanted, strict=True)
        ]

    def _tree(self, parents: tuple[str, ...]) -> str:
        if not parents:
            return self._repository.empty_tree()
        if parents[0] not in self._trees:
            found = self._objects.find(f"{parents[0]}^{{tree}}")
            if found is None:
                raise CouldNotCheck(f"commit {parents[0]} is missing", hint="fetch the whole history")
            self._trees[parents[0]] = found[0]
        return self._trees[parents[0]]


def _with(change: Change, lines: dict[str, int]) -> Change:
    return replace(change, files=tuple(replace(file, lines=lines.get(file.path, -1)) for file in change.files))


class _Counter:
    """One `diff-tree --stdin --numstat`; it echoes a line that is no id, which marks the end of each answer."""

    def __init__(self, git: Git) -> None:
        self._stack = ExitStack()
        self._process = self._stack.enter_context(git.stream("diff-tree", "--stdin", *NUMSTAT, piped=True))
        self._mark = f"end {os.urandom(16).hex()}\n".encode()
        self._rest = b""

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Ask for pairs of trees, old and new."""
        assert self._process.stdin is not None
        question = b"".join(f"{old} {new}\n".encode() + self._mark for old, new in pairs)
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise CouldNotCheck("git stopped while lines were counted", hint="run `git fsck`") from None

    def answer(self, count: int) -> list[dict[str, int]]:
        """Return the changed lines of each path, for each of the next ``count`` pairs."""
        assert self._process.stdout is not None
        chunks, seen, tail = [self._rest], self._rest.count(self._mark), self._rest
        while seen < count:
            chunk = os.read(self._process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise CouldNotCheck("git stopped while lines were counted", hint="run `git fsck`")
            chunks.append(chunk)
            tail = tail[-len(self._mark) + 1 :] if len(tail) >= len(self._mark) else tail
            tail += chunk
            seen = seen + tail.count(self._mark)
        *answers, self._rest = b"".join(chunks).split(self._mark, count)
        return [_parse(answer) for answer in answers]


def _parse(answer: bytes) -> dict[str, int]:
    """Parse numstat's NUL-terminated records behind the line that names the pair."""
    found: dict[str, int] = {}
    for record in answer.partition(b"\n")[2].split(b"\0")[:-1]:
        added, deleted, path = record.split(b"\t", 2)
        found[paths.decode(path)] = -1 if added == b"-" else int(added) + int(deleted)
    return found
