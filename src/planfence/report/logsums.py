"""The commonest log lines of each task added up: what processes and chunks of a log hand to one another."""

# ruff: noqa: PLR1730 - `max` and `min` are calls, which a million lines pay for

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from planfence.log.reader import Clock
from planfence.report.taskfacts import QUIET_EVENTS, LogFacts

_WORDS = re.compile(r"task=([^,%\r\n]+),model=([^,%\r\n]*)")
_RUN = re.compile(
    rf"event=({'|'.join(sorted(QUIET_EVENTS))}),result=([a-z]+),"
    r"(?:plan=[^,%\r\n]*,)?(?:stage=([^,%\r\n]*),)?(?:theme=([^,%\r\n]*),)?"
)
#: Later, and earlier, than the text of any time.
LATE, EARLY = "~", ""


class _Run:
    """Words of hooks' lines that say what ran: how many lines have them, and what those mean for a task."""

    __slots__ = ("implements", "lines", "name", "refused", "theme")

    def __init__(self, event: str, result: str, stage: str, theme: str) -> None:
        self.name, self.refused = (event, result), result == "refused"
        self.implements, self.theme, self.lines = stage == "implement", theme, 0


class _Runs(dict[str, _Run]):
    """What ran, by its words, read when they are first asked for: ValueError where they can't be."""

    def __missing__(self, words: str) -> _Run:
        match = _RUN.fullmatch(words)
        if not match:
            raise ValueError(words)
        run = self[words] = _Run(*match.groups(""))
        return run


#: Nothing yet of a task and model. Hand-written lines: their number, first and last time, dollars, lines without,
#: minutes, lines without, highest round. Hooks' lines: their number, refused, first and last time, first in the
#: implement stage, the last with a theme, and that.
_NOTHING = (0, LATE, EARLY, 0.0, 0, 0.0, 0, 0.0, 0, 0, LATE, EARLY, LATE, EARLY, "")


class _Tasks(dict[str, list[Any]]):
    """Sums by the words of task and model, begun when first asked for: ValueError where the words can't be read."""

    def __missing__(self, words: str) -> list[Any]:
        if not _WORDS.fullmatch(words):
            raise ValueError(words)
        sums = self[words] = list(_NOTHING)
        return sums


class Sums:
    """The common lines of some text, added up by task and model; ``lines`` are those that were.

    Few and small, for what does not fit the processor's cache costs more than all that is done with it.
    """

    def __init__(self) -> None:
        self.lines = 0
        self._tasks, self._runs = _Tasks(), _Runs()

    def of(self, words: Iterable[str]) -> list[list[Any]]:
        """The sums that belong to these words of task and model, one by one; ValueError where one can't be read."""
        return list(map(self._tasks.__getitem__, words))

    def runs_of(self, words: Iterable[str]) -> list[_Run]:
        """As :meth:`of`, what ran by a hook's words."""
        return list(map(self._runs.__getitem__, words))

    @staticmethod
    def add_hands(rows: Iterable[tuple[list[Any], str, float | None, float | None, float | None]]) -> None:
        """Add hand-written lines to their sums: the sums, time, dollars, minutes, round of each."""
        for sums, when, cost, minutes, rounds in rows:
            sums[0] += 1
            if when < sums[1]:
                sums[1] = when
            if when > sums[2]:
                sums[2] = when
            if cost is None:
                sums[4] += 1
            else:
                sums[3] += cost
            if minutes is None:
                sums[6] += 1
            else:
                sums[5] += minutes
            if rounds is not None and rounds > sums[7]:
                sums[7] = rounds

    @staticmethod
    def add_rans(rows: Iterable[tuple[list[Any], str, _Run]]) -> None:
        """Add hooks' lines to their sums: the sums, the time and what ran of each."""
        for sums, when, run in rows:
            run.lines += 1
            sums[8] += 1
            if run.refused:
                sums[9] += 1
            if when < sums[10]:
                sums[10] = when
            if when > sums[11]:
                sums[11] = when
            if run.implements and when < sums[12]:
                sums[12] = when
            if run.theme and when >= sums[13] and (when, run.theme) > (sums[13], sums[14]):
                sums[13], sums[14] = when, run.theme

    def totals(self) -> Totals:
        """Everything so far, added up by tasks."""
        totals = Totals({}, self.lines)
        for words, sums in self._tasks.items():
            match = _WORDS.fullmatch(words)
            assert match
            task, model = match.groups()
            if lines := sums[0]:
                dollars, minutes = (sums[3], lines - sums[4]), (sums[5], lines - sums[6])
                totals.hands[task, model] = [lines, sums[1], sums[2], *dollars, *minutes, sums[7]]
            if sums[8]:
                made = (sums[12], model) if model else (LATE, "")
                totals.add_ran(task, (sums[8], sums[9]), (sums[10], sums[11]), made, (sums[13], sums[14]))
        for run in self._runs.values():
            totals.runs[run.name] += run.lines
        return totals


class Totals:
    """The common lines of some text, added up by tasks: plain data, which a process can hand to another.

    ``hands`` has for each task and model [lines, first time, last time, dollars, lines with dollars, minutes, lines
    with minutes, highest round]; ``rans`` for each task [hooks' lines, refused, first time, last time, first time in
    the implement stage and its model, last time with a theme and that theme]; ``runs`` counts these by event and
    result. Times are text: it has their order within what one :class:`Sums` added up.
    """

    def __init__(self, hands: dict[tuple[str, ...], list[Any]], lines: int) -> None:
        self.hands, self.lines = hands, lines
        self.rans: dict[str, list[Any]] = {}
        self.runs: Counter[tuple[str, str]] = Counter()

    def add_ran(
        self, task: str, lines: tuple[int, int], times: tuple[str, str], made: tuple[str, str], themed: tuple[str, str]
    ) -> None:
        """Add what hooks' lines of a task come to: all and the refused, the first and last time, the rest as above."""
        found = self.rans.get(task)
        if found is None:
            found = self.rans[task] = [0, 0, LATE, EARLY, (LATE, ""), (EARLY, "")]
        found[0] += lines[0]
        found[1] += lines[1]
        if times[0] < found[2]:
            found[2] = times[0]
        if times[1] > found[3]:
            found[3] = times[1]
        if made < found[4]:
            found[4] = made
        if themed > found[5]:
            found[5] = themed

    def merge(self, facts: LogFacts, clock: Clock, prefix: str) -> None:
        """Put the totals into facts."""
        for words, sums in self.hands.items():
            _merge_hand(facts, clock, prefix, words, sums)
        for task, sums in self.rans.items():
            _merge_ran(facts, clock, prefix + task, sums)
        facts.runs.update(self.runs)


def _merge_hand(facts: LogFacts, clock: Clock, prefix: str, words: tuple[str, ...], sums: list[Any]) -> None:
    task, model = words
    lines, first, last, cost, costs, minutes, times, rounds = sums
    found, ended = facts.task(prefix + task), clock(last, False)
    found.saw(clock(first, False))
    found.saw(ended)
    if costs or times:
        for each in (found, found.share("", model)):
            each.cost += cost
            each.costs += costs
            each.time_min += minutes
            each.times += times
    found.rounds = max(found.rounds, int(rounds))
    found.hand += lines
    found.hand_last = max(found.hand_last, ended)


def _merge_ran(facts: LogFacts, clock: Clock, task: str, sums: list[Any]) -> None:
    lines, refused, first, last, (made, model), (themed, theme) = sums
    found = facts.task(task)
    found.saw(clock(first, True))
    found.saw(clock(last, True))
    found.ran += lines
    found.refused += refused
    if model:
        found.made = min(found.made, (clock(made, True), model))
    if theme:
        found.themed = max(found.themed, (clock(themed, True), theme))
