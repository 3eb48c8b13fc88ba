"""The one executor for git: environment, directory, input, and failure that always refuses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from planfence.env import Environment
from planfence.errors import CouldNotCheck
from planfence.gitio.spawn import Process
from planfence.records import dataclass, field
from planfence.tables import SAFE_CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

#: `merge-tree --write-tree` came with 2.38; 2.39 is the oldest version that the tests run on.
OLDEST_GIT = (2, 39)
_INSTALL = "install git 2.39 or later"
#: The most that Linux lets a pipe hold without a privilege.
PIPE = 1 << 20

#: For a stream that is read to its end: else git writes each commit by itself (git(1), GIT_FLUSH).
BUFFERED = {"GIT_FLUSH": "0"}

#: Before a command that must see the whole history: `.git/shallow` may hide commits that are here (git.c).
WHOLE = ("--shallow-file", os.devnull)


@dataclass(frozen=True, slots=True)
class Git:
    """One repository, as git sees it from ``folder``.

    ``folder`` is any directory inside it (hooks start at the top of the worktree, or in the
    bare repository). ``environment`` decides which inherited variables git may see. ``partial``: the clone left
    objects out on purpose (`--filter`), and git may fetch them from the remote that promised them.
    """

    folder: str | Path
    environment: Environment
    program: str = "git"
    partial: bool = False
    _variables: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = self.environment.for_git()
        if self.partial:
            known.pop("GIT_NO_LAZY_FETCH", None)
        object.__setattr__(self, "_variables", known)

    @property
    def root(self) -> Path:
        """The folder as a path."""
        from pathlib import Path

        return Path(self.folder)

    @property
    def variables(self) -> dict[str, str]:
        """The environment that git is started with."""
        return self._variables

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The whole command line for these arguments."""
        return [self.program, *SAFE_CONFIG, *arguments]

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        ok: Iterable[int] = (0,),
        variables: dict[str, str] | None = None,
    ) -> bytes:
        """Run git and return its standard output.

        Raises :class:`CouldNotCheck` where git is missing or exits with a status
        that is not in ``ok``: what can't be read is refused.
        """
        return self.status(*arguments, stdin=stdin, ok=ok, variables=variables)[1]

    def status(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        ok: Iterable[int] = (0, 1),
        variables: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Run git and return its exit status, one of ``ok``, and its standard output."""
        asked = self.begin(*arguments, piped=stdin is not None, variables=variables)
        return asked.status(stdin or b"", ok=ok)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``newer`` has all that ``older`` has; not if either is missing, as a pruned commit is."""
        return self.status("merge-base", "--is-ancestor", older, newer, ok=(0, 1, 128))[0] == 0

    def is_shallow(self) -> bool:
        """Whether the history is cut off here (`git clone --depth`)."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    def entries(self, tree: str) -> Iterator[tuple[int, str, bytes]]:
        """Yield the mode, id and path of all that a tree holds, folders opened."""
        with self.begin("ls-tree", "-r", "-z", "--full-tree", tree) as asked:
            for entry in asked.parts(b"\0"):
                meta, _, path = entry.partition(b"\t")
                mode, _, name = meta.split(b" ")
                yield int(mode, 8), name.decode(), path

    def refs(self, *patterns: str) -> dict[str, str]:
        """The ids of the refs that match (git-for-each-ref(1)), by their full names."""
        lines = self.text("for-each-ref", "--format=%(objectname) %(refname)", *patterns).split("\n")
        return {name: target for target, _, name in (line.partition(" ") for line in lines if line)}

    def begin(
        self, *arguments: str, piped: bool = False, variables: dict[str, str] | None = None, apart: bool = False
    ) -> Asked:
        """Start git, as :meth:`run` does, and return what its answer is taken from later.

        ``apart``: in a process group of its own, so that no signal to ours ends it while it holds a lock.
        """
        return Asked(self, arguments, self.start(arguments, piped=piped, variables=variables, apart=apart))

    def start(
        self,
        arguments: Sequence[str],
        *,
        piped: bool = False,
        heard: bool = True,
        variables: dict[str, str] | None = None,
        apart: bool = False,
    ) -> Process:
        """Start git; raises :class:`CouldNotCheck` if that is impossible."""
        # The folder is git's own business (`-C`), so what is wrong with it has to be seen here.
        command = self.command(arguments)
        command[1:1] = "-C", os.fspath(self.folder)
        try:
            os.stat(os.path.join(self.folder, "."))
            return Process(command, self._variables | (variables or {}), piped=piped, heard=heard, apart=apart)
        except FileNotFoundError as error:
            raise not_started(self, error) from error
        except (PermissionError, NotADirectoryError) as error:
            raise CouldNotCheck(f"git could not be started in {self.folder}: {error.strerror}") from error

    def text(self, *arguments: str, ok: Iterable[int] = (0,), stdin: bytes | None = None) -> str:
        """Run git and return its standard output as text without the final newline."""
        return self.run(*arguments, ok=ok, stdin=stdin).decode("utf-8", "surrogateescape").removesuffix("\n")


class Asked:
    """A question that git works on while its caller does something else; a context manager."""

    __slots__ = ("_arguments", "_git", "_process")

    def __init__(self, git: Git, arguments: tuple[str, ...], process: Process) -> None:
        self._git, self._arguments, self._process = git, arguments, process

    def status(self, stdin: bytes = b"", *, ok: Iterable[int] = (0, 1)) -> tuple[int, bytes]:
        """As :meth:`Git.status`: wait for the answer."""
        status, out, complaint = self._process.communicate(stdin)
        if status not in ok:
            raise too_old(self._git) or failure(self._arguments, status, complaint)
        return status, out

    def chunks(self) -> Iterator[bytes]:
        """Yield an answer that is long as it comes; raises :class:`CouldNotCheck` in the end if git failed."""
        while chunk := os.read(self._process.stdout, 1 << 18):
            yield chunk
        self.status(ok=(0,))

    def parts(self, mark: bytes) -> Iterator[bytes]:
        """As :meth:`chunks`, parted at a mark of one byte."""
        rest: list[bytes] = []
        for chunk in self.chunks():
            first, *others = chunk.split(mark)
            rest.append(first)
            if others:
                yield b"".join(rest)
                *whole, last = others
                yield from whole
                rest = [last]
        if any(rest):
            yield b"".join(rest)

    def say(self, stdin: bytes, *, brief: bool = False) -> None:
        """Tell it all of its input now, of a command that reads its input before it answers.

        It can answer much before it has to wait for a reader; ``brief``: it has not much to say.
        """
        if not brief:
            widen(self._process.stdout)
        with memoryview(stdin) as rest:
            written = 0
            try:
                while written < len(rest):
                    written += os.write(self._process.stdin, rest[written:])
            except BrokenPipeError:
                pass  # its status says why it did not listen
        self._process.no_more()

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()


def widen(descriptor: int) -> None:
    """Let git write much before it has to wait for a reader; only Linux has it, and it may be refused."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)
    except (ImportError, AttributeError, OSError):
        pass


def not_started(git: Git, error: FileNotFoundError) -> CouldNotCheck:
    """Say what is missing, the folder or git itself."""
    if not os.path.isdir(git.folder):
        return CouldNotCheck(f"{git.folder} is not a directory")
    return CouldNotCheck(f"{git.program} was not found", hint=f"{_INSTALL}, on PATH ({error.strerror})")


def git_version(git: Git) -> tuple[int, ...]:
    """Return git's version as numbers, such as ``(2, 39, 5)``; empty if `git --version` names none."""
    import re

    try:
        _, said, _ = Process([git.program, "--version"], git.variables).communicate()
    except FileNotFoundError as error:
        raise not_started(git, error) from error
    words = re.search(rb"(?<!\d)(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part) for part in words.groups(b"0")) if words else ()


def too_old(git: Git) -> CouldNotCheck | None:
    """Say that git is too old, if it is; asked where git failed, so that what works pays nothing for it."""
    version = git_version(git)
    if not version or version >= OLDEST_GIT:
        return None
    return CouldNotCheck(f"git {'.'.join(map(str, version))} is too old for planfence", hint=_INSTALL)


def failure(arguments: Sequence[str], status: int, complaint: bytes) -> CouldNotCheck:
    """Describe a git command that failed, in git's own first words, which are said but never parsed."""
    words = [word for word in complaint.decode("utf-8", "replace").splitlines() if not word.startswith("hint:")]
    said = f": {words[0]}" if words else ""
    verb = next((word for word in arguments if word[:1] != "-" and "=" not in word and word != os.devnull), "")
    return CouldNotCheck(f"git {verb} failed with status {status}{said}", hint=_hint(words))


#: What git says where a disk or a quota is full, or a file may not grow (strerror(3); git runs with LC_ALL=C).
_FULL = ("No space left on device", "Disk quota exceeded", "File too large", "couldn't write '")


def _hint(words: Sequence[str]) -> str:
    if any(full in word for word in words for full in _FULL):
        return "make room there, and run it again: nothing was recorded"
    more = list(filter(None, map(str.strip, words[1:])))
    command = next((word for word in more if word.startswith("git ")), "")  # git's own advice, as of `safe.directory`
    return command or "; ".join(more) or "run `planfence doctor` to see what git can't read"
