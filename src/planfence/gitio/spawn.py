"""Processes started by `posix_spawn`: to load `subprocess` takes longer than git takes to answer.

The light hooks start git here too, so this imports only what is built in, and `select` if several pipes are open.
What `subprocess` does is kept: no descriptor of ours leaks (Python's own are closed on exec), signals that Python
ignores have their effect again, the program is looked for on the PATH that the process is given, and no pipe fills up
while another is read.
"""

import posix
from _signal import (  # type: ignore[import-not-found]  # `signal` makes enumerations of them, which takes its time
    SIG_DFL,
    SIG_IGN,
    SIGCHLD,
    SIGKILL,
    SIGPIPE,
    SIGXFSZ,
    getsignal,
    signal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_CHUNK = 1 << 18
_NULL, _PATH = "/dev/null", "/bin:/usr/bin"
#: The status of a process that ended with 255, as `waitpid` tells it.
_LOST = 255 << 8


class Process:
    """A running process; without ``piped`` nobody writes to its standard input.

    If ``heard``, what it says on standard error is kept too. ``apart``: in a process group of its own.
    """

    __slots__ = ("_apart", "_err", "_in", "_out", "_pid", "_status")

    def __init__(
        self,
        command: "Sequence[str]",
        variables: "Mapping[str, str]",
        *,
        piped: bool = False,
        heard: bool = True,
        apart: bool = False,
    ) -> None:
        if getsignal(SIGCHLD) == SIG_IGN:
            # Inherited (`trap '' CHLD`): the kernel would drop each status, and `subprocess` takes a lost one for 0.
            signal(SIGCHLD, SIG_DFL)
        self._apart, self._status = apart, -1
        pipes = [_pipe() if wanted else None for wanted in (piped, True, heard)]
        theirs = [pipe and pipe[number > 0] for number, pipe in enumerate(pipes)]
        ours = [pipe[number == 0] if pipe else -1 for number, pipe in enumerate(pipes)]
        self._in, self._out, self._err = ours
        actions = [
            (posix.POSIX_SPAWN_OPEN, number, _NULL, posix.O_RDWR, 0)
            if end is None
            else (posix.POSIX_SPAWN_DUP2, end, number)
            for number, end in enumerate(theirs)
        ]
        try:
            self._pid = _spawn(command, variables, actions, {"setpgroup": 0} if apart else {})
        except BaseException:
            self._close(*ours)
            raise
        finally:
            self._close(*(end for end in theirs if end is not None))

    def communicate(self, data: bytes = b"") -> tuple[int, bytes, bytes]:
        """Write ``data``, read everything, and return (exit status, standard output, standard error)."""
        try:
            out, err = self._talk(memoryview(data))
            return self.wait(), out, err
        except BaseException:
            self.kill()
            raise

    def _talk(self, rest: memoryview) -> tuple[bytes, bytes]:
        if not rest and self._err < 0:
            self.no_more()
            return read_all(self._out), b""
        import select

        heard: dict[int, list[bytes]] = {end: [] for end in (self._out, self._err) if end >= 0}
        out, err = heard[self._out], heard.get(self._err, [])
        poll = select.poll()
        for end in heard:
            poll.register(end, select.POLLIN)
        if rest:
            posix.set_blocking(self._in, False)
            poll.register(self._in, select.POLLOUT)
        else:
            self.no_more()
        while heard or self._in >= 0:
            for end, _ in poll.poll():
                if end == self._in:
                    rest = self._write_some(rest)
                    if not rest:
                        poll.unregister(end)
                        self.no_more()
                    continue
                chunk = posix.read(end, _CHUNK)
                heard[end].append(chunk)
                if not chunk:
                    poll.unregister(end)
                    del heard[end]
        return b"".join(out), b"".join(err)

    def _write_some(self, rest: memoryview) -> memoryview:
        try:
            return rest[posix.write(self._in, rest[:_CHUNK]) :]
        except BlockingIOError:
            return rest
        except BrokenPipeError:  # it has ended without reading all, and its status says why
            return rest[:0]

    @property
    def stdin(self) -> int:
        """The descriptor that the process reads from."""
        return self._in

    @property
    def stdout(self) -> int:
        """The descriptor that the process writes to."""
        return self._out

    def no_more(self) -> None:
        """Close its standard input."""
        self._close(self._in)
        self._in = -1

    def wait(self) -> int:
        """Wait for its end, and return its exit status (negative: the signal that ended it)."""
        if self._pid:
            try:
                _, status = posix.waitpid(self._pid, 0)
            except ChildProcessError:  # somebody else has waited for it: how it ended is lost, so it counts as failed
                status = _LOST
            self._pid, self._status = 0, posix.waitstatus_to_exitcode(status)
            self._close(self._in, self._out, self._err)
            self._in = self._out = self._err = -1
        return self._status

    def kill(self) -> None:
        """End it; one that is ``apart`` is let finish, since it may hold a lock."""
        if self._pid and not self._apart:
            posix.kill(self._pid, SIGKILL)
        self.no_more()
        self.wait()

    @staticmethod
    def _close(*ends: int) -> None:
        for end in ends:
            if end >= 0:
                posix.close(end)


def read_all(descriptor: int, most: int = 1 << 40) -> bytes:
    """Read to the end, or to ``most`` bytes."""
    chunks = []
    size = 1 << 14  # a larger buffer is mapped and unmapped each time
    while most > 0 and (chunk := posix.read(descriptor, min(most, size))):
        chunks.append(chunk)
        most -= len(chunk)
        size = 1 << 20
    return b"".join(chunks)


def _pipe() -> tuple[int, int]:
    """A pipe that takes none of the standard descriptors, which a caller may have closed."""
    ends = posix.pipe()
    if min(ends) > 2:
        return ends
    try:
        return _pipe()
    finally:
        for end in ends:
            posix.close(end)


def _spawn(
    command: "Sequence[str]",
    variables: "Mapping[str, str]",
    actions: "Sequence[tuple[object, ...]]",
    more: "dict[str, Any]",
) -> int:
    """Start the first program of that name which can be started, as `execvpe` looks for it; return its process id."""
    program, path = command[0], variables.get("PATH", _PATH)
    problem: OSError = FileNotFoundError(2, posix.strerror(2), program)
    for file in _places(program, path):
        if not _exists(file):
            continue
        try:
            started = posix.posix_spawn(
                file, [*command], variables, file_actions=actions, setsigdef=(SIGPIPE, SIGXFSZ), **more
            )
        except (FileNotFoundError, NotADirectoryError):
            continue  # a script whose interpreter is missing, say
        except OSError as error:
            problem = error
        else:
            _started[program, path] = file
            return started
    raise problem


#: Where a program was last started from, by its name and PATH.
_started: dict[tuple[str, str], str] = {}


def _exists(file: str) -> bool:
    try:
        posix.stat(file)
    except (OSError, ValueError):
        return False
    return True


def _places(program: str, path: str) -> "Iterator[str]":
    """Where the program may be; not by `os.get_exec_path`, which loads `warnings`."""
    if "/" in program:
        yield program
        return
    if (program, path) in _started:
        yield _started[program, path]
    for folder in path.split(":"):
        yield f"{folder}/{program}" if folder else program
