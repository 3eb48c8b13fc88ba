"""The commonest log lines of each task added up: what processes and chunks of a log hand to one another."""

# ruff: noqa: PLR1730 - `max` and `min` are calls, which a million lines pay for

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from planfence.core.log import Clock
from planfence.core.taskfacts import QUIET_EVENTS, Facts

_HAND = re.compile(r"task=([^,%\r\n]+),model=([^,%\r\n]*)")
_RAN = re.compile(
    rf"{_HAND.pattern},cost=,time_min=,review_round=,event=({'|'.join(sorted(QUIET_EVENTS))}),result=([a-z]+),"
    r"(?:plan=[^,%\r\n]*,)?(?:stage=([^,%\r\n]*),)?(?:theme=([^,%\r\n]*),)?"
)
#: Later, and earlier, than the text of any time.
LATE, EARLY = "~", ""


class _Words(dict[str, list[Any]]):
    """Sums by words; new words are read when they are first asked for: ValueError where they can't be."""

    def __init__(self, pattern: re.Pattern[str], empty: list[Any]) -> None:
        super().__init__()
        self._pattern, self._empty = pattern, empty
        self._groups: list[tuple[str, ...]] = []

    def __missing__(self, words: str) -> list[Any]:
        match = self._pattern.fullmatch(words)
        if not match:
            raise ValueError(words)
        self._groups.append(match.groups(""))
        sums = self[words] = self._empty.copy()
        return sums

    def read(self) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
        """The words' groups and their sums, where lines were added."""
        return ((groups, sums) for groups, sums in zip(self._groups, self.values(), strict=True) if sums[0])


class Sums:
    """The common lines of some text, added up by their words; ``lines`` are those that were."""

    def __init__(self) -> None:
        self.lines = 0
        self._hands = _Words(_HAND, [0, LATE, EARLY, 0.0, 0, 0.0, 0, 0.0])
        self._rans = _Words(_RAN, [0, LATE, EARLY])

    def of_hands(self, words: list[str]) -> list[list[Any]]:
        """The sums that belong to these words, one by one; raises ValueError where one can't be read."""
        return list(map(self._hands.__getitem__, words))

    def of_rans(self, words: list[str]) -> list[list[Any]]:
        """As :meth:`of_hands`, for hooks' words."""
        return list(map(self._rans.__getitem__, words))

    def totals(self) -> Totals:
        """Everything so far, added up by tasks."""
        totals = Totals(dict(self._hands.read()), self.lines)
        for (task, model, event, result, stage, theme), (lines, first, last) in self._rans.read():
            maker = (first, model) if stage == "implement" and model else (LATE, "")
            totals.add_ran(task, (event, result), lines, (first, last), maker, (last, theme) if theme else (EARLY, ""))
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
        self,
        task: str,
        run: tuple[str, str],
        lines: int,
        times: tuple[str, str],
        made: tuple[str, str],
        themed: tuple[str, str],
    ) -> None:
        """Add what so many hooks' lines of a task come to, with the same (event, result) as ``run``.

        ``times`` are the first and the last, ``made`` and ``themed`` as in ``rans``.
        """
        found = self.rans.get(task)
        if found is None:
            found = self.rans[task] = [0, 0, LATE, EARLY, (LATE, ""), (EARLY, "")]
        self.runs[run] += lines
        found[0] += lines
        if run[1] == "refused":
            found[1] += lines
        if times[0] < found[2]:
            found[2] = times[0]
        if times[1] > found[3]:
            found[3] = times[1]
        if made < found[4]:
            found[4] = made
        if themed > found[5]:
            found[5] = themed

    def merge(self, facts: Facts, clock: Clock, prefix: str) -> None:
        """Put the totals into facts."""
        for words, sums in self.hands.items():
            _merge_hand(facts, clock, prefix, words, sums)
        for task, sums in self.rans.items():
            _merge_ran(facts, clock, prefix + task, sums)
        facts.runs.update(self.runs)


def add_hands(rows: Iterable[tuple[list[Any], str, float | None, float | None, float | None]]) -> None:
    """Add hand-written lines to their sums: the sums, time, dollars, minutes, round of each."""
    for sums, when, cost, minutes, rounds in rows:
        sums[0] += 1
        if when < sums[1]:
            sums[1] = when
        if when > sums[2]:
            sums[2] = when
        if cost is not None:
            sums[3] += cost
            sums[4] += 1
        if minutes is not None:
            sums[5] += minutes
            sums[6] += 1
        if rounds is not None and rounds > sums[7]:
            sums[7] = rounds


def add_rans(rows: Iterable[tuple[list[Any], str]]) -> None:
    """Add hooks' lines to their sums: the sums and the time of each."""
    for sums, when in rows:
        sums[0] += 1
        if when < sums[1]:
            sums[1] = when
        if when > sums[2]:
            sums[2] = when


def _merge_hand(facts: Facts, clock: Clock, prefix: str, words: tuple[str, ...], sums: list[Any]) -> None:
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


def _merge_ran(facts: Facts, clock: Clock, task: str, sums: list[Any]) -> None:
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
