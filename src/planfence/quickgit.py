"""Git for a command that must begin quickly: processes side by side, and none asked twice.

Stands on the light entry's finding of the repository (`fastpath.Place`): neither `subprocess` nor `pathlib` is loaded.
Whatever is unusual raises :class:`Unsure`, and the full way decides.
"""

from __future__ import annotations

import posix
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from planfence.fastpath import GIT, Place, Unsure, exists, read_all

#: So many ids are asked for at once: their lines fit into a pipe that nobody reads yet.
_AT_ONCE = 500
_SIGKILL = 9


class Child:
    """One git process with its standard input and output; ``index`` is the index file that it works on."""

    __slots__ = ("_input", "_lines", "_output", "_pid")

    def __init__(self, place: Place, *words: str, index: bytes = b"") -> None:
        read, self._input = posix.pipe()
        self._output, write = posix.pipe()
        actions = [
            (posix.POSIX_SPAWN_DUP2, read, 0),
            (posix.POSIX_SPAWN_DUP2, write, 1),
            (posix.POSIX_SPAWN_OPEN, 2, b"/dev/null", posix.O_WRONLY, 0),
        ]
        variables = place.variables | {b"GIT_INDEX_FILE": index} if index else place.variables
        command = (b"git", *GIT, *(word.encode("utf-8", "surrogateescape") for word in words))
        self._pid = posix.posix_spawnp(b"git", command, variables, file_actions=actions)
        posix.close(read)
        posix.close(write)
        self._lines = open(self._output, "rb", closefd=False)  # noqa: SIM115 - closed with the process

    def say(self, data: bytes) -> None:
        """Write to its standard input."""
        while data:
            data = data[posix.write(self._input, data) :]

    def end(self) -> bytes:
        """Close its input, and return what it printed; raises :class:`Unsure` where it failed."""
        self._close_input()
        data = self._lines.read()
        if self.status() != 0:
            raise Unsure(b"git")
        return data

    def status(self) -> int:
        """Wait for it, and return its exit status."""
        self._close_input()
        self._lines.close()
        with suppress(OSError):
            posix.close(self._output)
        pid, self._pid = self._pid, 0
        return posix.waitstatus_to_exitcode(posix.waitpid(pid, 0)[1]) if pid else 0

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self._pid:
            with suppress(ProcessLookupError):
                posix.kill(self._pid, _SIGKILL)
            self.status()

    def _close_input(self) -> None:
        if self._input >= 0:
            posix.close(self._input)
            self._input = -1

    def objects(self, names: Sequence[str]) -> Iterator[tuple[str, str, bytes] | None]:
        """Ask `cat-file --batch` for objects: (id, type, content) of each, None where a name names nothing."""
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            self.say("".join(f"{name}\n" for name in some).encode())
            for _ in some:
                fields = self._lines.readline().split()
                if fields[-1:] == [b"missing"]:
                    yield None
                    continue
                if len(fields) != 3:
                    raise Unsure(b"object")
                data = self._lines.read(int(fields[2]) + 1)
                if len(data) != int(fields[2]) + 1:
                    raise Unsure(b"object")
                yield fields[0].decode(), fields[1].decode(), data[:-1]


@contextmanager
def children() -> Iterator[list[Child]]:
    """A list of processes that are ended with the block, however it is left."""
    started: list[Child] = []
    try:
        yield started
    finally:
        for child in started:
            child.stop()


@contextmanager
def private_index(place: Place) -> Iterator[bytes]:
    """A copy of the index, so that nothing that is asked can touch the index itself; gone afterwards.

    Raises :class:`Unsure` where there is none, or where a split that was killed left one behind to be cleared away.
    """
    if not exists(place.index):
        raise Unsure(b"index")
    if not exists(place.state):
        posix.mkdir(place.state)
    if any(name[:6] == b"split-" for name in posix.listdir(place.state)):
        raise Unsure(b"left behind")
    folder = place.state + b"/split-%d-quick" % posix.getpid()
    posix.mkdir(folder, 0o700)
    copy = folder + b"/index"
    try:
        _copy(place.index, copy)
        yield copy
    finally:
        for name in posix.listdir(folder):
            posix.unlink(folder + b"/" + name)
        posix.rmdir(folder)


def _copy(source: bytes, target: bytes) -> None:
    descriptor = posix.open(source, posix.O_RDONLY | posix.O_CLOEXEC)
    data = read_all(descriptor)
    posix.close(descriptor)
    descriptor = posix.open(target, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o600)
    while data:
        data = data[posix.write(descriptor, data) :]
    posix.close(descriptor)
