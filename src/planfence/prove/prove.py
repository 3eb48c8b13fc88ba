"""Asks a change's tests three questions, by taking parts of the change away, and records the answers.

*Red without it*: the tests as they are on the code as it was. *Each part matters*: the change without one part.
*Old tests, new code*: the tests as they were on the code as it is. The worktree, the index and the branches are never
touched: every trial runs in an export that goes away afterwards.
"""

from __future__ import annotations

import difflib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from planfence import __version__, risks
from planfence.change import patches
from planfence.change.hunks import FileState
from planfence.change.pathclass import PathClass, classify
from planfence.content.judged import Judged
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gate.testtarget import Target, target_of
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.judge import content
from planfence.ledger.evidence import TESTS
from planfence.ledger.proofs import Answer, Proof, Question, Trial
from planfence.ledger.records import believed_proofs, new_id, now, read_book, read_history, write_proof
from planfence.prove.bench import Came, Command, Done, Job, Yard, with_files
from planfence.prove.chance import is_sure, needed
from planfence.prove.parts import Division, NoTreeError, Part, cut_out, divide, joined, pieces, surely_broken, without
from planfence.records import dataclass, field, replace

#: What may be asked, each with what it holds.
LEVELS = ("change", "old-tests", "hunks")
#: A trial may take three times as long as the whole change, and never less than this much longer (seconds).
_SLOWER, _LEAST_S = 3.0, 2.0
#: The tests pass this often before anything is asked.
_GREEN = 2
_CHANGE, _OLD = "change", "old-tests"


@dataclass(frozen=True, slots=True)
class Teller:
    """Who is told: ``say`` a line, ``show`` the one line of progress."""

    say: Callable[[str], None]
    show: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TaskChange:
    """A change whose tests are asked: what is tested, and how the change divides."""

    repository: Repository
    target: Target
    division: Division

    @property
    def nothing(self) -> bool:
        """Whether it does nothing that a test could notice, and rewrites no test."""
        return not self.division.parts and not old_tests(self.division)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it. ``proof`` is None where there was nothing to ask; ``cut`` says that the budget ended it."""

    change: TaskChange
    proof: Proof | None
    cut: bool = False


def change_of(repository: Repository, wanted: str = "", rev: str = "") -> TaskChange:
    """Find the change of a task (its commits since the base), or of a revision, and take it apart."""
    target = target_of(repository, wanted, rev=rev)
    only: frozenset[str] | None = None
    if target.task_name and target.base:
        target, only = _narrowed(repository, target)
    return take_apart(repository, target, only)


def take_apart(repository: Repository, target: Target, only: frozenset[str] | None = None) -> TaskChange:
    """Take apart what lies between a target's trees; ``only`` are the paths that count (None: all)."""
    policy = target.policy
    base, tree = target.trees["base"], target.tree
    judged = [
        one
        for one in content.between(repository, base, tree)
        if only is None or only & {one.unit.path, one.unit.file.old_path}
    ]

    def own_tests(path: str) -> bool:
        return bool(policy.tests.paths) and paths.matches(policy.tests.paths, path)

    def governs(path: str) -> bool:
        return policy.governs(path) or path in (policy.log, policy.run_log)

    return TaskChange(repository, target, divide(judged, own_tests, governs, _risk(repository, base, tree, judged)))


def _narrowed(repository: Repository, target: Target) -> tuple[Target, frozenset[str] | None]:
    """The target with the base of the task's own commits, and the paths that they change, where others' lie between."""
    span = read_history(repository, [target.commit, f"^{target.base}"])
    mine = [fact.commit for fact in span.facts if fact.task == target.task_name]
    if not mine or len(mine) == len(span.parents):
        return target, None
    from planfence.change import reader

    first = span.parents[mine[-1]]
    base = first[0] if first else target.base
    tree = repository.git.text("rev-parse", "--verify", "--end-of-options", f"{base}^{{tree}}")
    changed = frozenset(path for commit in mine for path in reader.commit(repository, commit).paths)
    return replace(target, base=base, trees=target.trees | {"base": tree}), changed


def _risk(repository: Repository, base: str, tree: str, judged: Iterable[Judged]) -> dict[str, int]:
    """How risky each unit is: what a reviewer should see first, by its place in the file."""
    weights: dict[str, int] = {}
    found = list(risks.find(patches.read_patch(repository, base, tree)))
    for one in judged:
        hunk = one.unit.hunk
        for each in found:
            if each.path == one.unit.path and (
                hunk is None
                or not each.hit.line
                or hunk.new_start < each.hit.line <= hunk.new_start + len(hunk.new)
                or hunk.old_start < each.hit.line <= hunk.old_start + len(hunk.old)
            ):
                weights[one.unit.id] = max(weights.get(one.unit.id, 0), each.risk.weight)
    return weights


def old_tests(division: Division) -> frozenset[str]:
    """The units of tests, if the change edits or deletes any: what is only added was not there before."""
    edited = any(division.units[each].file.old_mode for each in division.tests)
    return division.tests if edited else frozenset()


def commands_of(change: TaskChange) -> tuple[Command, ...]:
    """The criteria's commands, then the policy's: with `{files}` first on the change's own tests, then on all."""
    own = tuple(
        dict.fromkeys(
            unit.path
            for unit in change.division.units.values()
            if unit.id in change.division.tests and unit.file.new_mode and classify(unit.path) is PathClass.TEST
        )
    )
    found: list[Command] = []
    for name, line in sorted(change.target.commands.values(), key=lambda each: each[0] == TESTS):
        if "{files}" in line and own:
            found.append((f"{name} of the change", with_files(line, own)))
        found.append((name, with_files(line, ())))
    return tuple(dict.fromkeys(found))


# -- what is known so far -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """One trial so far: what is taken back now, and what to try if that does not build."""

    question: Question
    part: Part | None
    states: dict[str, FileState | None]
    later: list[dict[str, FileState | None]]
    failures: int = 0
    end: Answer | None = None
    seconds: float = 0.0
    tests: frozenset[str] | None = None

    def answer(self, passes: int) -> Answer | None:
        """What can be said of it; None if nothing yet."""
        if self.end is not None:
            return self.end
        if not self.failures:
            return None
        return Answer.NOTICED if is_sure(self.failures, passes) else Answer.SEEN


class _Flaky(Exception):
    """The same tree passed and failed; says what showed it."""


@dataclass(slots=True)
class _Session:
    change: TaskChange
    commands: tuple[Command, ...]
    yard: Yard
    until: float
    teller: Teller
    passes: int = 0
    green_s: float = 0.0
    trials: dict[str, _Open] = field(default_factory=dict)
    total: int = 0

    # -- runs --

    def green(self, times: int) -> None:
        """Run the whole change some more times; all must pass."""
        limit = max(_SLOWER * self.green_s, self.green_s + _LEAST_S) if self.green_s else None
        jobs = deque(
            Job("", {}, self.commands, limit or self.change.target.policy.tests.timeout_s, to_the_end=True)
            for _ in range(times)
        )
        for done in self.yard.run(jobs, self.until):
            self.take_green(done)

    def take_green(self, done: Done) -> None:
        if done.came is Came.PASSED:
            self.passes += 1
            self.green_s = max(self.green_s, done.seconds)
        elif self.passes or any(each.failures for each in self.trials.values()):
            raise _Flaky(f"a run of the whole change {done.came}, after {self.passes} that passed")
        else:
            raise PlanfenceError(
                f"the tests do not pass on this tree ({done.came}), so that they can prove nothing",
                hint=f"planfence test {self.change.target.task_name}".rstrip(),
            )

    def job(self, key: str) -> Job:
        one = self.trials[key]
        limit = max(_SLOWER * self.green_s, self.green_s + _LEAST_S)
        return Job(key, one.states, self.commands, limit, to_the_end=one.question is Question.OLD_TESTS)

    def ask(self, keys: Iterable[str]) -> None:
        """Run each trial that is not decided once, and what stands in for those that do not build."""
        queue = deque(self.job(key) for key in keys)
        for done in self.yard.run(queue, self.until):
            one = self.trials[done.job.key]
            one.seconds = max(one.seconds, done.seconds)
            if done.came is Came.PASSED:
                if one.failures:
                    raise _Flaky(f"the change without {one.part.path if one.part else 'it'} failed, then passed")
                one.end = Answer.UNNOTICED
            elif done.came is Came.SLOW:
                one.end = one.end or Answer.SLOW
            elif done.came is Came.FAILED or one.question is Question.CHANGE or one.question is Question.OLD_TESTS:
                one.failures += 1
                names = frozenset(done.tests)
                one.tests = names if one.tests is None else one.tests & names
            elif one.failures:
                raise _Flaky("a tree that failed by its tests did not build the next time")
            elif one.later:
                one.states = one.later.pop(0)
                queue.append(self.job(done.job.key))
            else:
                one.end = Answer.INSEPARABLE
            self.progress()

    def confirm(self, keys: Iterable[str]) -> None:
        """Repeat what failed, and the whole change, until it can't be chance."""
        while time.monotonic() < self.until:
            waiting = [key for key in keys if self.trials[key].answer(self.passes) is Answer.SEEN]
            if not waiting:
                return
            red_s = sum(self.trials[key].seconds for key in waiting) / len(waiting)
            counts = [self.trials[key].failures for key in waiting]
            reds, greens = needed(counts, self.passes, max(red_s, 0.01), max(self.green_s, 0.01))
            before = self.passes, sum(counts)
            # One round of each at a time: a suite that fails by chance shows it early.
            if greens > self.passes:
                self.green(min(self.yard.size, greens - self.passes))
            self.ask([key for key in waiting if self.trials[key].failures < reds])
            if before == (self.passes, sum(self.trials[key].failures for key in waiting)):
                return  # the time is over

    def progress(self) -> None:
        parts = [each for each in self.trials.values() if each.part is not None]
        known = [each for each in parts if each.answer(self.passes) is not None]
        bad = sum(each.end is Answer.UNNOTICED for each in known)
        left = max(0, self.until - time.monotonic())
        what = f"{len(known)} of {self.total} parts asked, {bad} unnoticed" if self.total else "the change as a whole"
        self.teller.show(f"{what}; {left // 60:.0f}:{left % 60:02.0f} left (Ctrl-C keeps what was learned)")

    # -- trials --

    def add(
        self, question: Question, key: str, part: Part | None, trees: Iterable[dict[str, FileState | None]]
    ) -> None:
        """Open a trial with the trees that may answer it, the first that builds; one that is known stays."""
        if key in self.trials:
            self.trials[key].part = part
            if self.trials[key].end is not None:
                return
        good = [states for states in trees if states and not surely_broken(self.change.division, states)]
        known = self.trials.get(key)
        if not good:
            self.trials[key] = known or _Open(question, part, {}, [], end=Answer.INSEPARABLE)
        elif known is not None:
            known.states, known.later = good[0], good[1:]
        else:
            self.trials[key] = _Open(question, part, good[0], good[1:])


def _trees(division: Division, choices: Iterable[Iterable[str]]) -> Iterator[dict[str, FileState | None]]:
    for units in choices:
        try:
            yield without(division, frozenset(units))
        except NoTreeError:
            continue


def prove(
    change: TaskChange, levels: Iterable[str], budget_s: float, teller: Teller, *, again: bool = False
) -> Answered:
    """Ask, record, and answer; goes on where an earlier call about the same trees and commands stopped.

    Raises :class:`PlanfenceError` where there is no test command or the tests do not pass as they are,
    :class:`CouldNotCheck` where they could not be run. Ctrl-C records what was learned and goes on.
    """
    repository, target = change.repository, change.target
    levels = tuple(level for level in LEVELS if level in levels)
    commands = commands_of(change)
    if not commands:
        raise PlanfenceError(
            "there is nothing to ask: the policy names no test command, and no criterion has one",
            hint='write `command = "pytest -q --junit-xml={junit}"` under [tests] in planfence.toml',
        )
    if not target.base:
        raise PlanfenceError("there is nothing before this commit to compare with", hint="name a later one: --rev REV")
    if change.nothing:
        return Answered(change, None)
    known = None if again else _known(change, commands)
    if known is not None and set(levels) <= set(known.asked) and _is_whole(known):
        return Answered(change, known)
    after = {
        file.path: FileState(file.path, file.new_mode, None, file.new_id)
        for file in change.division.files
        if file.new_mode
    }
    started = time.monotonic()
    jobs = target.policy.tests.jobs
    flaky = ""
    with Yard(repository, target, after, jobs) as yard:
        session = _Session(change, commands, yard, started + budget_s, teller)
        yard.tick = session.progress
        _remember(session, known)
        try:
            _ask(session, levels)
        except _Flaky as error:
            flaky = str(error)
        except KeyboardInterrupt:
            if session.passes:
                _record(session, levels, known, flaky)
            raise
        if not session.passes and not flaky:
            raise CouldNotCheck(
                "the time was over before the tests had passed once", hint="give more of it: --budget 30m"
            )
        proof = _record(session, levels, known, flaky)
    return Answered(change, proof, cut=not flaky and not _is_whole(proof))


def _is_whole(proof: Proof) -> bool:
    """Whether all that was to be asked was answered."""
    told = [each for each in proof.trials if each.answer is not Answer.SEEN]
    parts = sum(each.question is Question.HUNK for each in told)
    return not proof.flaky and len(told) == len(proof.trials) and ("hunks" not in proof.asked or parts >= proof.total)


def _known(change: TaskChange, commands: tuple[Command, ...]) -> Proof | None:
    target = change.target
    found = [
        each
        for each in believed_proofs(change.repository, read_book(change.repository), target.policy, target.tree)
        if (each.tree, each.base_tree, each.commands, each.setup, each.task)
        == (target.tree, target.trees["base"], commands, target.policy.tests.setup, target.task_name)
    ]
    return max(found, key=lambda each: each.seq, default=None)


def _remember(session: _Session, known: Proof | None) -> None:
    """Take over what an earlier call learned; of a flaky suite that is nothing."""
    if known is None or known.flaky:
        return
    session.passes = known.passes
    session.total = known.total
    session.green_s = known.green_s
    for each in known.trials:
        end = None if each.answer in (Answer.NOTICED, Answer.SEEN) else each.answer
        place = Part(each.key, frozenset(), each.path, each.first, each.last, each.lines) if each.path else None
        session.trials[each.key] = _Open(
            each.question, place, {}, [], each.failures, end, each.seconds, frozenset(each.tests) or None
        )


def _ask(session: _Session, levels: tuple[str, ...]) -> None:
    division = session.change.division
    # Every export runs the whole change first: it has what a build leaves behind then, and its pace is known.
    session.progress()
    session.green(session.yard.size)
    if session.passes < _GREEN:
        session.green(_GREEN - session.passes)
    whole: list[str] = []
    if "change" in levels and division.parts:
        session.add(Question.CHANGE, _CHANGE, None, _trees(division, [division.rest]))
        whole.append(_CHANGE)
    old = old_tests(division)
    if "old-tests" in levels and old:
        session.add(Question.OLD_TESTS, _OLD, None, _trees(division, [old]))
        whole.append(_OLD)
    session.ask(key for key in whole if session.trials[key].answer(session.passes) is None)
    session.confirm(whole)
    if "hunks" not in levels:
        return
    for part in division.parts:
        session.add(Question.HUNK, part.key, part, _trees(division, [part.units, *joined(division, part.units)]))
    keys = [part.key for part in division.parts]
    session.total = len(keys)
    session.ask(key for key in keys if session.trials[key].answer(session.passes) is None)
    session.confirm(keys)
    _ask_pieces(session)


def _ask_pieces(session: _Session) -> None:
    """Ask about what lies inside of parts that only show as a whole that they matter, or that do not stand alone."""
    division = session.change.division
    keys: list[str] = []
    for part in division.parts:
        if session.trials[part.key].answer(session.passes) not in (Answer.NOTICED, Answer.INSEPARABLE):
            continue
        for piece in pieces(division, part):
            keys.append(piece.key)
            session.add(
                Question.HUNK, piece.key, piece, ({piece.path: state} for state in cut_out(division, piece) if state)
            )
    session.total += len(keys)
    session.ask(key for key in keys if session.trials[key].answer(session.passes) is None)
    session.confirm(keys)


# -- the record ---------------------------------------------------------------------------------------------------


def _record(session: _Session, levels: tuple[str, ...], known: Proof | None, flaky: str) -> Proof:
    change = session.change
    target = change.target
    trials = (
        () if flaky else tuple(_trial(session, key, one) for key, one in session.trials.items() if _told(session, one))
    )
    proof = Proof(
        id=new_id(),
        seq=(known.seq if known is not None else 0) + 1,
        task=target.task_name,
        tree=target.tree,
        commit=target.commit,
        base=target.base,
        base_tree=target.trees["base"],
        plan_version=target.plan.version if target.plan else 0,
        stage=target.stage,
        model=target.model,
        setup=target.policy.tests.setup,
        commands=session.commands,
        passes=session.passes,
        green_s=session.green_s,
        flaky=flaky,
        asked=tuple(level for level in LEVELS if level in levels or (known is not None and level in known.asked)),
        total=session.total,
        trials=trials,
        tool=f"planfence {__version__}",
        at=now(),
    )
    write_proof(change.repository, target.policy, proof, {}, target.trees)
    return proof


def _told(session: _Session, one: _Open) -> bool:
    return one.answer(session.passes) is not None


def _trial(session: _Session, key: str, one: _Open) -> Trial:
    part = one.part
    answer = one.answer(session.passes)
    assert answer is not None
    tests = tuple(sorted(one.tests or ()))
    if one.question is Question.OLD_TESTS and not tests:
        tests = tuple(
            dict.fromkeys(
                unit.file.old_path
                for unit in session.change.division.units.values()
                if unit.id in session.change.division.tests and unit.file.old_mode
            )
        )
    return Trial(
        one.question,
        key,
        answer,
        part.path if part else "",
        part.first if part else 0,
        part.last if part else 0,
        part.lines if part else 0,
        one.failures,
        one.seconds,
        tests,
    )


# -- showing ------------------------------------------------------------------------------------------------------


def patch_of(change: TaskChange, key: str) -> bytes:
    """The patch that takes one part back, as `git apply` reads it. Raises :class:`PlanfenceError` for no such part."""
    division = change.division
    found = next((part for part in division.parts if part.key == key), None)
    if found is not None:
        states = without(division, found.units)
    else:
        inner = (piece for part in division.parts for piece in pieces(division, part) if piece.key == key)
        piece = next(inner, None)
        if piece is None:
            raise PlanfenceError(
                f"this change has no part named {key}", hint="the parts' names stand in `planfence prove --json`"
            )
        good = [
            state for state in cut_out(division, piece) if state and not surely_broken(division, {piece.path: state})
        ]
        states = {piece.path: good[0]} if good else {}
    files = {file.path: file for file in division.files}
    lines: list[bytes] = []
    for path, state in states.items():
        file = files.get(path)
        new = file.new if file is not None and file.new_mode else b""
        old = None if state is None else state.data if state.data is not None else file.old if file else None
        name = paths.encode(path)
        lines += difflib.diff_bytes(
            difflib.unified_diff,
            (new or b"").splitlines(keepends=True),
            (old or b"").splitlines(keepends=True),
            b"a/" + name,
            b"/dev/null" if state is None else b"b/" + name,
        )
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)
