"""Whether two Python sources mean the same, by their syntax trees, with docstrings set apart."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache

from planfence.content.lexing import PastDeadline


class Same(IntEnum):
    """How alike two sources are."""

    NO = 0
    #: Equal but for the words of docstrings.
    DOCSTRINGS = 1
    #: Equal; docstrings differ in white space at most.
    YES = 2


@lru_cache(maxsize=64)
def parsed(source: bytes) -> ast.Module | None:
    """Parse a module; None if it is none, by the grammar of this Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def parses(source: bytes) -> bool:
    """Whether the source stands on its own as a module."""
    return parsed(source) is not None


def same(old: bytes, new: bytes, late: Callable[[], bool]) -> Same:
    """Compare two sources; :class:`PastDeadline` if ``late`` says so on the way."""
    before, after = parsed(old), parsed(new)
    if before is None or after is None:
        return Same.NO
    if late():
        raise PastDeadline
    return _compare(before, after, late)


def _compare(before: ast.AST, after: ast.AST, late: Callable[[], bool]) -> Same:
    """Walk both trees side by side, without recursion: deep trees exist."""
    verdict = Same.YES
    pending: list[tuple[object, object]] = [(before, after)]
    steps = 0
    while pending:
        one, other = pending.pop()
        steps += 1
        if steps % 2048 == 0 and late():
            raise PastDeadline
        if one.__class__ is not other.__class__:
            return Same.NO
        if isinstance(one, ast.AST):
            assert isinstance(other, ast.AST)
            for name in one._fields:
                if name in ("ctx", "type_comment", "kind"):
                    continue
                left, right = getattr(one, name, None), getattr(other, name, None)
                if name == "body" and isinstance(left, list) and isinstance(right, list):
                    documented = _docstrings(one, other)
                    if documented is not None:
                        verdict = min(verdict, documented)
                        left, right = left[1:], right[1:]
                pending.append((left, right))
        elif isinstance(one, list):
            assert isinstance(other, list)
            if len(one) != len(other):
                return Same.NO
            pending += zip(one, other, strict=True)
        elif one != other or (isinstance(one, float | complex) and repr(one) != repr(other)):
            return Same.NO
    return verdict


def _docstrings(one: ast.AST, other: ast.AST) -> Same | None:
    """How the docstrings of two nodes differ; None if they are equal or not both there."""
    if not isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    texts = [_docstring(node) for node in (one, other)]
    if texts[0] is None or texts[1] is None or texts[0] == texts[1]:
        return None
    words = [[line.strip() for line in text.strip().splitlines()] for text in texts if text is not None]
    return Same.YES if words[0] == words[1] else Same.DOCSTRINGS


def _docstring(node: ast.AST) -> str | None:
    body = getattr(node, "body", None)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        value = body[0].value.value
        return value if isinstance(value, str) else None
    return None
