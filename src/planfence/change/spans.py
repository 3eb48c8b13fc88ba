"""The commits of a range as they stand, and what each did to its first parent, read from streams side by side.

Several `diff-tree` are asked for some commits at a time, so that git works on every processor while the answers are
looked at. The commits themselves came with the list of them.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from threading import Thread
from types import TracebackType
from typing import NamedTuple, NoReturn

from planfence import POLICY_PATH
from planfence.errors import CouldNotCheck
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Walk, walked, whole
from planfence.gitio.run import BUFFERED, Asked, Git, widen
from planfence.gitio.spawn import Process
from planfence.tables import NUMSTAT, RAW_DIFF

#: As many as there are processors, within reason: each costs git some time of its own (a twentieth with a third).
LANES = max(2, min(3, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2))
#: Commits that a lane is asked for at once, and that it has before it at most: more of them would wait at the end for
#: one lane while the other has nothing to do, fewer would let git wait for us.
_PART, _AHEAD = 32, 128
#: The same at the beginning, where we are still busy with ourselves; the questions fit the smallest pipe.
_FIRST = 512
#: With a smaller cache than its own, which costs no time. `--always`: merges are named too.
_DIFF = ("-c", "core.deltaBaseCacheLimit=16m", "diff-tree", "--stdin", "--always")
#: What `diff-tree` does not understand it repeats, and then holds back nothing that it has said (builtin/diff-tree.c).
_FLUSH = "-\n"
_ECHO = _FLUSH.encode()
#: Milliseconds after which an answer is not waited for any more.
_PATIENCE = 60_000
#: A shorter range is judged sooner than streams are started.
LEAST = 48
#: To wake up for every page that git writes costs both of them time: so many bytes are worth it, or so many seconds.
_WORTH, _NAP = 1 << 16, 0.004
_CHUNK = 1 << 18


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

    Each of :data:`LANES` goes on through a part of its own, since a history that is read in one go costs git
    less than one with gaps; one that has come to its end takes half of what another has left. ``git`` must be deaf to
    configuration, attributes, grafts and replaced objects, and may take all files for text
    (`gitio.isolated`); ``objects`` are the real repository's. Raises :class:`CouldNotCheck` where anything is not as
    expected.
    """

    def __init__(self, git: Git, walk: Walk, objects: Objects, *, lines: bool) -> None:
        self._walk, self._objects = walk, objects
        self._lanes: list[_Lane] = []
        command, count = (*_DIFF, *RAW_DIFF, *(NUMSTAT if lines else ())), len(walk.ids)
        try:
            for at in range(LANES):
                process = git.start(command, piped=True, heard=False, variables=BUFFERED)
                widen(process.stdout)
                part = range(count * at // LANES, count * (at + 1) // LANES)
                self._lanes.append(_Lane(process, walk.ids, part, counted=lines))
                self._lanes[-1].ask(_FIRST)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Spans:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        for lane in self._lanes:
            lane.process.kill()
        self._lanes.clear()

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        """Yield the commits, each with the number of its lane."""
        reading = {lane.process.stdout: (number, lane) for number, lane in enumerate(self._lanes)}
        poll = select.poll()
        for end, (_, lane) in reading.items():
            poll.register(end, select.POLLIN)
            self._go_on(lane)
        while reading:
            heard = 0
            for end, _ in poll.poll(_PATIENCE) or _give_up():
                number, lane = reading[end]
                chunk = os.read(end, _CHUNK)
                heard += len(chunk)
                if not chunk:
                    poll.unregister(end)
                    del reading[end]
                for at, records, paths, numbers in lane.read(chunk):
                    yield number, Step(at, self._raw(at), records, paths, numbers)
                self._go_on(lane)
            if heard < _WORTH:
                time.sleep(_NAP)

    def _go_on(self, lane: _Lane) -> None:
        """Keep a lane at work; one that has come to its end takes half of what another has left."""
        if not lane.left:
            other = max(self._lanes, key=lambda each: len(each.left))
            middle = len(other.left) // 2
            lane.left, other.left = other.left[middle:], other.left[:middle]
        if lane.left:
            lane.ask(_AHEAD)
        else:
            lane.process.no_more()

    def _raw(self, at: int) -> bytes:
        """The raw commit of this index."""
        data = whole(self._walk.shown[at])
        return self._objects.read_many([self._walk.ids[at]])[0].data if data is None else data


class _Lane:
    """One `diff-tree`: what it is still to be asked, and what it was asked and has not answered."""

    __slots__ = ("_asked", "_counted", "_ids", "_rest", "left", "process")

    def __init__(self, process: Process, ids: Sequence[str], left: range, *, counted: bool) -> None:
        self.process, self.left, self._ids, self._counted = process, left, ids, counted
        self._asked: deque[int] = deque()
        self._rest = [b""]

    def ask(self, most: int) -> None:
        """Ask until so many commits are before it."""
        while self.left and len(self._asked) <= most - _PART:
            part, self.left = self.left[:_PART], self.left[_PART:]
            with suppress(BrokenPipeError):  # what is missing at the end is seen there
                os.write(self.process.stdin, "".join([*(f"{self._ids[at]}\n" for at in part), _FLUSH]).encode())
            self._asked.extend(part)

    def read(self, chunk: bytes) -> Iterator[tuple[int, list[bytes], list[bytes], list[bytes]]]:
        """Parse what it says (nothing: it has ended): for each commit its index, the raw records with their paths,
        and numstat's.

        A record begins with a colon and stands at an even place behind the id, an id does not; where lines are
        counted, numstat has a record for each of them. So no file name can pass for something else.
        """
        first, *more = chunk.split(b"\0")
        fields = [*self._rest[:-1], self._rest[-1] + first, *more]
        at, end = 0, len(fields) - 1
        while at < end:
            start = middle = at + 1
            while middle < end and fields[middle][:1] == b":":
                middle += 2
            after = middle + (middle - start) // 2 if self._counted else middle
            if after >= end and chunk and (after > end or fields[end] != _ECHO):
                break  # there may be more of it
            if not self._asked or fields[at].removeprefix(_ECHO) != self._ids[self._asked[0]].encode():
                raise _stopped()
            yield self._asked.popleft(), fields[start:middle:2], fields[start + 1 : middle : 2], fields[middle:after]
            at = after
        self._rest = fields[at:]
        if not chunk and (self._asked or self._rest != [_ECHO] or self.process.wait()):
            raise _stopped()


def _give_up() -> NoReturn:
    raise CouldNotCheck("git does not answer", hint="run it again")


def _stopped() -> CouldNotCheck:
    return CouldNotCheck("git stopped while a range was read", hint="run `git fsck`")


class Ahead:
    """A range whose reading begins before all is loaded that judges it: a context manager.

    ``asked`` is what lists the commits (`gitio.revisions.listing`) between ``ends``, the full ids of base and head.
    ``walk`` are those commits; ``spans``, which has the lines counted where ``lines`` says so, is None where
    little is to be gained. ``meanwhile`` is called while git begins.
    """

    def __init__(
        self,
        repository: Repository,
        objects: Objects,
        asked: Asked,
        ends: tuple[str, str],
        meanwhile: Callable[[], None],
    ) -> None:
        self.base, self.head = ends
        self.revisions = [self.head, f"^{self.base}"]
        self.walk = Walk([], [])
        self.spans: Spans | None = None
        self.lines = False
        self.objects = objects
        self._stack = ExitStack()
        failures: list[BaseException] = []
        # A thread of its own, since what is loaded meanwhile takes longer than git does to list the commits.
        reading = Thread(target=self._begin, args=(repository, asked, failures))
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

    def _begin(self, repository: Repository, asked: Asked, failures: list[BaseException]) -> None:
        try:
            self.lines = _counts(self.objects, self.base)
            git = self._stack.enter_context(BareView(repository, text=True))
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
