"""What of a TypeScript text runs: its words without annotations, casts, and types.

It reads words and brackets, not the whole grammar. What it does not know stays, so that it counts as what runs: also a
text as a whole, if a slash in it may begin a regular expression, or if it takes too many steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(
    rb"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|'(?:\\.|[^'\\\n])*+'?|\"(?:\\.|[^\"\\\n])*+\"?|`(?:\\.|[^`\\])*+`?|[\w$]++|=>|\.\.\.|\?\.|\S",
    re.DOTALL,
)
#: A comment that does not end may hold what runs: only the text that was cut here ends in it.
_REMARK = re.compile(rb"//.*+|/\*.*\*/", re.DOTALL)
_NAME = re.compile(rb"[\w$]++")
_VALUE_ENDS = re.compile(rb"[\w$)\]}'\"`]\Z")
#: A type has no more words than this, and no more types in each other.
_FAR = 2000
_DEEP = 50
#: For one text, so many words are looked at twice.
_STEPS = 200_000
#: What stands between `<` and `>` if they hold types; two signs in a row calculate.
_IN_LIST = re.compile(rb"[^\W\d]|[$'\".,|&\[\]{}:<>=]")
_SIGNS = frozenset((b"|", b"&", b"<", b"="))
_PAIRS = {b"(": b")", b"[": b"]", b"{": b"}", b"<": b">"}
_BEFORE_TYPE = frozenset((b"keyof", b"typeof", b"readonly", b"unique", b"infer", b"asserts", b"|", b"&"))
_STATEMENTS = frozenset((b"return", b"throw", b"await", b"case"))
_MODIFIERS = frozenset((b"public", b"private", b"protected", b"readonly", b"override"))


class _TooFarError(Exception):
    """It takes too many steps to tell what runs."""


class _Words(list[bytes]):
    """The words of a text, and how many of them may still be looked at."""

    left = _STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooFarError


def what_runs(text: bytes) -> list[bytes]:
    """The words of a TypeScript text that are no types and no comments; the text itself if that can't be told."""
    words = _Words(word for word in _WORD.findall(text) if not _REMARK.fullmatch(word))
    try:
        return [text] if b"/" in words else _without_types(words)
    except _TooFarError:
        return [text]


def _without_types(words: _Words) -> list[bytes]:
    kept: list[bytes] = []
    opened: list[int] = []  # where in `kept` the brackets stand that are open
    closed: dict[int, int] = {}  # where a bracket closes → where it opens
    at = 0
    while at < len(words):
        end = _type_here(words, at, kept, opened, closed)
        if end > at:
            if words[at] == b":" and kept[-1:] == [b"?"]:
                kept.pop()
            elif _held_a_cast(kept, opened) and words[end : end + 1] == [b")"]:
                del kept[opened.pop()]
                end += 1
            at = end
            continue
        word = words[at]
        if word in (b"(", b"[", b"{"):
            opened.append(len(kept))
        elif word in (b")", b"]", b"}") and opened:
            closed[len(kept)] = opened.pop()
        kept.append(word)
        at += 1
    return kept


def _held_a_cast(kept: Sequence[bytes], opened: Sequence[int]) -> bool:
    """Whether a bracket holds nothing but a name, and was there for its cast: `(a as B).c`."""
    begin = len(kept) - 2
    if not opened or opened[-1] != begin or not _NAME.fullmatch(kept[-1]):
        return False
    before = kept[begin - 1 : begin] if begin else []
    return not before or before[0] in _STATEMENTS or not _VALUE_ENDS.search(before[0])


def _type_here(words: _Words, at: int, kept: Sequence[bytes], opened: Sequence[int], closed: dict[int, int]) -> int:
    """Where the types that begin here end (excluded); the same place if none do."""
    word, before = words[at], kept[-1] if kept else b""
    if word == b":" and before:
        end = _type_end(words, at + 1)
        return end if end and _is_annotated(kept, opened, closed, words[end : end + 1]) else at
    if word in (b"as", b"satisfies") and _VALUE_ENDS.search(before) and not _in_names(kept, opened):
        return _type_end(words, at + 1) or at
    if word == b"<" and _NAME.fullmatch(before):
        end = _list_end(words, at)
        return end if end and words[end : end + 1] == [b"("] else at
    if word in (b"export", b"declare", b"type", b"interface") and before in (b"", b";", b"}", b")"):
        return _statement_end(words, at) or at
    return at


def _is_annotated(kept: Sequence[bytes], opened: Sequence[int], closed: dict[int, int], then: Sequence[bytes]) -> bool:
    """Whether a colon behind these words begins the type of a parameter, a variable, or of what is returned."""
    last = len(kept) - 1
    if kept[last] == b")" and last in closed:
        return then in ([b"{"], [b"=>"]) and kept[max(0, closed[last] - 1)] != b"?"
    last -= kept[last] == b"?"
    if last < 1:
        return False
    begin = closed.get(last, last)
    while kept[begin - 1] in _MODIFIERS:
        begin -= 1
    if kept[begin - 1] in (b"let", b"const", b"var"):
        return then == [b"="]
    inside = bool(opened) and kept[opened[-1]] == b"("
    return inside and kept[begin - 1] in (b"(", b",", b"...") and then in ([b","], [b")"], [b"="])


def _in_names(kept: Sequence[bytes], opened: Sequence[int]) -> bool:
    """Whether the innermost bracket holds what is imported or exported; `import * as` too."""
    if kept[-1] == b"*":
        return True
    return bool(opened) and kept[opened[-1]] == b"{" and kept[opened[-1] - 1 : opened[-1]] in ([b"import"], [b"export"])


def _closing(words: _Words, at: int) -> int:
    """Where the bracket that opens here has closed (excluded); 0 if it does not."""
    waiting = []
    for here in range(at, min(len(words), at + _FAR)):
        words.spend(1)
        word = words[here]
        if word in (b"(", b"[", b"{", b"<"):
            waiting.append(_PAIRS[word])
        elif word in (b")", b"]", b"}", b">"):
            if not waiting or waiting.pop() != word:
                return 0
            if not waiting:
                return here + 1
    return 0


def _list_end(words: _Words, at: int) -> int:
    """Where `<…>` ends, if nothing in it could be calculated; 0 otherwise."""
    end = _closing(words, at)
    before = b""
    for word in words[at:end]:
        if not _IN_LIST.match(word) or (word in _SIGNS and before in _SIGNS):
            return 0
        before = word
    return end


def _type_end(words: _Words, at: int, depth: int = 0) -> int:
    """Where a type that begins here ends (excluded); 0 if none does."""
    if depth > _DEEP:
        return 0
    end = _one_type_end(words, at, depth)
    while end and words[end : end + 1] in ([b"|"], [b"&"], [b"is"]):
        end = _one_type_end(words, end + 1, depth) if end - at < _FAR else 0
    if end and words[end : end + 1] == [b"extends"]:
        for sign in (b"?", b":"):
            end = _type_end(words, end + 1, depth + 1)
            if not end or words[end : end + 1] != [sign]:
                return 0
        return _type_end(words, end + 1, depth + 1)
    return end


def _one_type_end(words: _Words, at: int, depth: int) -> int:
    while words[at : at + 1] and words[at] in _BEFORE_TYPE:
        words.spend(1)
        at += 1
    words.spend(1)
    if words[at : at + 1] == [b"<"]:
        at = _closing(words, at) or len(words)
    if at >= len(words):
        return 0
    word = words[at]
    if word in (b"(", b"[", b"{"):
        end = _closing(words, at)
        if word == b"(" and words[end : end + 1] == [b"=>"]:
            return _type_end(words, end + 1, depth + 1)
    else:
        end = at + 1 if _NAME.fullmatch(word) or word[:1] in (b"'", b'"') else 0
        while end and words[end : end + 1] == [b"."]:
            words.spend(1)
            end += 2
        if words[end : end + 1] == [b"<"]:
            end = _closing(words, end)
    while end and words[end : end + 1] == [b"["]:
        end = _closing(words, end)
    return end


def _statement_end(words: _Words, at: int) -> int:
    """Where an interface or the definition of a type ends (excluded); 0 if this is none."""
    while words[at : at + 1] in ([b"export"], [b"declare"]):
        words.spend(1)
        at += 1
    kind, here = words[at : at + 1], at + 2
    if here >= len(words) or not _NAME.fullmatch(words[at + 1]):
        return 0
    if words[here] == b"<":
        here = _closing(words, here)
    if kind == [b"type"] and here and words[here : here + 1] == [b"="]:
        end = _type_end(words, here + 1)
        return end + (words[end : end + 1] == [b";"]) if end else 0
    while kind == [b"interface"] and 0 < here < len(words) and words[here] not in (b"{", b";"):
        words.spend(1)
        here += 1
    return _closing(words, here) if kind == [b"interface"] and words[here : here + 1] == [b"{"] and here else 0
