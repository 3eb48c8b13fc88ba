"""Tree against tree: the one reader of what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack

from planfence.change.change import FileChange
from planfence.change.difftree import BATCH, DiffTree
from planfence.errors import CouldNotCheck
from planfence.gitio import paths
from planfence.gitio.run import Git
from planfence.prover import divide
from planfence.records import replace
from planfence.tables import NUMSTAT, RAW_DIFF

#: Pairs of trees that one git is asked for, since it keeps them all in memory.
_MOST = 64
_ID = rb"([0-9a-f]{40}|[0-9a-f]{64})"
#: One change, exactly as git writes it: what is nearly one is not read as one.
_RECORD = re.compile(rb":([0-7]{6}) ([0-7]{6}) " + _ID + b" " + _ID + b" [ADMT]").fullmatch


def parse_raw(data: bytes) -> list[FileChange]:
    """Parse the NUL-terminated records of `--raw -z --no-renames --no-abbrev`.

    Raises :class:`CouldNotCheck` for anything else.
    """
    fields = data.split(b"\0")
    if fields.pop() != b"" or len(fields) % 2:
        raise CouldNotCheck("git's list of changes ends in the middle", hint="run `git fsck`")
    return [_file_change(fields[index], fields[index + 1]) for index in range(0, len(fields), 2)]


def with_lines(files: Sequence[FileChange], counts: bytes) -> tuple[FileChange, ...]:
    """Return the changes with their lines as numstat's NUL-terminated records count them (-1: a binary file)."""
    lines: dict[str, int] = {}
    for record in counts.split(b"\0")[:-1]:
        added, deleted, path = record.split(b"\t", 2)
        lines[paths.decode(path)] = -1 if added == b"-" else int(added) + int(deleted)
    return tuple(replace(file, lines=lines.get(file.path, -1)) for file in files)


def _file_change(record: bytes, path: bytes) -> FileChange:
    match = _RECORD(record)
    if match is None or not path:
        if record.startswith(b":") and record.endswith(b" U"):
            raise CouldNotCheck(f"{paths.decode(path)} is unmerged", hint="resolve the conflict, then `git add` it")
        raise CouldNotCheck("git's list of changes can't be read", hint="run `git fsck`")
    old_mode, new_mode, old_id, new_id = match.groups()
    return FileChange(paths.decode(path), int(old_mode, 8), int(new_mode, 8), old_id.decode(), new_id.decode())


class CommitDiff:
    """Compares commits with one of their parents, asked a batch ahead (`DiffTree`); a context manager.

    With ``lines`` it counts changed lines too.
    """

    def __init__(self, git: Git, *, lines: bool = False) -> None:
        self._diff = DiffTree(git, ("--root", "--no-commit-id", *RAW_DIFF, *(NUMSTAT if lines else ())))

    def __enter__(self) -> CommitDiff:
        return self

    def __exit__(self, *_: object) -> None:
        self._diff.__exit__(*_)

    def send(self, commits: Sequence[tuple[str, str]]) -> None:
        """Ask for up to `difftree.BATCH` commits, each with its parent; empty: a root commit, all of which is new."""
        self._diff.send([f"{commit} {parent}".rstrip() for commit, parent in commits])

    def receive(self, count: int) -> list[tuple[bytes, bytes]]:
        """Return what the next ``count`` commits changed, in order: the records of `--raw` and of `--numstat`."""
        return list(map(divide, self._diff.receive(count)))


def differing(git: Git, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return by pair the paths that differ between a commit and an older one; empty in place of that one: all paths."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    if not pairs:
        return found
    with CommitDiff(git) as differ:
        for at in range(0, len(pairs), BATCH):
            part = pairs[at : at + BATCH]
            differ.send(part)
            for pair, (raw, _) in zip(part, differ.receive(len(part)), strict=True):
                found[pair] = tuple(change.path for change in parse_raw(raw))
    return found


class TreeDiff(ExitStack):
    """Compares trees; a context manager."""

    def __init__(self, git: Git) -> None:
        super().__init__()
        self._git, self._asked = git, 0
        self._diff = self.enter_context(DiffTree(git, RAW_DIFF))

    def diff(self, old: str, new: str) -> list[FileChange]:
        """Return what changed between two trees."""
        if self._asked == _MOST:
            self.close()
            self._diff, self._asked = self.enter_context(DiffTree(self._git, RAW_DIFF)), 0
        self._asked += 1
        self._diff.send([f"{old} {new}"])
        head, _, records = self._diff.receive(1)[0].partition(b"\n")
        if head != f"{old} {new}".encode():
            raise CouldNotCheck("git answered another question than was asked", hint="run `git fsck`")
        return parse_raw(records)
