"""Objects by name, read through one `cat-file --batch-command` process (git ≥ 2.36)."""

from __future__ import annotations

import subprocess
from types import TracebackType

from planfence.errors import CouldNotCheck
from planfence.gitio.run import Git, failure
from planfence.records import dataclass

#: Plans, policies and ledger entries are small; what is larger is not one of them.
LARGEST = 16 * 1024 * 1024
_COMMAND = ("cat-file", "--batch-command")


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: its full id, its type (blob, tree, commit, tag) and its raw bytes."""

    id: str
    type: str
    data: bytes


class Objects:
    """Reads objects by any name that `rev-parse` understands; use it as a context manager.

    One process is started, at the first question.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._git.command(_COMMAND),
                cwd=self._git.root,
                env=self._git.variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _ask(self, what: str, name: str) -> tuple[subprocess.Popen[bytes], list[bytes]]:
        if "\n" in name:
            raise CouldNotCheck(f"{name!r} can't name an object: it has a newline")
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{what} {name}\n".encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            header = process.stdout.readline()
        except BrokenPipeError:
            header = b""
        if not header:
            raise failure(_COMMAND, process.wait(), b"")
        return process, header.removesuffix(b"\n").rsplit(b" ", 2)

    def find(self, name: str) -> tuple[str, str, int] | None:
        """Return (id, type, size in bytes) of what ``name`` names, or None where it names nothing."""
        _, fields = self._ask("info", name)
        if fields[-1] in (b"missing", b"ambiguous"):
            return None
        return fields[0].decode(), fields[1].decode(), int(fields[2])

    def read(self, name: str) -> GitObject | None:
        """Return the object that ``name`` names, or None where it names nothing.

        Raises :class:`CouldNotCheck` for objects above :data:`LARGEST` bytes and for broken ones.
        """
        process, fields = self._ask("contents", name)
        if fields[-1] in (b"missing", b"ambiguous"):
            return None
        assert process.stdout is not None
        size = int(fields[2])
        if size > LARGEST:
            self.close()  # what it is about to print is not worth reading
            raise CouldNotCheck(f"{name} is {size} bytes large: not read", hint="keep plans and policies small")
        data = process.stdout.read(size + 1)
        if len(data) != size + 1:
            raise CouldNotCheck(f"the object of {name} could not be read whole", hint="run `git fsck`")
        return GitObject(fields[0].decode(), fields[1].decode(), data[:-1])

    def sizes(self, names: list[str]) -> dict[str, int]:
        """Return the sizes in bytes of the objects of these full ids; at most a few hundred at a time.

        Raises :class:`CouldNotCheck` where one is missing.
        """
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("".join(f"info {name}\n" for name in names).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:
            raise failure(_COMMAND, process.wait(), b"") from None
        found: dict[str, int] = {}
        for name in names:
            fields = process.stdout.readline().split()
            if len(fields) != 3:
                raise CouldNotCheck(
                    f"object {name} is missing", hint="fetch the whole history: `git fetch --unshallow`"
                )
            found[name] = int(fields[2])
        return found

    def read_many(self, names: list[str]) -> list[GitObject]:
        """Return the objects of these full ids, in order; at most a few hundred at a time.

        Raises :class:`CouldNotCheck` where one is missing.
        """
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        found: list[GitObject] = []
        try:
            process.stdin.write("".join(f"contents {name}\n" for name in names).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:
            raise failure(_COMMAND, process.wait(), b"") from None
        for name in names:
            fields = process.stdout.readline().split()
            if len(fields) != 3:
                raise CouldNotCheck(
                    f"object {name} is missing", hint="fetch the whole history: `git fetch --unshallow`"
                )
            size = int(fields[2])
            data = process.stdout.read(size + 1)
            if len(data) != size + 1:
                raise CouldNotCheck(f"object {name} could not be read whole", hint="run `git fsck`")
            found.append(GitObject(fields[0].decode(), fields[1].decode(), data[:-1]))
        return found
