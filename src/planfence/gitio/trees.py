"""Tree against tree: the one reader of what changed (facts/git.md calls it **R**)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from types import TracebackType

from planfence.core import paths
from planfence.core.change import FileChange
from planfence.errors import CouldNotCheck
from planfence.gitio.run import RAW_DIFF, Git, failure

#: Pairs a question: with the longest ids 33 kB, which a pipe takes without a reader on the other side.
BATCH = 256

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


def _file_change(record: bytes, path: bytes) -> FileChange:
    match = _RECORD(record)
    if match is None or not path:
        if record.startswith(b":") and record.endswith(b" U"):
            raise CouldNotCheck(f"{paths.decode(path)} is unmerged", hint="resolve the conflict, then `git add` it")
        raise CouldNotCheck("git's list of changes can't be read", hint="run `git fsck`")
    old_mode, new_mode, old_id, new_id = match.groups()
    return FileChange(paths.decode(path), int(old_mode, 8), int(new_mode, 8), old_id.decode(), new_id.decode())


class TreeDiff:
    """Compares pairs of trees (or commits) through one `diff-tree --stdin`; a context manager.

    `diff-tree` echoes a line that is no id and flushes: a line that nobody can foresee marks
    the end of each answer. Ask with :meth:`send` ahead of :meth:`receive` to let git work
    while an earlier answer is read.
    """

    def __init__(self, git: Git) -> None:
        import subprocess  # a range that is clean asks nothing here, and it takes long to load

        self._arguments = ("diff-tree", "--stdin", *RAW_DIFF)
        self._mark = f"end {os.urandom(16).hex()}\n".encode()
        self._process = subprocess.Popen(
            git.command(self._arguments),
            cwd=git.root,
            env=git.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._rest = b""

    def __enter__(self) -> TreeDiff:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Ask for up to :data:`BATCH` pairs of trees, old and new."""
        question = "".join(f"{old} {new}\n" for old, new in pairs).encode() + self._mark
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def receive(self, pairs: Sequence[tuple[str, str]]) -> list[list[FileChange]]:
        """Return what changed between the pairs of one :meth:`send`, in order."""
        assert self._process.stdout is not None
        chunks = [self._rest]
        tail = self._rest
        while self._mark not in tail:
            chunk = os.read(self._process.stdout.fileno(), 1 << 20)
            if not chunk:
                self._fail()
            chunks.append(chunk)
            tail = tail[-len(self._mark) :] + chunk
        data, _, self._rest = b"".join(chunks).partition(self._mark)
        return _answers(data, [f"{old} {new}\n".encode() for old, new in pairs])

    def _fail(self) -> None:
        self._process.kill()
        _, complaint = self._process.communicate()
        raise failure(self._arguments, self._process.returncode, complaint)

    def diff(self, old: str, new: str) -> list[FileChange]:
        """Return what changed between two trees."""
        pair = [(old, new)]
        self.send(pair)
        return self.receive(pair)[0]


def _answers(data: bytes, heads: list[bytes]) -> list[list[FileChange]]:
    """Divide one batch's output into its answers.

    Records come in twos, so what stands at an even place is never a path: a file name can't
    pass for a head.
    """
    fields = data.split(b"\0")
    answers: list[list[FileChange]] = []
    for index in range(0, len(fields), 2):
        record = fields[index]
        while record and record[:1] != b":":
            head = heads[len(answers)] if len(answers) < len(heads) else b"\0"
            if not record.startswith(head):
                raise CouldNotCheck("git answered another question than was asked", hint="run `git fsck`")
            answers.append([])
            record = record[len(head) :]
        if record:
            answers[-1].append(_file_change(record, fields[index + 1]))
    if len(answers) != len(heads):
        raise CouldNotCheck("git's list of changes lacks an answer", hint="run `git fsck`")
    return answers
