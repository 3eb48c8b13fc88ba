"""The commits of a range as they stand, and what each did to its first parent, read from streams side by side.

Two `log` read their questions from files and are never waited for, so that git works on every processor while the
answers are looked at. The commits themselves came with the list of them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import IO, NamedTuple

from planfence.core import POLICY_PATH
from planfence.errors import CouldNotCheck
from planfence.gitio.bareview import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Walk, listing, walked, whole
from planfence.gitio.run import BUFFERED, NUMSTAT, PIPE, RAW_DIFF, Git, widen

#: Lanes take turns at so many commits: what git says of another lane meanwhile must fit its pipe.
PART = 64
LANES = 2
#: Commits that one git is asked for, which keeps what it was asked in memory, and with a smaller cache than its own:
#: both cost no time.
_MOST = 8192
_LOG = ("-c", "core.deltaBaseCacheLimit=16m", "log", "--no-walk=unsorted", "--stdin", "--format=%H")
#: A shorter range is judged sooner than streams are started.
LEAST = 48


class Step(NamedTuple):
    """One commit: which of the ids it is, its raw object, the raw records of what it changed with their paths, and
    numstat's records. A merge changes nothing here; numstat's records are empty where they were not asked for.
    """

    at: int
    data: bytes
    records: list[bytes]
    paths: list[bytes]
    numbers: list[bytes]


class Spans:
    """Reads the commits of a walk; a context manager.

    The range is read in :data:`LANES` parts of one length, each in order, side by side: a history that is read in
    one go costs git less than one with gaps. ``git`` must be deaf to configuration, attributes, grafts and
    replaced objects, and may take all files for text (`gitio.bareview`); ``objects`` are the real repository's.
    Raises :class:`CouldNotCheck` where anything is not as expected.
    """

    def __init__(self, git: Git, walk: Walk, objects: Objects, *, lines: bool) -> None:
        self._git, self._walk, self._objects = git, walk, objects
        ids = walk.ids
        self._processes: list[subprocess.Popen[bytes]] = []
        options = (*RAW_DIFF, *(NUMSTAT if lines else ()))
        try:
            # `diff-tree --stdin` says the same in a third more time.
            self._lanes = [range(len(ids) * at // LANES, len(ids) * (at + 1) // LANES) for at in range(LANES)]
            self._diffs = [self._lane([ids[index] for index in lane], options) for lane in self._lanes]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Spans:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.communicate()
        self._processes.clear()

    def _lane(self, ids: Sequence[str], options: Sequence[str]) -> Iterator[_Diff]:
        parts = [ids[start : start + _MOST] for start in range(0, len(ids), _MOST)]
        first = self._start(parts[0], *_LOG, *options)  # now: what follows is a generator
        return self._follow(first, parts[1:], options)

    def _follow(self, first: IO[bytes], parts: list[Sequence[str]], options: Sequence[str]) -> Iterator[_Diff]:
        yield from _parsed(first)
        for part in parts:
            yield from _parsed(self._start(part, *_LOG, *options))

    def _start(self, ids: Sequence[str], *arguments: str) -> IO[bytes]:
        # A file needs nobody who feeds one pipe while another is read. The view's folder goes away with it.
        questions = self._git.root / f"ids{len(self._processes)}"
        questions.write_bytes("".join(f"{identifier}\n" for identifier in ids).encode())
        with questions.open("rb") as asked:
            process = subprocess.Popen(
                self._git.command(arguments),
                cwd=self._git.root,
                env=self._git.variables | BUFFERED,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        self._processes.append(process)
        assert process.stdout is not None
        widen(process.stdout.fileno())
        return process.stdout

    def _turns(self) -> Iterator[tuple[int, range]]:
        for start in range(0, max(map(len, self._lanes)), PART):
            for number, lane in enumerate(self._lanes):
                yield number, lane[start : start + PART]

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        """Yield the commits, each with its lane."""
        ids = self._walk.ids
        for number, part in self._turns():
            diffs = self._diffs[number]
            for index, data in zip(part, self._raw(part), strict=True):
                name, records, paths, numbers = next(diffs, _NOTHING)
                if name != ids[index].encode():
                    raise CouldNotCheck("git stopped while a range was read", hint="run `git fsck`")
                yield number, Step(index, data, records, paths, numbers)

    def _raw(self, part: range) -> list[bytes]:
        """The raw commits of these indexes."""
        ids, shown = self._walk
        found = [whole(shown[index]) for index in part]
        odd = [ids[index] for index, data in zip(part, found, strict=True) if data is None]
        read = iter(self._objects.read_many(odd) if odd else ())
        return [next(read).data if data is None else data for data in found]


class Ahead:
    """A range whose reading begins before all is loaded that judges it: a context manager.

    ``base`` and ``head`` are full ids, ``walk`` the commits between them; ``spans``, which has the lines counted where
    ``lines`` says so, is None where little is to be gained. ``meanwhile`` is called while git begins.
    """

    def __init__(
        self, repository: Repository, objects: Objects, base: str, head: str, meanwhile: Callable[[], None]
    ) -> None:
        self.base, self.head = base, head
        self.revisions = [head, f"^{base}"]
        self.spans: Spans | None = None
        self.objects = objects
        self._stack = ExitStack()
        self._stack.enter_context(objects)
        failures: list[BaseException] = []
        # A thread of its own, since what is loaded meanwhile takes longer than git does to list the commits.
        reading = Thread(target=self._begin, args=(repository, failures))
        try:
            reading.start()
            try:
                meanwhile()
            finally:
                reading.join()
            if failures:
                raise failures[0]
        except BaseException:
            self._stack.close()
            raise

    def _begin(self, repository: Repository, failures: list[BaseException]) -> None:
        try:
            with listing(repository, self.revisions) as asked:
                self.lines = _counts(self.objects, self.base)
                git = self._stack.enter_context(BareView(repository.git, text=True))
                self.walk = walked(asked)
            if len(self.walk.ids) >= LEAST:
                self.spans = self._stack.enter_context(Spans(git, self.walk, self.objects, lines=self.lines))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(error)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()


def _counts(objects: Objects, base: str) -> bool:
    """Whether the policy likely has lines counted: by its own bytes, since its parser is not loaded yet."""
    policy = objects.read(f"{base}:{POLICY_PATH}")
    return policy is not None and not any(word in policy.data for word in (b"SIZ001", b"change-too-large"))


_Diff = tuple[bytes, list[bytes], list[bytes], list[bytes]]
_NOTHING: _Diff = (b"", [], [], [])


def _parsed(stream: IO[bytes]) -> Iterator[_Diff]:
    """Parse a stream of commits: behind each id raw records in twos, record and path, then numstat's.

    A record begins with a colon (the first behind a newline) and stands at an even place, a record of numstat
    has a tab, an id has neither: no file name can pass for something else.
    """
    rest: list[bytes] = [b""]
    ended = False
    while not ended:
        chunk = os.read(stream.fileno(), PIPE)
        ended = not chunk
        first, *fields = chunk.split(b"\0")
        fields = [*rest[:-1], rest[-1] + first, *fields]
        at, end = 0, len(fields) - 1
        while at < end:
            begin = at
            at = start = begin + 1
            if at < end:
                fields[at] = fields[at].removeprefix(b"\n")
            while at < end and fields[at][:1] == b":":
                at += 2
            middle = at
            while at < end and b"\t" in fields[at]:
                at += 1
            if at >= end and not ended:
                at = begin
                break
            yield fields[begin], fields[start:middle:2], fields[start + 1 : middle : 2], fields[middle:at]
        rest = fields[at:]
    if rest != [b""]:
        raise CouldNotCheck("git's list of changes ends in the middle", hint="run `git fsck`")
