"""Counts what a regular expression costs: a backtracking matcher that does what CPython's does, step by step.

`re` does not say how many steps it took, and time on a busy machine says little. This one tries the same ways in the
same order (its finds are held against `re`'s own), so that its count grows as `re`'s time does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from re import _constants as op
from re import _parser as parser
from types import FrameType
from typing import Any

_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
Holds = Callable[[str], bool]


class TooManySteps(Exception):
    """The matcher gave up."""


class Counter:
    """A regular expression, compiled to a small program: `read`, `fork`, `jump` and what looks around."""

    def __init__(self, expression: str | bytes, flags: int = 0, most: int = 400_000) -> None:
        self.most, self.steps = most, 0
        self.tree = parser.parse(expression, flags)
        self.flags = self.tree.state.flags
        self.plain = isinstance(expression, bytes) or bool(self.flags & re.ASCII)
        self.real = re.compile(expression, flags)
        self.is_bytes = isinstance(expression, bytes)
        self.holders: list[Holds] = []
        self.asks_words = False
        self.known: dict[str, Holds] = {}
        self.marks = 0
        self.refers = "GROUPREF" in repr(list(self.tree))
        #: The bounds of loops: a loop looks as if it had none until a text is repeated more often.
        self.bounds = {8}
        self.program: list[tuple[Any, ...]] = []
        self._sequence(self.tree, self.flags, self.program)
        self.program.append(("end",))
        self.alphabet = alphabet(self)
        self.words: dict[tuple[str, int], list[str]] = {}
        self.failures: dict[str | tuple[str, bool, bool], int] = {}

    def spans(self, text: str, how: str) -> list[tuple[int, int]]:
        """What `match`, `fullmatch` or `finditer` (any other word) finds in the text; counts the steps on the way."""
        self.steps = 0
        found: list[tuple[int, int]] = []
        begin, empty_at = 0, -1
        while begin <= len(text):
            self.steps += 1
            if how not in ("match", "fullmatch"):
                begin = self._skipped(text, begin)
            if self.steps > self.most:
                raise TooManySteps
            end = self._run(self.program, text, begin, {}, whole=how == "fullmatch", not_empty=begin == empty_at)
            if end is not None:
                found.append((begin, end[0]))
                # As `finditer` since Python 3.7: behind an empty find, no other may follow at the same place.
                empty_at = end[0] if end[0] == begin else -1
            if how in ("match", "fullmatch"):
                break
            begin = end[0] if end is not None else begin + 1
        return found

    def really(self, text: str, how: str) -> list[tuple[int, int]]:
        """The same, said by `re`."""
        subject: Any = text.encode("latin-1") if self.is_bytes else text
        if how in ("match", "fullmatch"):
            match = getattr(self.real, how)(subject)
            return [match.span()] if match else []
        return [match.span() for match in self.real.finditer(subject)]

    @property
    def small(self) -> int:
        """How often a text is repeated first: no bound is between that and four times as often."""
        return min(each for each in self.bounds if not any(each < other <= 4 * each for other in self.bounds))

    # ---- the machine

    def _run(  # noqa: C901 - one branch for each kind of step
        self, program: list[tuple[Any, ...]], text: str, start: int, groups: dict[Any, Any], *,
        whole: bool = False, not_empty: bool = False,
    ) -> tuple[int, dict[Any, Any]] | None:  # fmt: skip
        stack: list[tuple[int, int, dict[Any, Any]]] = [(0, start, groups)]
        length, steps, most = len(text), self.steps, self.most
        while stack:
            at, position, marks = stack.pop()
            while True:
                steps += 1
                if steps > most:
                    raise TooManySteps
                step = program[at]
                kind = step[0]
                if kind == "read":
                    if position == length or not step[1](text[position]):
                        break
                    position += 1
                    at += 1
                elif kind == "fork":
                    stack.append((step[2], position, marks))
                    at = step[1]
                elif kind == "jump":
                    at = step[1]
                elif kind == "pass":
                    at += 1
                elif kind == "at":
                    if not step[1](text, position):
                        break
                    at += 1
                elif kind == "moved":  # an empty round ends the loop
                    at = step[2] if marks[step[1]] == position else at + 1
                elif kind == "end":
                    if (position == length or not whole) and (position > start or not not_empty):
                        self.steps = steps
                        return position, marks
                    break
                else:
                    self.steps = steps
                    passed = getattr(self, f"_{kind}")(step, text, position, marks)
                    steps = self.steps
                    if passed is None:
                        break
                    position, marks = passed
                    at += 1
        self.steps = steps
        return None

    def _skipped(self, text: str, begin: int) -> int:
        """The next place at which a way goes on past the first character, counting those before: most have none."""
        steps, most, last, failures = self.steps, self.most, len(text) - 1, self.failures
        while begin <= last and steps <= most:
            key: Any = text[begin - 1 : begin + 1]
            if begin == 0 or begin == last:
                key = text[max(0, begin - 1) : begin + 1], begin == 0, begin == last
            if (failed := failures.get(key)) is None:
                failed = failures[key] = self._failure(text, begin)
            if not failed:
                break
            steps += failed + 1
            begin += 1
        self.steps = steps
        return begin

    def _failure(self, text: str, start: int) -> int:
        """The steps of `_run` if no way goes on past the first character, else 0."""
        stack, steps = [0], 0
        while stack:
            at = stack.pop()
            while True:
                steps += 1
                step = self.program[at]
                kind = step[0]
                if kind == "fork":
                    stack.append(step[2])
                    at = step[1]
                elif kind == "jump":
                    at = step[1]
                elif kind == "read" or kind == "at":
                    if not (step[1](text[start]) if kind == "read" else step[1](text, start)):
                        break
                    if kind == "read":
                        return 0
                    at += 1
                elif kind in ("mark", "pass"):
                    at += 1
                else:
                    return 0
        return steps

    def _mark(self, step: Any, text: str, position: int, marks: dict[Any, Any]) -> tuple[int, dict[Any, Any]] | None:
        return position, {**marks, step[1]: position}

    def _look(self, step: Any, text: str, position: int, marks: dict[Any, Any]) -> tuple[int, dict[Any, Any]] | None:
        _, inner, width, wanted = step
        found = self._run(inner, text, position - width, marks) if position >= width else None
        return (position, found[1] if found else marks) if (found is not None) is wanted else None

    def _atomic(self, step: Any, text: str, position: int, marks: dict[Any, Any]) -> tuple[int, dict[Any, Any]] | None:
        return self._run(step[1], text, position, marks)

    def _same(self, step: Any, text: str, position: int, marks: dict[Any, Any]) -> tuple[int, dict[Any, Any]] | None:
        begun, ended = marks.get((step[1], 0)), marks.get((step[1], 1))
        if begun is None or ended is None or not text.startswith(text[begun:ended], position):
            return None
        self.steps += ended - begun
        return position + ended - begun, marks

    # ---- the compiler

    def _sequence(self, tree: Any, flags: int, out: list[tuple[Any, ...]]) -> None:
        for kind, value in tree:
            self._item(kind, value, flags, out)

    def _item(self, kind: Any, value: Any, flags: int, out: list[tuple[Any, ...]]) -> None:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            holds = self._holds(kind, value, flags)
            if holds not in self.holders:
                self.holders.append(holds)
            out.append(("read", holds))
        elif kind is op.BRANCH:
            self._branch(value[1], flags, out)
        elif kind is op.SUBPATTERN:
            group, add, remove, inner = value
            kind = "mark" if self.refers else "pass"
            if group is not None:
                out.append((kind, (group, 0)))
            self._sequence(inner, (flags | add) & ~remove, out)
            if group is not None:
                out.append((kind, (group, 1)))
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inner = value
            if kind is op.POSSESSIVE_REPEAT:
                held: list[tuple[Any, ...]] = []
                self._repeat(least, most, inner, flags, held, lazy=False)
                out.append(("atomic", [*held, ("end",)]))
            else:
                self._repeat(least, most, inner, flags, out, lazy=kind is op.MIN_REPEAT)
        else:
            out.append(self._step(kind, value, flags))

    def _step(self, kind: Any, value: Any, flags: int) -> tuple[Any, ...]:
        if kind is op.ATOMIC_GROUP:
            return "atomic", self._inner(value, flags)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inner = value
            width = inner.getwidth()[0] if direction < 0 else 0
            return "look", self._inner(inner, flags), width, kind is op.ASSERT
        if kind is op.AT:
            self.asks_words |= value in (op.AT_BOUNDARY, op.AT_NON_BOUNDARY)
            return "at", _place(value, flags, self.plain)
        if kind is op.GROUPREF:
            return "same", value
        if kind is op.FAILURE:
            return "at", lambda text, position: False
        raise NotImplementedError(str(kind))

    def _inner(self, tree: Any, flags: int) -> list[tuple[Any, ...]]:
        out: list[tuple[Any, ...]] = []
        self._sequence(tree, flags, out)
        return [*out, ("end",)]

    def _branch(self, ways: list[Any], flags: int, out: list[tuple[Any, ...]]) -> None:
        jumps = []
        for number, way in enumerate(ways):
            last = number == len(ways) - 1
            fork = len(out)
            if not last:
                out.append(())
            self._sequence(way, flags, out)
            if not last:
                jumps.append(len(out))
                out.append(())
                out[fork] = ("fork", fork + 1, len(out))
        for jump in jumps:
            out[jump] = ("jump", len(out))

    def _repeat(self, least: Any, most: Any, inner: Any, flags: int, out: list[tuple[Any, ...]], *, lazy: bool) -> None:
        for _ in range(int(least)):
            self._sequence(inner, flags, out)
        if most is op.MAXREPEAT:
            mark = ("loop", self.marks)
            self.marks += 1
            fork = len(out)
            out.append(())
            empty = inner.getwidth()[0] == 0
            out.append(("mark" if empty else "pass", mark))
            self._sequence(inner, flags, out)
            out.append(("moved" if empty else "pass", mark, len(out) + 2))
            out.append(("jump", fork))
            out[fork] = ("fork", len(out), fork + 1) if lazy else ("fork", fork + 1, len(out))
            return
        if int(most) > max(8, int(least)):
            self.bounds.add(int(most))
        forks = []
        for _ in range(int(most) - int(least)):
            forks.append(len(out))
            out.append(())
            self._sequence(inner, flags, out)
        for fork in forks:
            out[fork] = ("fork", len(out), fork + 1) if lazy else ("fork", fork + 1, len(out))

    def _holds(self, kind: Any, value: Any, flags: int) -> Holds:
        name = f"{kind} {value} {flags & (re.IGNORECASE | re.DOTALL)}"
        if name not in self.known:
            self.known[name] = self._make(kind, value, flags)
        return self.known[name]

    def _make(self, kind: Any, value: Any, flags: int) -> Holds:
        if kind is op.ANY:
            return (lambda char: True) if flags & re.DOTALL else (lambda char: char != "\n")
        if kind is op.IN:
            parts = [self._part(*each, flags) for each in value if each[0] is not op.NEGATE]
            negated = value[0][0] is op.NEGATE
            return cache(lambda char: any(part(char) for part in parts) is not negated)
        one = self._part(op.LITERAL, value, flags)
        return one if kind is op.LITERAL else (lambda char: not one(char))

    def _part(self, kind: Any, value: Any, flags: int) -> Holds:
        if kind is op.CATEGORY:
            search = re.compile(_CATEGORIES[value], re.ASCII if self.plain else 0).fullmatch
            return lambda char: search(char) is not None
        low, high = (value, value) if kind is op.LITERAL else value
        text = f"[{re.escape(chr(low))}-{re.escape(chr(high))}]"
        whole = re.compile(text, (flags & re.IGNORECASE) | (re.ASCII if self.plain else 0)).fullmatch
        return cache(lambda char: whole(char) is not None)


def _place(code: Any, flags: int, plain: bool) -> Callable[[str, int], bool]:
    if code is op.AT_BEGINNING_STRING or (code is op.AT_BEGINNING and not flags & re.MULTILINE):
        return lambda text, at: at == 0
    if code is op.AT_BEGINNING:
        return lambda text, at: at == 0 or text[at - 1] == "\n"
    if code is op.AT_END_STRING:
        return lambda text, at: at == len(text)
    if code is op.AT_END:
        many = bool(flags & re.MULTILINE)
        return lambda text, at: at == len(text) or (text[at] == "\n" and (many or at + 1 == len(text)))
    word = re.compile(r"\w", re.ASCII if plain else 0).fullmatch

    def boundary(text: str, at: int) -> bool:
        before = at > 0 and word(text[at - 1]) is not None
        after = at < len(text) and word(text[at]) is not None
        return before is not after

    if code is op.AT_BOUNDARY:
        return boundary
    assert code is op.AT_NON_BOUNDARY
    return lambda text, at: not boundary(text, at) and len(text) > 0


# ---- what to try it on


def families(counter: Counter, pairs: int) -> Iterator[tuple[str, str, str]]:
    """Yield (before, again, after): texts that the expression could be slow on, `again` to be repeated.

    Of each kind of character that the expression tells apart there is one. Every loop gets its own words, behind what
    leads to it, with and without what it must be followed by; then come single kinds and, at most ``pairs``, pairs.
    """
    kinds = counter.alphabet
    seen: set[tuple[str, str, str]] = set()
    odd = next((kind for kind in "\x01\x7f~é\n" if not counter.plain or kind < "\x80"), "\x01")
    for before, words, after in _loops(counter, counter.tree, counter.flags, [""], [""]):
        for again in words:
            for end in dict.fromkeys(["", "\n" + odd, after[:-1] + odd]):
                one = (before, again, end)
                if again and one not in seen:
                    seen.add(one)
                    yield one
    for again in kinds:
        for end in ("", odd):
            if ("", again, end) not in seen:
                yield "", again, end
    number = 0
    for one in kinds:
        for other in kinds:
            if one != other and number < pairs:
                number += 1
                yield "", one + other, odd


def alphabet(counter: Counter) -> list[str]:
    """One character of each kind that the expression tells apart."""
    likely = [*"a0A _-", "\n", "\t", *"/.:,#*'\"\\`{}[]()<>=$", *map(chr, range(256))]
    found: dict[tuple[bool, ...], str] = {}
    for char in likely + ([] if counter.plain else ["\u2028", "\u4e00"]):
        word = counter.asks_words and (char.isalnum() or char == "_")
        found.setdefault((char == "\n", word, *(holds(char) for holds in counter.holders)), char)
    return list(found.values())


def _loops(
    counter: Counter, tree: Any, flags: int, before: list[str], after: list[str]
) -> Iterator[tuple[str, list[str], str]]:
    """Yield for each loop the text that leads to it, words of its body, and what may follow it."""
    items = list(tree)
    for index, (kind, value) in enumerate(items):
        lead = before[0] + "".join(words(counter, [each], flags)[0] for each in items[:index])
        rest = "".join(words(counter, [each], flags)[0] for each in items[index + 1 :]) + after[0]
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            if value[1] is op.MAXREPEAT or int(value[1]) > 4:
                body = words(counter, value[2], flags)
                own = [*body, *(one + two for one in body[:2] for two in body[:2] if one != two)]
                # A loop round another one: the whole expression again, and the loop with what follows.
                whole = [lead, *(lead + word for word in body), lead + own[0] + rest, own[0] + rest]
                yield lead, list(dict.fromkeys([*own, *whole])), rest
            yield from _loops(counter, value[2], flags, [lead], [rest])
        elif kind is op.BRANCH:
            for way in value[1]:
                yield from _loops(counter, way, flags, [lead], [rest])
        elif kind is op.SUBPATTERN:
            yield from _loops(counter, value[3], (flags | value[1]) & ~value[2], [lead], [rest])
        elif kind is op.ATOMIC_GROUP:
            yield from _loops(counter, value, flags, [lead], [rest])
        elif kind in (op.ASSERT, op.ASSERT_NOT) and value[0] > 0:
            yield from _loops(counter, value[1], flags, [lead], [rest])


def words(counter: Counter, tree: Any, flags: int, most: int = 6) -> list[str]:
    """A few texts that match, the plainest first."""
    name = repr(list(tree)), flags
    if name not in counter.words:
        counter.words[name] = _words(counter, tree, flags, most)
    return counter.words[name][:most]


def _words(counter: Counter, tree: Any, flags: int, most: int) -> list[str]:
    found = [""]
    for kind, value in tree:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            holds = counter._holds(kind, value, flags)
            choices = [char for char in counter.alphabet if holds(char)] or [""]
        elif kind is op.BRANCH:
            choices = [word for way in value[1] for word in words(counter, way, flags, 2)]
        elif kind is op.SUBPATTERN:
            choices = words(counter, value[3], (flags | value[1]) & ~value[2], most)
        elif kind is op.ATOMIC_GROUP:
            choices = words(counter, value, flags, most)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            inner = words(counter, value[2], flags, most)
            choices = [word * max(1, int(value[0])) for word in inner]
            choices += [""] if value[0] == 0 else []
        else:
            choices = [""]
        found = list(dict.fromkeys([found[0] + choice for choice in choices] + [one + choices[0] for one in found]))
        found = found[:most]
    return found


def grows(counter: Counter, family: tuple[str, str, str], how: str) -> str:
    """Say how the steps grow where they grow faster than the text, or return an empty string.

    Between the first length and the last no loop may come to its bound. If the steps grow too fast while loops look as
    if they had none, the text is repeated more often than any bound.
    """
    for least in sorted({counter.small, max(counter.bounds)}):
        said = _grows(counter, family, how, least)
        if not said:
            return ""
    return said


def _grows(counter: Counter, family: tuple[str, str, str], how: str, least: int) -> str:
    before, again, after = family
    taken = []
    for times in (least, 2 * least, 4 * least):
        text = before + again * times + after
        try:
            found = counter.spans(text, how)
        except TooManySteps:
            return f"{how}: more than {counter.most} steps for {times} times {again!r} in {before!r} … {after!r}"
        assert found == counter.really(text, how), (counter.real, text, how)
        taken.append(counter.steps)
        if len(taken) == 2 and taken[1] <= 2.2 * taken[0]:
            return ""
    first, second = taken[1] - taken[0], taken[2] - taken[1]
    if second > 2.4 * max(first, 0) + 60:
        return f"{how}: {taken} steps for {least}, {2 * least}, {4 * least} times {again!r} in {before!r} … {after!r}"
    return ""


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs through."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
