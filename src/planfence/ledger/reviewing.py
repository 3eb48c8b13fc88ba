"""What a review answers: the reviewer's own points, and the task's criteria; each with a word of evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from unicodedata import category

from planfence.errors import PlanfenceError
from planfence.foreignjson import NotJson, within_limits
from planfence.lazyregex import pattern
from planfence.ledger.transitions import Answer
from planfence.manifest.plan import Task
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a review answers. ``criterion``: it is the plan's own."""

    id: str
    text: str
    criterion: bool = False


#: What every review looks at, whatever the plan says.
REVIEWER = (
    Point("architecture", "It is consistent with the architecture around it"),
    Point("edge-cases", "Nulls, retries, timeouts, concurrency and failure halfway are handled"),
    Point("risks", "Every risky diff is understood, and acceptable in production"),
    Point("scope", "Every hunk serves this task"),
)


def points(task: Task) -> tuple[Point, ...]:
    """Return the review's points in order: the reviewer's, then every criterion of the task."""
    own = {each.id for each in task.acceptance}
    return (
        *(point for point in REVIEWER if point.id not in own),
        *(Point(each.id, each.text, criterion=True) for each in task.acceptance),
    )


#: A review has a few lines a criterion, and the text around it, if any, is an agent's answer.
_LARGEST = 4 * 1024 * 1024
_HINT = "see `planfence prompt review`"
_OPENS = pattern(r'\{\s*+["}]')
#: How much of any text is read for objects that are none, what each of them counts at least, and how far from the
#: text's start one is read.
_AGAIN, _LEAST, _BEFORE = 1 << 20, 400, 1 << 12

#: Words that say nothing about what was looked at.
_EMPTY = frozenset({"ok", "okay", "yes", "y", "no", "n", "good", "lgtm", "done", "fine", "looks good", "n/a", "none"})
#: Letters that show nothing (the Hangul fillers).
_BLANK = "\u115f\u1160\u3164\uffa0"


def check(answers: Iterable[Answer], task: Task) -> tuple[Answer, ...]:
    """Return the answers in the points' order.

    Raises :class:`PlanfenceError` if one is missing, answers nothing that was asked, is given
    twice, or has no word of evidence.
    """
    given: dict[str, Answer] = {}
    faults = []
    known = {point.id: point for point in points(task)}
    for answer in answers:
        if answer.criterion not in known:
            faults.append(f"{answer.criterion}: nobody asked for it")
        elif answer.criterion in given:
            faults.append(f"{answer.criterion}: answered twice")
        elif _seen(answer.evidence).strip().strip(".!").lower() in _EMPTY or not _has_words(answer.evidence):
            faults.append(f"{answer.criterion}: {answer.evidence.strip()!r} is not evidence")
        given[answer.criterion] = answer
    faults += [f"{name}: not answered ({point.text})" for name, point in known.items() if name not in given]
    if faults:
        raise PlanfenceError(
            faults[0], more=tuple(faults[1:]), hint="name a file and line, or a command and what it said"
        )
    return tuple(given[name] for name in known)


def read_json(data: bytes) -> tuple[tuple[Answer, ...], str]:
    """Read `{"answers": [{"id", "met", "evidence"}, …], "notes": "…"}`, also out of a text around it.

    Raises :class:`PlanfenceError` if there is no such object.
    """
    if len(data) > _LARGEST:
        raise PlanfenceError(f"the review is larger than {_LARGEST >> 20} MB", hint=_HINT)
    value = _found(data.decode("utf-8", "replace"))
    listed = value.get("answers")
    if not isinstance(listed, list):
        raise PlanfenceError("the review has no list `answers`", hint=_HINT)
    notes = value.get("notes", "")
    return tuple(_answer(item) for item in listed), notes if isinstance(notes, str) else ""


def _found(text: str) -> Mapping[str, Any]:
    decoder = json.JSONDecoder(object_pairs_hook=_each_once)
    found: list[dict[str, Any]] = []
    why = ""
    most, after = max(4 * len(text), _AGAIN), 0
    while opens := _OPENS.search(text, after):
        start = opens.start()
        try:
            value, after = within_limits(partial(decoder.raw_decode, text, start), "the review", _HINT)
        except NotJson as error:
            why, after = why or error.message, start + 1
            most -= max(_reached(error.__cause__, text) - start, _LEAST)
            if most < 0:
                raise PlanfenceError("the text opens JSON again and again that never ends", hint=_HINT) from error
            if after > _BEFORE:  # an error counts the lines before its place
                text, after = text[after:], 0
        else:
            found += _reviews(value)
    if not found:
        raise PlanfenceError("there is no JSON object with `answers`", more=(why,) if why else (), hint=_HINT)
    given = [each for each in found if _says_something(each["answers"])] or found[:1]
    if any(each != given[0] for each in given):
        raise PlanfenceError(f"the text holds {len(given)} reviews that differ", hint="give one of them")
    return given[0]


def _reached(error: BaseException | None, text: str) -> int:
    """How far a text was read for an object that is none."""
    if not isinstance(error, json.JSONDecodeError) or error.msg.startswith("Unterminated"):
        return len(text)
    return error.pos


def _reviews(value: object) -> Iterator[dict[str, Any]]:
    """The outermost objects with `answers` in a value, as they stand in its text."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and "answers" in each:
            yield each
        elif isinstance(each, dict | list):
            waiting += reversed(each if isinstance(each, list) else list(each.values()))


def _says_something(answers: object) -> bool:
    """Whether it is more than the form of an answer, which an agent may quote before its own."""
    listed = answers if isinstance(answers, list) else []
    return any(_has_words(str(item.get("evidence", ""))) for item in listed if isinstance(item, dict))


def _has_words(evidence: str) -> bool:
    return any(map(str.isalnum, _seen(evidence)))


def _seen(evidence: str) -> str:
    """Return it without what nobody sees."""
    return "".join(char for char in evidence if category(char) not in ("Cf", "Mn") and char not in _BLANK)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; one that says a thing twice says nothing."""
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return known


def _answer(item: object) -> Answer:
    if not isinstance(item, dict):
        raise PlanfenceError("an answer is not an object", hint=_HINT)
    name, met, evidence = item.get("id"), item.get("met"), item.get("evidence", "")
    if not isinstance(name, str) or not isinstance(met, bool) or not isinstance(evidence, str):
        raise PlanfenceError(f"the answer {item!r} needs `id` (text), `met` (true or false) and `evidence` (text)")
    return Answer(name, met, evidence)


def read_text(text: str) -> tuple[Answer, ...]:
    """Read a filled-in checklist: lines such as `- [x] A1: what was seen`, `[ ]` for what is not met."""
    found = []
    for written in text.splitlines():
        line = written.strip().lstrip("-*+").strip()
        mark = line[:3].lower()
        if mark not in ("[x]", "[ ]", "[-]"):
            continue
        name, _, evidence = line[3:].partition(":")
        found.append(Answer(name.strip().strip("*` "), mark == "[x]", evidence.strip()))
    return tuple(found)


def checklist(task: Task) -> str:
    """Return the checklist as a file to fill in."""
    lines = ["# Write `[x]` for what is met, and after the colon what you looked at.", ""]
    for point in points(task):
        lines += [f"# {point.text}", f"- [ ] {point.id}: ", ""]
    return "\n".join(lines)
