"""One `diff-tree --stdin`, asked ahead of the reader, and where each of its answers ends."""

from __future__ import annotations

import os
from collections.abc import Sequence

from planfence.gitio.run import WHOLE, Git, failure, widen
from planfence.gitio.spawn import Process

#: Questions at a time. With the longest ids two times as many are 43 kB, which a pipe takes without a reader.
BATCH = 128


class DiffTree:
    """A context manager. Send the next questions before the answers of the last are read, and git works meanwhile.

    `diff-tree` echoes a line that is not an id and flushes: a line that nobody can foresee marks the end of an answer,
    whatever files are called. Ask about commits if that is possible: git keeps each tree that it is asked for by
    its name, and of a commit next to nothing.
    """

    def __init__(self, git: Git, options: Sequence[str]) -> None:
        self._arguments = (*WHOLE, "diff-tree", "--stdin", *options)
        self._mark = f"end {os.urandom(16).hex()}\n"
        self._process: Process = git.start(self._arguments, piped=True)
        widen(self._process.stdout)
        self._rest = b""

    def __enter__(self) -> DiffTree:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def send(self, questions: Sequence[str]) -> None:
        """Ask up to :data:`BATCH` questions, as `git diff-tree --stdin` takes them."""
        data = "".join(f"{question}\n{self._mark}" for question in questions).encode()
        try:
            while data:
                data = data[os.write(self._process.stdin, data) :]
        except BrokenPipeError:
            self._fail()

    def receive(self, count: int) -> list[bytes]:
        """Return the answers to the next ``count`` questions; raises :class:`CouldNotCheck` where git ended early."""
        mark, chunks = self._mark.encode(), [self._rest]
        seen, tail = self._rest.count(mark), self._rest[-len(mark) + 1 :]
        while seen < count:
            chunk = os.read(self._process.stdout, 1 << 20)
            if not chunk:
                self._fail()
            chunks.append(chunk)
            tail += chunk
            seen += tail.count(mark)
            tail = tail[-len(mark) + 1 :]
        *answers, self._rest = b"".join(chunks).split(mark, count)
        return answers

    def _fail(self) -> None:
        status, _, complaint = self._process.communicate()
        raise failure(self._arguments, status, complaint)
