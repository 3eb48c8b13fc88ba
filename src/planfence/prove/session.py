"""The questions themselves: which trees are tried, how often, and what is known of each so far."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from planfence.change.hunks import FileState
from planfence.errors import PlanfenceError
from planfence.ledger.proofs import Proof, Question, TrialOutcome
from planfence.prove.bench import Came, Command, Done, Job, Yard
from planfence.prove.chance import is_sure, needed
from planfence.prove.parts import Division, NoTreeError, Part, joined, surely_broken, without
from planfence.prove.pieces import cut_out, pieces
from planfence.records import dataclass, field

#: What may be asked, in the order in which it is.
LEVELS = ("change", "old-tests", "hunks")
#: A trial may take three times as long as the whole change, and never less than this much longer (seconds).
_SLOWER, _LEAST_S = 3.0, 2.0
#: The tests pass this often before anything is asked.
_GREEN = 2
_CHANGE, _OLD = "change", "old-tests"


@dataclass(frozen=True, slots=True)
class ProofProgress:
    """Who is told: ``say`` a line, ``show`` the one line of progress."""

    say: Callable[[str], None]
    show: Callable[[str], None]


def old_tests(division: Division) -> frozenset[str]:
    """The units of tests, if the change edits or deletes any, or chooses among them.

    What is only added was not there before.
    """
    edited = any(division.units[each].file.old_mode for each in division.tests)
    return division.tests if edited or division.chooses else frozenset()


@dataclass(slots=True)
class TrialTree:
    """One trial so far: what is taken back now, and what to try if that does not build."""

    question: Question
    part: Part | None
    states: dict[str, FileState | None]
    later: list[dict[str, FileState | None]]
    failures: int = 0
    end: TrialOutcome | None = None
    seconds: float = 0.0
    slow: int = 0
    tests: frozenset[str] | None = None

    def answer(self, passes: int) -> TrialOutcome | None:
        """What can be said of it; None if nothing yet."""
        if self.end is not None:
            return self.end
        if not self.failures:
            return None
        return TrialOutcome.NOTICED if is_sure(self.failures, passes) else TrialOutcome.SEEN


class FlakyError(Exception):
    """The same tree passed and failed; says what showed it."""


class RedError(PlanfenceError):
    """The tests do not pass on the whole change."""


@dataclass(slots=True)
class Session:
    """What is asked of one change, and what is known so far.

    ``commands_before`` are for the tests as they were: other files may hold them.
    """

    division: Division
    commands: tuple[Command, ...]
    yard: Yard
    until: float
    teller: ProofProgress
    timeout_s: float
    task: str = ""
    commands_before: tuple[Command, ...] = ()
    passes: int = 0
    green_s: float = 0.0
    trials: dict[str, TrialTree] = field(default_factory=dict)
    total: int = 0
    divided: bool = False

    def is_answered(self, level: str) -> bool:
        """Whether a level's questions all have an answer, however sure: what was never run has none."""
        if level == "hunks":
            own = [one for one in self.trials.values() if one.question is Question.HUNK]
            return self.divided and all(one.answer(self.passes) is not None for one in own)
        key, there = (
            (_CHANGE, bool(self.division.parts)) if level == "change" else (_OLD, bool(old_tests(self.division)))
        )
        return not there or (key in self.trials and self.trials[key].answer(self.passes) is not None)

    # -- runs --

    def green(self, times: int) -> None:
        """Run the whole change some more times; all must pass."""
        # Slower than before is not flaky: the machine may have become busier, and its pace is what is looked for.
        jobs = deque(Job("", {}, self.commands, self.timeout_s, to_the_end=True) for _ in range(times))
        for done in self.yard.run(jobs, self.until):
            self.take_green(done)

    def take_green(self, done: Done) -> None:
        """Take what came of a run of the whole change."""
        if done.came is Came.PASSED:
            self.passes += 1
            self.green_s = max(self.green_s, done.seconds)
        elif self.passes or any(each.failures for each in self.trials.values()):
            raise FlakyError(f"a run of the whole change {done.came}, after {self.passes} that passed")
        else:
            raise RedError(
                f"the tests do not pass on this tree ({done.came}), so that they can prove nothing",
                hint=f"planfence test {self.task}".rstrip(),
            )

    def job(self, key: str) -> Job:
        """The next run of a trial."""
        one = self.trials[key]
        limit = max(_SLOWER * self.green_s, self.green_s + _LEAST_S)
        old = one.question is Question.OLD_TESTS
        return Job(key, one.states, self.commands_before if old else self.commands, limit, to_the_end=old, fewer=old)

    def ask(self, keys: Iterable[str]) -> None:
        """Run each trial that is not decided once, and what stands in for those that do not build.

        What took too long is run again after the whole change, by whose pace it is judged: the machine may have become
        busier meanwhile.
        """
        self._ask(deque(self.job(key) for key in keys))
        slow = [key for key, one in self.trials.items() if one.slow == 1]
        if slow and time.monotonic() < self.until:
            self.green(1)
            self._ask(deque(self.job(key) for key in slow))

    def _ask(self, queue: deque[Job]) -> None:
        for done in self.yard.run(queue, self.until):
            one = self.trials[done.job.key]
            one.seconds = max(one.seconds, done.seconds)
            if done.came is Came.PASSED:
                if one.failures:
                    raise FlakyError(f"the change without {one.part.path if one.part else 'it'} failed, then passed")
                one.end = TrialOutcome.UNNOTICED
            elif done.came is Came.SLOW:
                one.slow += 1
                one.end = TrialOutcome.SLOW if one.slow > 1 else None
            elif done.came is Came.FAILED or (one.question is not Question.HUNK and not one.later):
                one.failures += 1
                one.later = []
                names = frozenset(done.tests)
                one.tests = names if one.tests is None else one.tests & names
            elif one.failures:
                raise FlakyError("a tree that failed by its tests did not build the next time")
            elif one.later:
                one.states = one.later.pop(0)
                queue.append(self.job(done.job.key))
            else:
                one.end = TrialOutcome.INSEPARABLE
            self.progress()

    def confirm(self, keys: Iterable[str]) -> None:
        """Repeat what failed, and the whole change, until it can't be chance."""
        while time.monotonic() < self.until:
            waiting = [key for key in keys if self.trials[key].answer(self.passes) is TrialOutcome.SEEN]
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
        """Show how far it is."""
        parts = [each for each in self.trials.values() if each.part is not None]
        known = [each for each in parts if each.answer(self.passes) is not None]
        bad = sum(each.end is TrialOutcome.UNNOTICED for each in known)
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
        good = [states for states in trees if states and not surely_broken(self.division, states)]
        known = self.trials.get(key)
        if not good:
            self.trials[key] = known or TrialTree(question, part, {}, [], end=TrialOutcome.INSEPARABLE)
        elif known is not None:
            known.states, known.later = good[0], good[1:]
        else:
            self.trials[key] = TrialTree(question, part, good[0], good[1:])


def _trees(division: Division, choices: Iterable[Iterable[str]]) -> Iterator[dict[str, FileState | None]]:
    for units in choices:
        try:
            yield without(division, frozenset(units))
        except NoTreeError:
            continue


def remember(session: Session, known: Proof | None) -> None:
    """Take over what an earlier call learned; of a flaky suite that is nothing."""
    if known is None or known.flaky:
        return
    session.passes = known.passes
    session.total = known.total
    session.divided = "hunks" in known.asked
    session.green_s = known.green_s
    for each in known.trials:
        end = None if each.answer in (TrialOutcome.NOTICED, TrialOutcome.SEEN) else each.answer
        place = Part(each.key, frozenset(), each.path, each.first, each.last, each.lines) if each.path else None
        session.trials[each.key] = TrialTree(
            each.question, place, {}, [], each.failures, end, each.seconds, tests=frozenset(each.tests) or None
        )


def ask_all(session: Session, levels: tuple[str, ...]) -> None:
    """Ask all questions of these levels that are open, until the time is over. Raises :class:`FlakyError`."""
    division = session.division
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
        # Build files as they were may not build the code as it is: then the tests alone.
        choices = dict.fromkeys((old, old - division.chooses)) if division.chooses else (old,)
        session.add(Question.OLD_TESTS, _OLD, None, _trees(division, choices))
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


def _ask_pieces(session: Session) -> None:
    """Ask about what lies inside of parts that only show as a whole that they matter, or that do not stand alone.

    The outermost come first: nobody has to ask about what lies in one that goes unnoticed.
    """
    division, asked = session.division, []
    waiting = [
        piece
        for part in division.parts
        if session.trials[part.key].answer(session.passes) not in (TrialOutcome.UNNOTICED, None)
        for piece in pieces(division, part)
    ]
    while waiting:
        outer = [one for one in waiting if not any(each.holds(one) for each in waiting)]
        for piece in outer:
            trees: list[dict[str, FileState | None]] = [{piece.path: each} for each in cut_out(division, piece)]
            session.add(Question.HUNK, piece.key, piece, trees)
        session.total += len(outer)
        session.ask(piece.key for piece in outer if session.trials[piece.key].answer(session.passes) is None)
        asked += outer
        idle = [one for one in outer if session.trials[one.key].end is TrialOutcome.UNNOTICED]
        done = {piece.key for piece in outer}
        waiting = [one for one in waiting if one.key not in done and not any(each.holds(one) for each in idle)]
    session.confirm([piece.key for piece in asked])
    session.divided = True
