"""Folds the commonest lines a chunk at a time: several times faster than line by line, tested equal to the reference.

Hand-written lines of the six fields, and our own lines of hooks that only ran. A regular expression cuts a chunk
into columns, loosely; each word is then read strictly, but once: what was seen before is looked up. A line that does
not match goes to the reference parser (:mod:`planfence.log.reader`), and so does a whole chunk with anything odd in it
(a time or a number that can't be read, a doubled line). Nothing of a chunk is counted before all of it was looked at.
"""

# ruff: noqa: PLR1730 - `max` and `min` are calls, which a million lines pay for

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import compress
from operator import itemgetter, not_
from typing import Any

from planfence.log.reader import Clock, Reader, number
from planfence.report.taskfacts import QUIET_EVENTS, LogFacts

_OF_TASK = re.compile(r"task=([^,%\r\n]+),model=([^,%\r\n]*)")
_OF_RUN = re.compile(
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
    """What ran, by its words, read when they are first asked for: ValueError if they can't be."""

    def __missing__(self, words: str) -> _Run:
        match = _OF_RUN.fullmatch(words)
        if not match:
            raise ValueError(words)
        run = self[words] = _Run(*match.groups(""))
        return run


#: Nothing yet of a task and model. Hand-written lines: their number, first and last time, dollars, lines without,
#: minutes, lines without, highest round. Hooks' lines: their number, refused, first and last time, first in the
#: implement stage, the last with a theme, and that.
_NOTHING = (0, LATE, EARLY, 0.0, 0, 0.0, 0, 0.0, 0, 0, LATE, EARLY, LATE, EARLY, "")


class _Tasks(dict[str, list[Any]]):
    """Sums by the words of task and model, begun when first asked for: ValueError if the words can't be read."""

    def __missing__(self, words: str) -> list[Any]:
        if not _OF_TASK.fullmatch(words):
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
        """The sums that belong to these words of task and model, one by one; ValueError if one can't be read."""
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
            match = _OF_TASK.fullmatch(words)
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
    _, first, last, cost, costs, minutes, times, rounds = sums
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
    found.hand_last = max(found.hand_last, ended)


def _merge_ran(facts: LogFacts, clock: Clock, task: str, sums: list[Any]) -> None:
    _, refused, first, last, (made, model), (themed, theme) = sums
    found = facts.task(task)
    found.saw(clock(first, True))
    found.saw(clock(last, True))
    found.refused += refused
    if model:
        found.made = min(found.made, (clock(made, True), model))
    if theme:
        found.themed = max(found.themed, (clock(themed, True), theme))


#: Fields of a hook's line that no metric of a task looks at, in the order in which they are written.
UNREAD = ("rules", "files", "lines", "ms", "session", "commit", "why")

# `[^,]*` is several times faster than a narrower class. That it crosses newlines does no harm: a word that holds one
# is refused if it is read. A choice between a word and nothing looks at the word's first letter only; `?` does not.
_TIME = r"(.{13}:[0-5][0-9]:[0-5][0-9])"
_COMMON = re.compile(
    rf"^({_TIME},(task=[^,]*,model=[^,]*),cost=(?:"
    r",time_min=,review_round=,(event=[^,]*,result=[^,]*,(?:plan=[^,]*,|)(?:stage=[^,]*,|)(?:theme=[^,]*,|))"
    + "".join(rf"(?:{name}=[^,\n]*,|)" for name in UNREAD)
    + r"id=(.{16})|([^,]*),time_min=([^,]*),review_round=([^,\n]*)))\n",
    re.MULTILINE,
)
_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{2}")
_IDS = re.compile("id=([0-9a-f]{16})")
_BEGINS = re.compile(r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d,task=")
_FIRST_13 = itemgetter(slice(0, 13))
_CACHED = 1 << 16
#: What :data:`_COMMON` finds, a column each.
_TEXT, _WHEN, _WORDS, _RUN, _ID, _COST, _MINUTES, _ROUND = range(1, 9)
_STEP = _COMMON.groups + 1

#: How much text is folded at once: what fits the processor's cache.
CHUNK = 1 << 16


class Common:
    """Takes the common lines out of chunks, and says which lines are left for the reference parser.

    ``seen`` are the keys of all lines so far: ids, and the texts of lines without one.
    """

    def __init__(self, clock: Clock, seen: set[str]) -> None:
        self._seen = seen
        self._clock = clock
        self._hours: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._known: dict[bool, set[str]] = {False: set(), True: set()}
        self._order: list[str] = []
        self._numbers: dict[str, float | None] = {}

    def take(self, chunk: str, sums: Sums) -> list[tuple[int, str]]:
        """Add a chunk's common lines up; return the others, each with its 0-based number in the chunk."""
        if "\r" in chunk:
            chunk = chunk.replace("\r\n", "\n")
        flat = _COMMON.split(chunk)
        rare = _rest(flat[0::_STEP])
        return rare if self._add(flat, sums, rare) else list(enumerate(_lines(chunk)))

    def _add(self, flat: list[Any], sums: Sums, rare: list[tuple[int, str]]) -> bool:
        """Add the columns up; False, and nothing was added, where one word or more is not as it should be."""
        whens, ran = flat[_WHEN::_STEP], flat[_RUN::_STEP]
        by_hand = list(map(not_, ran))
        ids, texts = list(filter(None, flat[_ID::_STEP])), list(compress(flat[_TEXT::_STEP], by_hand))
        hand_whens, ran_whens = list(compress(whens, by_hand)), list(compress(whens, ran))
        if not (
            _are_ids(ids) and self._know_hours(hand_whens, is_utc=False) and self._know_hours(ran_whens, is_utc=True)
        ):
            return False
        try:
            tasks, runs = sums.of(flat[_WORDS::_STEP]), sums.runs_of(filter(None, ran))
        except ValueError:
            return False
        columns = (flat[column::_STEP] for column in (_COST, _MINUTES, _ROUND))
        amounts = self._amounts([list(compress(column, by_hand)) for column in columns])
        if amounts is None or not self._are_new(ids, texts, rare):
            return False
        sums.add_hands(zip(compress(tasks, by_hand), hand_whens, *amounts, strict=True))
        sums.add_rans(zip(compress(tasks, ran), ran_whens, runs, strict=True))
        sums.lines += len(ids) + len(texts)
        return True

    def _know_hours(self, whens: list[str], *, is_utc: bool) -> bool:
        hours = self._hours[is_utc]
        if self._known[is_utc].issuperset(map(_FIRST_13, whens)):
            return True
        return all(self._learn_hour(hour, hours, is_utc) for hour in set(map(_FIRST_13, whens)).difference(hours))

    def _learn_hour(self, hour: str, hours: dict[str, int], is_utc: bool) -> bool:
        """Whether an hour is one, and times near it have the order of their text: not where a clock goes forward."""
        if not _HOUR.fullmatch(hour):
            return False
        try:
            epoch = self._clock(f"{hour}:00:00", is_utc)
        except (ValueError, OverflowError):
            return False
        if not is_utc:
            place = bisect_left(self._order, hour)
            before, after = self._order[max(0, place - 1) : place], self._order[place : place + 1]
            if any(epoch - hours[each] < 3600 for each in before) or any(hours[each] - epoch < 3600 for each in after):
                return False
            self._order.insert(place, hour)
        hours[hour] = epoch
        self._known[is_utc].add(hour)
        return True

    def _amounts(self, columns: list[list[str]]) -> list[list[float | None]] | None:
        """The columns read as numbers, None if a word is empty; no columns if one can't be read."""
        known = self._numbers
        try:
            return [list(map(known.__getitem__, column)) for column in columns]
        except KeyError:
            pass
        if len(known) > _CACHED:
            known.clear()
        for text in set().union(*columns).difference(known):
            read = number(text)
            if read is None and text:
                return None
            known[text] = read
        return [[known[text] for text in column] for column in columns]

    def _are_new(self, ids: list[str], texts: list[str], rare: list[tuple[int, str]]) -> bool:
        """Whether no line was seen before, nor might be doubled by a rare one of this chunk; then all are seen."""
        own = {*ids, *texts}
        if len(own) < len(ids) + len(texts) or not self._seen.isdisjoint(own):
            return False
        if any(own.intersection(keys) if keys else glued for glued, keys in map(_keys, rare)):
            return False
        self._seen |= own
        return True


class Marking(Common):
    """As :class:`Common`, but it only marks the lines; whether any is doubled is for another to find out.

    ``marks`` are the keys' hashes: of two keys with the same one, one is taken for the other's double.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, set())
        self.marks = array("q")

    def _are_new(self, ids: list[str], texts: list[str], rare: list[tuple[int, str]]) -> bool:
        del rare
        self.marks.extend(map(hash, ids))
        self.marks.extend(map(hash, texts))
        return True


def _rest(between: list[str]) -> list[tuple[int, str]]:
    """The lines between those that matched, with their numbers."""
    found: list[tuple[int, str]] = []
    for place, text in enumerate(between):
        if text:
            found += enumerate(_lines(text), place + len(found))
    return found


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _keys(line: tuple[int, str]) -> tuple[bool, list[str]]:
    """By which keys the reference might know a line; none, and True, if that can't be told: records are glued."""
    text = line[1].rstrip("\r\n")
    glued = text.count(",task=") > 1 or (",task=" in text and not _BEGINS.match(text))
    return glued, [] if glued else [text, *_IDS.findall(text)]


def _are_ids(ids: list[str]) -> bool:
    text = "".join(ids)
    try:
        return 2 * len(bytes.fromhex(text)) == len(text) and text == text.lower()
    except ValueError:
        return False


class FastFold:
    """Folds text into facts; ``reader`` keeps the counts, and reads what is not common."""

    def __init__(self, facts: LogFacts, reader: Reader, clock: Clock) -> None:
        self._facts = facts
        self._reader = reader
        self._clock = clock
        self._common = Common(clock, reader.seen)
        self._sums: dict[str, Sums] = {}

    def fold(self, chunks: Iterable[str], prefix: str = "") -> None:
        """Fold one file's text in, given in chunks of whole lines; it is in the facts after :meth:`finish`."""
        sums = self._sums.setdefault(prefix, Sums())
        passed = 0
        for chunk in chunks:
            before = sums.lines
            rare = self._common.take(chunk, sums)
            for index, line in rare:
                self._facts.add(self._reader.read_line(line, passed + index + 1), prefix)
            passed += len(rare) + sums.lines - before

    def finish(self) -> None:
        """Put the sums into the facts, once all files are read."""
        for prefix, sums in self._sums.items():
            sums.totals().merge(self._facts, self._clock, prefix)
            count(self._reader, sums.lines)
        self._sums.clear()


def count(reader: Reader, lines: int) -> None:
    """Count common lines as the reference would have."""
    if lines:
        reader.counts["lines"] += lines
        reader.counts["records"] += lines


def whole_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Cut blocks of a file into chunks of whole lines; the last one may lack its newline."""
    rest = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield (rest + block[:end]).decode("utf-8", "surrogateescape")
            rest = block[end:]
        else:
            rest += block
    if rest:
        yield rest.decode("utf-8", "surrogateescape")
