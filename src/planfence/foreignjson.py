"""JSON that somebody else wrote: read within limits, or refused in one message.

The standard library's reader stops at the interpreter's recursion limit with a :class:`RecursionError`, and takes
numbers that no JSON has (`NaN`, `1e999`) and text that has no UTF-8 (`"\\ud800"`), with which others fail later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from planfence.errors import PlanfenceError

#: Deeper than any format that is read here, and far from the interpreter's own limit.
DEEPEST = 100
#: Larger than any plan, review, event or printed session.
LARGEST = 64 * 1024 * 1024


class NotJson(PlanfenceError):
    """The text is not JSON, as against JSON beyond our limits."""


def read_json(data: bytes | str, what: str, hint: str, *, largest: int = LARGEST) -> Any:
    """Return the value of a JSON text; ``what`` names it in messages, as in "the split plan".

    Raises :class:`NotJson` if it is none (RFC 8259), and :class:`PlanfenceError` if it is larger than ``largest``
    (bytes, or characters of a str) or nested more than :data:`DEEPEST` deep.
    """
    if len(data) > largest:
        raise PlanfenceError(f"{what} is larger than {largest >> 20} MB", hint=hint)
    return within_limits(lambda: json.loads(data, parse_constant=_none, parse_float=_finite), what, hint)


def objects(lines: Iterable[bytes | str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among some lines; what is none, or torn, is left out."""
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def table(value: object) -> dict[str, Any]:
    """Return a value that is an object; an empty one for any other."""
    return value if isinstance(value, dict) else {}


def within_limits(parse: Callable[[], Any], what: str, hint: str) -> Any:
    """Return what a JSON reader's ``parse`` returns, within the limits; raises as :func:`read_json` does."""
    deep = PlanfenceError(f"{what} is nested more than {DEEPEST} deep", hint=hint)
    try:
        value = parse()
    except RecursionError:
        raise deep from None
    except ValueError as error:
        raise NotJson(f"{what} is not JSON: {error}", hint=hint) from error
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each
                inner += each.values()
            elif isinstance(each, list | tuple):  # a tuple is what `raw_decode` returns
                inner += each
            elif isinstance(each, str) and not each.isascii() and any(map(_is_half, each)):
                raise NotJson(f"{what} holds half a character (a lone surrogate)", hint=hint)
        if not inner:
            return value
        level = inner
    raise deep


def _is_half(char: str) -> bool:
    """Whether it is a lone surrogate, but for those that stand for a byte of a name that is not UTF-8 (PEP 383)."""
    return "\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff"


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return _none(text)
    return value


def _none(text: str) -> float:
    raise ValueError(f"{text[:40]} is not a number")
