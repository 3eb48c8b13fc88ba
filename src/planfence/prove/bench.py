"""Exports that stay for many trials: between two of them only the files that differ are rewritten."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path

from planfence.change.export import Export, Rewriter, check_tree, export
from planfence.change.hunks import FileState
from planfence.errors import CouldNotCheck
from planfence.files.private import believed_above
from planfence.files.process import Ended, Running, Watch, run_command
from planfence.gate.junit import read_counts, read_failed
from planfence.gate.testrun import link
from planfence.gate.testtarget import Target
from planfence.gitio.repository import Repository
from planfence.ledger import evidence
from planfence.ledger.evidence import TESTS, Outcome
from planfence.ledger.records import new_id
from planfence.records import dataclass, field

#: Path → its state, if it is other than after the change; None: no file.
States = Mapping[str, "FileState | None"]
#: (name, command line)
Command = tuple[str, str]

#: What makes runners end at the first failure, whatever starts them.
_FAIL_FAST = {"PYTEST_ADDOPTS": "-x", "GOFLAGS": "-failfast"}
#: What runners, compilers and interpreters say anywhere if the tests could not even begin.
_NOT_BUILT = (
    b"error during collection", b"errors during collection", b"Cannot find module ", b"Exception during run: ",
    b"does not provide an export named ", b"Test suite failed to run", b"Transform failed with ", b"[build failed]",
    b"[setup failed]", b"undefined reference to ", b"multiple definition of ", b"No rule to make target ",
    b"Compilation failed", b"Compilation error", b"compilation aborted", b" aborted due to compilation errors",
    b"cannot load such file -- ",
)  # fmt: skip
#: The same, at the beginning of a line.
_NOT_BEGUN = re.compile(
    rb"^(?:# )?(?:ERROR collecting |_+ ERROR collecting |"
    rb"ImportError while loading conftest|ImportError: |ModuleNotFoundError: |SyntaxError: |IndentationError: |"
    rb"TabError: |\S*Error \[ERR_MODULE_NOT_FOUND\]|error: could not compile|error\[E\d+\]|"
    rb"\S+(?:\.(?:[cChHdmsSvy]|cc|cpp|cxx|hh|hpp|hxx|mm|java|kt|scala|groovy|vala|hs|ml|asm|sv|proto):\d+|:\d+:\d+): "
    rb"(?:fatal )?error:|\S*\bld[\w.]*: error: |CMake Error|\[ERROR\] COMPILATION ERROR|"
    rb"\S+:(?: line)? \d+: [Ss]yntax error|\S+:\d+: syntax error|(?:PHP )?Parse error: |syntax error at \S+ line \d|"
    rb"Can't locate \S+ in @INC|lua[\w.-]*: \S+:\d+: .*\bnear\b|An error occurred while loading |"
    rb"\*\* \((?:Compile|Syntax|TokenMissing)Error\))|error (?:TS|CS|FS|BC)\d+:",
    re.MULTILINE,
)
_WAIT_S = 0.2


def never_began(output: bytes) -> bool:
    """Whether a failed run's output says that its tests could not even begin: something did not build or parse."""
    return any(said in output for said in _NOT_BUILT) or _NOT_BEGUN.search(output) is not None


class Came(StrEnum):
    """What came of one run."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Job:
    """One run: the tree, by its difference from the change's, and the commands, of which the first to fail ends it.

    ``key`` names the trial; ``limit_s`` is how long all of it may take. ``to_the_end`` says that all failures count,
    ``fewer`` that there may be fewer tests than the policy wants, but not none.
    """

    key: str
    states: States
    commands: tuple[Command, ...]
    limit_s: float
    to_the_end: bool = False
    fewer: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job, how long it took (seconds), the tests that failed, and what the last command wrote."""

    job: Job
    came: Came
    seconds: float
    tests: tuple[str, ...] = ()
    output: bytes = b""


@dataclass(slots=True)
class _Bench:
    """One export, with the states of the files in it that are other than after the change."""

    exported: Export
    rewriter: Rewriter
    now: dict[str, FileState | None] = field(default_factory=dict)
    job: Job | None = None
    running: Running | None = None
    report: str = ""
    at: int = 0
    started: float = 0.0


class Yard:
    """Some exports of one tree, in which trials run side by side; use it as a context manager."""

    def __init__(self, repository: Repository, target: Target, after: Mapping[str, FileState], jobs: int) -> None:
        self._repository = repository
        self._target = target
        self._after = after
        self._stack = ExitStack()
        self.size = max(1, jobs)
        self._benches: list[_Bench] = []
        self.tick: Callable[[], None] = lambda: None

    def __enter__(self) -> Yard:
        try:
            check_tree(self._repository, self._target.trees["base"])
            for _ in range(self.size):
                self._benches.append(self._open())
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for bench in self._benches:
            if bench.running is not None:
                bench.running.end()
        self._stack.close()

    def _open(self) -> _Bench:
        exported, _ = self._stack.enter_context(self.fresh())
        return _Bench(exported, Rewriter(exported.files))

    @contextmanager
    def fresh(self) -> Iterator[tuple[Export, dict[str, str]]]:
        """A new export, set up, and the variables for what runs in it."""
        with export(self._repository, self._target.tree) as exported:
            link(self._repository, self._target.policy.tests.links, exported.files)
            setup, variables = self._target.policy.tests.setup, self._variables(exported)
            if setup:
                watch = Watch(lambda _: None, lambda _: self.tick(), exported.guard)
                ended = run_command(setup, exported.files, variables, self._target.policy.tests.timeout_s, watch)
                if ended.status != 0:
                    raise CouldNotCheck(f"`{setup}` failed in a fresh export", hint="fix `setup` under [tests]")
            yield exported, variables

    def _variables(self, exported: Export) -> dict[str, str]:
        return self._repository.environment.for_tests(str(exported.files.parent), self._target.policy.tests.env)

    def run(self, queue: deque[Job], until: float) -> Iterator[Done]:
        """Run what is in the queue, and what is put there meanwhile; what is not over at ``until`` does not count."""
        while True:
            busy = []
            for bench in self._benches:
                if bench.job is None and queue and time.monotonic() < until:
                    self._begin(bench, queue.popleft())
                if bench.job is not None:
                    busy.append(bench)
            if not busy:
                return
            for bench in busy:
                done = self._step(bench, _WAIT_S / len(busy))
                if done is not None:
                    yield done
                elif time.monotonic() >= until:
                    assert bench.running is not None
                    bench.running.end()
                    bench.job = bench.running = None
            self.tick()

    def _begin(self, bench: _Bench, job: Job) -> None:
        changed = {
            path for path in {*bench.now, *job.states} if self._at(bench.now, path) != self._at(job.states, path)
        }
        bench.rewriter.write({path: self._bytes(self._at(job.states, path)) for path in changed})
        bench.now = dict(job.states)
        bench.job, bench.at, bench.started = job, 0, time.monotonic()
        self._start(bench)

    def _at(self, states: States, path: str) -> FileState | None:
        return states[path] if path in states else self._after.get(path)

    def _bytes(self, state: FileState | None) -> tuple[int, bytes] | None:
        if state is None:
            return None
        if state.data is not None or state.mode >> 12 == 0o16:
            return state.mode, state.data or b""
        return state.mode, self._repository.objects.read_many([state.id])[0].data

    def _start(self, bench: _Bench) -> None:
        job = bench.job
        assert job is not None
        bench.report = str(bench.exported.scratch / f"junit-{new_id()[:12]}.xml")
        line = job.commands[bench.at][1].replace("{junit}", shlex.quote(bench.report))
        variables = self._variables(bench.exported) | ({} if job.to_the_end else _FAIL_FAST)
        left = job.limit_s - (time.monotonic() - bench.started)
        watch = Watch(lambda _: None, lambda _: None, bench.exported.guard)
        bench.running = Running(line, bench.exported.files, variables, max(0.05, left), watch)

    def _step(self, bench: _Bench, wait_s: float) -> Done | None:
        job, running = bench.job, bench.running
        assert job is not None
        assert running is not None
        ended = running.step(wait_s)
        if ended is None:
            return None
        came, tests = self._judge(bench, job, ended)
        bench.running = None
        if came is Came.PASSED and bench.at + 1 < len(job.commands):
            bench.at += 1
            self._start(bench)
            return None
        bench.job = None
        return Done(job, came, time.monotonic() - bench.started, tests, ended.output)

    def _judge(self, bench: _Bench, job: Job, ended: Ended) -> tuple[Came, tuple[str, ...]]:
        name, line = job.commands[bench.at]
        if above := believed_above(bench.exported.files):
            raise CouldNotCheck(f"{above} is there now, which tests would believe", hint="move it away")
        if ended.status is None:
            return Came.SLOW, ()
        report = Path(bench.report)
        counts = read_counts(report) if "{junit}" in line else None
        wanted = self._target.policy.tests.min_tests if name == TESTS else 0
        least = min(1, wanted) if job.fewer else wanted
        outcome = evidence.judge(line, ended.status, counts, least)
        if outcome is Outcome.PASSED:
            return Came.PASSED, ()
        if outcome is Outcome.NOT_FOUND:
            raise CouldNotCheck(f"`{line}` was not found in the export", hint="see `setup` and `links` under [tests]")
        if outcome is not Outcome.FAILED or ended.status >= 128 or never_began(ended.output):
            # No report, fewer tests than there must be, a signal: nothing that a test has said.
            return Came.BROKEN, ()
        names = read_failed(report) if "{junit}" in line else ()
        # Where a test file could not be loaded, Node and vitest report the file itself as the test that failed.
        if names and all((bench.exported.files / name.rpartition("::")[2]).is_file() for name in names):
            return Came.BROKEN, ()
        return Came.FAILED, names


def with_files(command: str, files: tuple[str, ...]) -> str:
    """A command line with `{files}` filled in."""
    return command.replace("{files}", " ".join(shlex.quote(os.fsdecode(each)) for each in files))
