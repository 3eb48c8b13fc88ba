"""What the preprocessor of C leaves out of a text, whatever is defined: what stands under `#if 0`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OFF = re.compile(rb"\s*+#\s*+if\s++0\s*+(?:/[/*]|\Z)")
_BEGINS = re.compile(rb"\s*+#\s*+if(?:n?def)?\b")
_ENDS = re.compile(rb"\s*+#\s*+(?:endif|(else|elif(?:n?def)?+))\b")
_SOME = re.compile(rb"#[^\S\n]*+if[^\S\n]++0")
#: What may hold the sign of a comment, and comments' signs themselves.
_SIGN = re.compile(rb"""//|/\*|\*/|"(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?""", re.DOTALL)


def may_be_off(text: bytes) -> bool:
    """Whether any `#if 0` stands in a text."""
    return _SOME.search(text) is not None


def dead_lines(lines: Sequence[bytes]) -> frozenset[int]:
    """The lines (from 0) from an `#if 0` to its `#endif`, both included, or to its `#else` or `#elif`, which stays."""
    found: set[int] = set()
    begin = depth = 0
    inside = goes_on = False
    for at, line in enumerate(lines):
        plain = not inside and not goes_on
        inside, goes_on = _in_comment(line, inside), line.rstrip(b"\r\n").endswith(b"\\")
        if not plain:
            continue
        if depth == 0:
            if _OFF.match(line):
                begin, depth = at, 1
        elif _BEGINS.match(line):
            depth += 1
        elif end := _ENDS.match(line):
            other = end[1] is not None
            depth -= not other or depth == 1
            if depth == 0:
                found.update(range(begin, at + (not other)))
    return frozenset(found)


def _in_comment(line: bytes, inside: bool) -> bool:
    """Whether a comment goes on behind a line; ``inside``: one goes on before it."""
    for sign in _SIGN.finditer(line):
        if inside:
            inside = b"*/" not in sign[0]
        elif sign[0] == b"//":
            break
        else:
            inside = sign[0] == b"/*"
    return inside


def live(lines: Sequence[bytes]) -> list[bytes]:
    """The lines that are no blank ones, and that are compiled."""
    dead = dead_lines(lines)
    return [line for at, line in enumerate(lines) if at not in dead and line.strip()]
