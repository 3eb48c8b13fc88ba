"""How many lines changes touch: a bound that costs little, and the exact count where the bound is too high."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from planfence.core import paths
from planfence.core.change import Change, FileChange, Mode
from planfence.errors import CouldNotCheck
from planfence.gitio.bareview import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git

#: A blob above this many bytes is not read for the bound; its size stands in.
_LARGEST = 1 << 16
#: Objects a question, so that neither side of the pipe waits for the other.
_ASKED = 128

_NUMSTAT = (
    "-r",
    "-z",
    "--numstat",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
    "--no-relative",
    "--diff-algorithm=myers",
)


class Lines:
    """Counts changed lines (numstat's: added plus deleted, -1 for binary files). A context manager.

    Counting is done without attributes and configuration: what one clone calls binary has lines all the same.
    """

    def __init__(self, repository: Repository, objects: Objects) -> None:
        self._repository, self._objects = repository, objects
        self._stack = ExitStack()
        self._counter: _Counter | None = None
        self._of: dict[str, int] = {}

    def close(self) -> None:
        """End what was started."""
        self._stack.close()

    def prepare(self, changes: Iterable[Change]) -> None:
        """Learn how many lines the blobs of these changes have, all at once."""
        wanted = dict.fromkeys(
            blob
            for change in changes
            if len(change.parents) < 2
            for blob in _blobs(change.files)
            if blob not in self._of
        )
        names = list(wanted)
        for part in range(0, len(names), _ASKED):
            sizes = self._objects.sizes(names[part : part + _ASKED])
            self._of |= {name: size for name, size in sizes.items() if size > _LARGEST}
            small = [name for name, size in sizes.items() if size <= _LARGEST]
            for raw in self._objects.read_many(small):
                self._of[raw.id] = raw.data.count(b"\n") + 1

    def most(self, change: Change) -> int:
        """Return a number that the changed lines of a change don't exceed; asks for no diff."""
        if any(blob not in self._of for blob in _blobs(change.files)):
            self.prepare([change])
        return sum(self._of.get(blob, 0) for blob in _blobs(change.files))

    def count(self, change: Change) -> Change:
        """Return the change with the lines of each file counted."""
        if self._counter is None:
            git = self._stack.enter_context(BareView(self._repository.git))
            self._counter = self._stack.enter_context(_Counter(git))
        old = change.parents[0] if change.parents else self._repository.empty_tree()
        lines = self._counter.ask(self._tree(old), change.tree)
        return replace(change, files=tuple(replace(f, lines=lines.get(f.path, -1)) for f in change.files))

    def _tree(self, name: str) -> str:
        found = self._objects.find(f"{name}^{{tree}}")
        if found is None:
            raise CouldNotCheck(f"{name} is missing", hint="fetch the whole history")
        return found[0]


def _blobs(files: Sequence[FileChange]) -> list[str]:
    found = []
    for file in files:
        if file.old_mode not in (Mode.ABSENT, Mode.GITLINK):
            found.append(file.old_id)
        if file.new_mode not in (Mode.ABSENT, Mode.GITLINK):
            found.append(file.new_id)
    return found


class _Counter:
    """One `diff-tree --stdin --numstat`; it echoes a line that is no id, which marks the end of an answer."""

    def __init__(self, git: Git) -> None:
        self._stack = ExitStack()
        self._process = self._stack.enter_context(git.stream("diff-tree", "--stdin", *_NUMSTAT, piped=True))
        self._mark = f"end {uuid.uuid4()}\n".encode()

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, old: str, new: str) -> dict[str, int]:
        """Return the changed lines of each path between two trees."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        head = f"{old} {new}\n".encode()
        try:
            self._process.stdin.write(head + self._mark)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise CouldNotCheck("git stopped while lines were counted", hint="run `git fsck`") from None
        data = b""
        while not data.endswith(self._mark):
            chunk = self._process.stdout.read1(1 << 16)  # type: ignore[attr-defined] # a BufferedReader has it
            if not chunk:
                raise CouldNotCheck("git stopped while lines were counted", hint="run `git fsck`")
            data += chunk
        found: dict[str, int] = {}
        for record in data.removesuffix(self._mark).removeprefix(head).split(b"\0")[:-1]:
            added, deleted, path = record.split(b"\t", 2)
            found[paths.decode(path)] = -1 if added == b"-" else int(added) + int(deleted)
        return found
