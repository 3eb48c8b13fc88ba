"""Objects by name, read through one `cat-file --batch-command` process (git ≥ 2.36)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from planfence.errors import CouldNotCheck
from planfence.gitio.run import Git, failure
from planfence.gitio.spawn import Process
from planfence.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader

#: Plans, policies and ledger entries are small; what is larger is not one of them.
LARGEST = 16 * 1024 * 1024
_COMMAND = ("cat-file", "--batch-command")
#: The most bytes of questions before their answers are read: the smallest pipe holds them (PIPE_BUF of Linux), so that
#: nobody waits to write while git waits for its answers to be read.
_AHEAD = 4096
#: What is not wanted is passed over in pieces of this many bytes.
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: its full id, its type (blob, tree, commit, tag) and its raw bytes."""

    id: str
    type: str
    data: bytes


class Objects:
    """Reads objects by any name that `rev-parse` understands, as they are when it is asked; may be a context manager.

    One process is started, at the first question, and ends with this.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: Process | None = None
        self._answers: BufferedReader | None = None
        #: Whether an answer was not read to its end, since its reader failed: then the process is of no more use.
        self._left = False

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process = self._answers = None
        self._left = False

    def begin(self) -> None:
        """Start the process, before anything is asked."""
        if self._process is None:
            self._process = self._git.start(_COMMAND, piped=True, heard=False)
            self._answers = open(self._process.stdout, "rb", closefd=False)  # noqa: SIM115 - the process closes it

    def _send(self, questions: bytes) -> BufferedReader:
        """Ask, and return where the answers come from."""
        if self._left:
            self.close()
        self.begin()
        assert self._answers is not None
        self._left = True
        self._write(questions)
        return self._answers

    def _write(self, questions: bytes) -> None:
        assert self._process is not None
        try:
            while questions:
                questions = questions[os.write(self._process.stdin, questions) :]
        except BrokenPipeError:
            raise self._ended() from None

    def answers(self, names: Sequence[str], what: str = "contents") -> Iterator[BufferedReader]:
        """Yield once for each name where its answer is read next, as `cat-file --batch-command` prints it.

        Git is asked some names ahead, so that neither waits for the other; the names have no newline. Nothing else may
        be asked before the last is read.
        """
        parts = _parts([f"{what} {name}\n".encode("utf-8", "surrogateescape") for name in names])
        asked = False
        for part, following in pairwise([*parts, []]):
            questions, ahead = b"".join(part), b"".join(following)
            answers = self._answers if asked else self._send(questions)
            assert answers is not None
            asked = len(questions) + len(ahead) <= _AHEAD
            if asked:
                self._write(ahead)
            for _ in part:
                yield answers
            self._left = asked and bool(following)

    def _ended(self) -> CouldNotCheck:
        """Say how the process has ended; the next question starts another."""
        assert self._process is not None
        status = self._process.wait()
        self.close()
        return failure(_COMMAND, status, b"")

    def _cut(self, what: str) -> CouldNotCheck:
        """Return the error for an answer without its end: git ended, by itself if the object is broken."""
        self.close()
        return CouldNotCheck(f"{what} could not be read whole", hint="run `git fsck`")

    def _header(self, answers: BufferedReader) -> list[bytes]:
        header = answers.readline()
        if not header:
            raise self._ended()
        return header.removesuffix(b"\n").rsplit(b" ", 2)

    def _ask(self, what: str, name: str) -> tuple[BufferedReader, list[bytes]]:
        if "\n" in name:
            raise CouldNotCheck(f"{name!r} can't name an object: it has a newline")
        answers = self._send(f"{what} {name}\n".encode("utf-8", "surrogateescape"))
        return answers, self._header(answers)

    def find(self, name: str) -> tuple[str, str, int] | None:
        """Return (id, type, size in bytes) of what ``name`` names, or None if it names nothing."""
        _, fields = self._ask("info", name)
        self._left = False
        if not _is_there(fields):
            return None
        return fields[0].decode(), fields[1].decode(), int(fields[2])

    def read(self, name: str) -> GitObject | None:
        """Return the object that ``name`` names, or None if it names nothing.

        Raises :class:`CouldNotCheck` for objects above :data:`LARGEST` bytes and for broken ones.
        """
        answers, fields = self._ask("contents", name)
        if not _is_there(fields):
            self._left = False
            return None
        size = int(fields[2])
        if size > LARGEST:
            self.close()  # what it is about to print is not worth reading
            raise CouldNotCheck(f"{name} is {size} bytes large: not read", hint="keep plans and policies small")
        data = answers.read(size + 1)
        if len(data) != size + 1:
            raise self._cut(f"the object of {name}")
        self._left = False
        return GitObject(fields[0].decode(), fields[1].decode(), data[:-1])

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree; raises :class:`CouldNotCheck` if the commit is missing."""
        found = self.find(f"{commit}^{{tree}}")
        if found is None:
            raise CouldNotCheck(f"commit {commit} is missing", hint="fetch the whole history")
        return found[0]

    def commit(self, name: str) -> str:
        """Return the id of the commit that a name leads to; empty if it leads to none."""
        found = self.find(f"{name}^{{commit}}")
        return found[0] if found else ""

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Return the sizes in bytes of the objects of these full ids.

        Raises :class:`CouldNotCheck` if one is missing.
        """
        each = zip(names, self.answers(names, "info"), strict=True)
        return {name: int(self._found(name, answers)[2]) for name, answers in each}

    def read_many(self, names: Sequence[str]) -> list[GitObject]:
        """Return the objects of these full ids, in order.

        Raises :class:`CouldNotCheck` if one is missing.
        """
        found: list[GitObject] = []
        for name, answers in zip(names, self.answers(names), strict=True):
            fields = self._found(name, answers)
            size = int(fields[2])
            data = answers.read(size + 1)
            if len(data) != size + 1:
                raise self._cut(f"object {name}")
            found.append(GitObject(fields[0].decode(), fields[1].decode(), data[:-1]))
        return found

    def beginnings(self, names: Sequence[str], most: int, whole: Callable[[bytes], bool]) -> Iterator[GitObject]:
        """Yield the objects of these full ids, in order, each with its first ``most`` bytes; all, if ``whole`` says so.

        What is left out is never held in memory. Raises :class:`CouldNotCheck` if one is missing.
        """
        for name, answers in zip(names, self.answers(names), strict=True):
            fields = self._found(name, answers)
            size = int(fields[2])
            data = answers.read(min(size, most))
            left = size - len(data)
            if left and whole(data):
                data += answers.read(left)
                left = size - len(data)
            while left and (piece := answers.read(min(left, _PIECE))):
                left -= len(piece)
            if left or len(answers.read(1)) != 1:
                raise self._cut(f"object {name}")
            yield GitObject(fields[0].decode(), fields[1].decode(), data)

    def _found(self, name: str, answers: BufferedReader) -> list[bytes]:
        fields = self._header(answers)
        if not _is_there(fields):
            raise CouldNotCheck(f"object {name} is missing", hint="fetch the whole history: `git fetch --unshallow`")
        return fields


def _is_there(fields: Sequence[bytes]) -> bool:
    """Whether an answer has a size; else its last word is `missing`, `ambiguous`, or `submodule` in newer git."""
    return fields[-1].isdigit()


def _parts(questions: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Part questions so that two parts can be asked at once; one that is too long for that is a part of its own."""
    part: list[bytes] = []
    size = 0
    for question in questions:
        size += len(question)
        if part and size > _AHEAD // 2:
            yield part
            part, size = [], len(question)
        part.append(question)
    if part:
        yield part
