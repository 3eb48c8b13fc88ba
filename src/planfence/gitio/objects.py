"""Objects by name, read through one `cat-file --batch` process."""

from __future__ import annotations

import subprocess
from types import TracebackType

from planfence.errors import CouldNotCheck
from planfence.gitio.run import Git, failure
from planfence.records import dataclass

#: Plans, policies and ledger entries are small; what is larger is not one of them.
LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GitObject:
    """One object: its full id, its type (blob, tree, commit, tag) and its raw bytes."""

    id: str
    type: str
    data: bytes


class Objects:
    """Reads objects by any name that `rev-parse` understands; use it as a context manager.

    Two processes at most are started, each at its first question: `--batch-check` for ids and
    types, `--batch` for contents.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes.values():
            process.kill()
            process.communicate()
        self._processes.clear()

    def _start(self, mode: str) -> subprocess.Popen[bytes]:
        process = self._processes.get(mode)
        if process is None:
            process = subprocess.Popen(
                self._git.command(("cat-file", mode)),
                cwd=self._git.root,
                env=self._git.variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._processes[mode] = process
        return process

    def _ask(self, mode: str, name: str) -> tuple[subprocess.Popen[bytes], list[bytes]]:
        if "\n" in name:
            raise CouldNotCheck(f"{name!r} can't name an object: it has a newline")
        process = self._start(mode)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
            process.stdin.flush()
            header = process.stdout.readline()
        except BrokenPipeError:
            header = b""
        if not header:
            raise failure(("cat-file", mode), process.wait(), b"")
        return process, header.removesuffix(b"\n").rsplit(b" ", 2)

    def find(self, name: str) -> tuple[str, str, int] | None:
        """Return (id, type, size in bytes) of what ``name`` names, or None where it names nothing."""
        _, fields = self._ask("--batch-check", name)
        if fields[-1] in (b"missing", b"ambiguous"):
            return None
        return fields[0].decode(), fields[1].decode(), int(fields[2])

    def read(self, name: str) -> GitObject | None:
        """Return the object that ``name`` names, or None where it names nothing.

        Raises :class:`CouldNotCheck` for objects above :data:`LARGEST` bytes and for broken ones.
        """
        process, fields = self._ask("--batch", name)
        if fields[-1] in (b"missing", b"ambiguous"):
            return None
        assert process.stdout is not None
        size = int(fields[2])
        if size > LARGEST:
            process.kill()  # what it is about to print is not worth reading
            process.communicate()
            del self._processes["--batch"]
            raise CouldNotCheck(f"{name} is {size} bytes large: not read", hint="keep plans and policies small")
        data = process.stdout.read(size + 1)
        if len(data) != size + 1:
            raise CouldNotCheck(f"the object of {name} could not be read whole", hint="run `git fsck`")
        return GitObject(fields[0].decode(), fields[1].decode(), data[:-1])

    def sizes(self, names: list[str]) -> dict[str, int]:
        """Return the sizes in bytes of the objects of these full ids; at most a few hundred at a time.

        Raises :class:`CouldNotCheck` where one is missing.
        """
        process = self._start("--batch-check")
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:
            raise failure(("cat-file", "--batch-check"), process.wait(), b"") from None
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
        process = self._start("--batch")
        assert process.stdin is not None
        assert process.stdout is not None
        found: list[GitObject] = []
        try:
            process.stdin.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:
            raise failure(("cat-file", "--batch"), process.wait(), b"") from None
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
