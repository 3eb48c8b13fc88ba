"""The commonest log lines of each task added up: what processes and chunks of a log hand to one another."""

# ruff: noqa: PLR1730 - `max` and `min` are calls, which a million lines pay for

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from planfence.core.log import Clock
from planfence.core.taskfacts import QUIET_EVENTS, Facts

_HAND = re.compile(r"task=([^,%\r\n]+),model=([^,%\r\n]*)")
_RAN = re.compile(
    rf"{_HAND.pattern},cost=,time_min=,review_round=,event=({'|'.join(sorted(QUIET_EVENTS))}),result=([a-z]+)"
    r"(?:,plan=[^,%\r\n]*)?(?:,stage=([^,%\r\n]*))?(?:,theme=([^,%\r\n]*))?"
)
_LATE, _EARLY = "~", ""


class Sums:
    """The common lines of some text, added up by their words: plain data, which a process can hand to another.

    ``hands`` has for each `task=…,model=…` [lines, first time, last time, dollars, lines with dollars, minutes, lines
    with minutes, highest round]; ``rans`` for each hook's words [lines, first time, last time]. Times are text.
    ``lines`` are those that were added up.
    """

    def __init__(self) -> None:
        self.hands: dict[str, list[Any]] = {}
        self.rans: dict[str, list[Any]] = {}
        self.lines = 0

    def of_hands(self, words: list[str]) -> list[list[Any]] | None:
        """The sums that belong to these words, one by one; None where one can't be read."""
        return _found(words, self.hands, _HAND, [0, _LATE, _EARLY, 0.0, 0, 0.0, 0, 0.0])

    def of_rans(self, words: list[str]) -> list[list[Any]] | None:
        """As :meth:`of_hands`, for hooks' words."""
        return _found(words, self.rans, _RAN, [0, _LATE, _EARLY])

    def merge(self, facts: Facts, clock: Clock, prefix: str) -> None:
        """Put the sums into facts."""
        for words, sums in self.hands.items():
            if sums[0]:
                _merge_hand(facts, clock, prefix, words, sums)
        for words, sums in self.rans.items():
            if sums[0]:
                _merge_ran(facts, clock, prefix, words, sums)


def _found(
    words: list[str], known: dict[str, list[Any]], pattern: re.Pattern[str], empty: list[Any]
) -> list[list[Any]] | None:
    found = list(map(known.get, words))
    if all(found):
        return found  # type: ignore[return-value] # none is None
    for each in set(words).difference(known):
        if not pattern.fullmatch(each):
            return None
        known[each] = empty.copy()
    return [known[each] for each in words]


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


def _merge_hand(facts: Facts, clock: Clock, prefix: str, words: str, sums: list[Any]) -> None:
    task, model = _words(_HAND, words)
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


def _merge_ran(facts: Facts, clock: Clock, prefix: str, words: str, sums: list[Any]) -> None:
    task, model, event, result, stage, theme = _words(_RAN, words)
    found, (lines, first, last) = facts.task(prefix + task), sums
    began, ended = clock(first, True), clock(last, True)
    found.saw(began)
    found.saw(ended)
    facts.runs[event, result] += lines
    found.ran += lines
    found.refused += lines if result == "refused" else 0
    if stage == "implement" and model:
        found.made = min(found.made, (began, model))
    if theme:
        found.themed = max(found.themed, (ended, theme))


def _words(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text)
    assert match is not None
    return match.groups("")
