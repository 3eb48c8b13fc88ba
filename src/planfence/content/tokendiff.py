"""How alike the two sides of one hunk are, by their tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import accumulate

from planfence.change.hunks import Hunk
from planfence.content.languages import Language, Space
from planfence.content.lexing import Lexed, PastDeadline, SpanKind, Token
from planfence.lazyregex import pattern
from planfence.records import dataclass


class Likeness(Enum):
    """What a comparison of tokens shows.

    ``FORMAT`` and ``COMMENT`` are proofs. ``CANDIDATE``: equal but for brackets, commas,
    quotes, line breaks. ``TEXT``: only strings and comments differ, so that in Python it may
    be a docstring.
    """

    FORMAT = "format"
    COMMENT = "comment"
    CANDIDATE = "candidate"
    TEXT = "text"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Sides:
    """Both texts of a file, lexed, with the offset at which each line begins."""

    old: Lexed
    new: Lexed
    old_lines: tuple[int, ...]
    new_lines: tuple[int, ...]


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line begins, and one past the end."""
    return tuple(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))


def offset(starts: tuple[int, ...], line: int, text: str) -> int:
    """The offset of a line (0-based); the end of the text for lines beyond it."""
    return min(starts[line], len(text)) if line < len(starts) else len(text)


#: Characters that some parser takes for the end of a line where git sees none.
_ODD_BREAK = pattern("\r(?!\n)|[\x0b\x0c\x1c-\x1e\x00]|\xe2\x80[\xa8\xa9]|\xc2\x85")
_LOOSE = frozenset("()[]{},;\\")


@dataclass(frozen=True, slots=True)
class TokenDiff:
    """The likeness of two stretches, and whether the comments in them differ.

    ``words`` counts the words and numbers of code whose number differs, on both sides: a stretch that was only laid
    out anew has none. A word that went into a string is not counted: `"{}", x` may become `"{x}"`. One that came
    out of a string is: `log("delete")` may become `delete()`.
    """

    likeness: Likeness
    comments: bool = False
    words: tuple[tuple[str, int, int], ...] = ()


_DIFFERENT = TokenDiff(Likeness.DIFFERENT)
#: Hunks as near as this (lines) may share one statement that was laid out anew.
_NEAR = 4
_TOGETHER = 8


def compare_all(
    sides: Sides, hunks: Sequence[Hunk], late: Callable[[], bool]
) -> list[tuple[tuple[int, ...], TokenDiff]]:
    """Compare every hunk; neighbours that differ alone but not together are one group.

    Returns groups of indexes in order, each with its comparison.
    """
    single = []
    for hunk in hunks:
        if late():
            raise PastDeadline
        single.append(likeness(sides, hunk))
    groups: list[tuple[tuple[int, ...], TokenDiff]] = []
    index = 0
    while index < len(hunks):
        size, comparison = _together(sides, hunks, index, single[index], late)
        groups.append((tuple(range(index, index + size)), comparison))
        index += size
    return groups


def _together(
    sides: Sides, hunks: Sequence[Hunk], index: int, alone: TokenDiff, late: Callable[[], bool]
) -> tuple[int, TokenDiff]:
    """How many hunks from ``index`` on are best seen as one, and what they are then."""
    python = sides.old.language.name == "python"
    if alone.likeness is not Likeness.DIFFERENT and (alone.likeness is not Likeness.CANDIDATE or python):
        return 1, alone
    best = (1, alone)
    for count in range(2, min(_TOGETHER, len(hunks) - index) + 1):
        before, last = hunks[index + count - 2], hunks[index + count - 1]
        if last.old_start - before.old_start - len(before.old) > _NEAR or late():
            break
        together = likeness(sides, _spanning(hunks[index], last))
        if together.likeness in (Likeness.FORMAT, Likeness.COMMENT):
            return count, together
        if together.likeness is Likeness.CANDIDATE and best[1].likeness is Likeness.DIFFERENT:
            best = (count, together)
            if python:  # its syntax trees decide
                break
    return best


def _spanning(first: Hunk, last: Hunk) -> Hunk:
    """One hunk from the first's beginning to the last's end; only its extent is used."""
    old = last.old_start + len(last.old) - first.old_start
    new = last.new_start + len(last.new) - first.new_start
    return Hunk(first.old_start, first.new_start, (b"",) * old, (b"",) * new)


def likeness(sides: Sides, hunk: Hunk) -> TokenDiff:
    """Compare the two sides of a hunk, inside the whole files that they belong to."""
    language = sides.old.language
    unproven = TokenDiff(Likeness.TEXT) if language.name == "python" else _DIFFERENT
    old, old_from, old_to = _extent(sides.old, sides.old_lines, hunk.old_start, len(hunk.old))
    new, new_from, new_to = _extent(sides.new, sides.new_lines, hunk.new_start, len(hunk.new))
    opening = old.state(old_from)
    if opening != new.state(new_from) or old.state(old_to) != new.state(new_to):
        # What opens here and does not close changes all that follows: a moved `*/`.
        return unproven
    before, after = old.text[old_from:old_to], new.text[new_from:new_to]
    if _ODD_BREAK.search(before) or _ODD_BREAK.search(after):
        return _DIFFERENT
    if language.carriage_return and before.count("\r") != after.count("\r"):
        return _DIFFERENT
    one, other = old.tokens(old_from, old_to), new.tokens(new_from, new_to)
    if opening is not None and opening[0] is SpanKind.STRING and one != other:
        return unproven
    if language.preprocessor and (
        _directive_lines(old.text, old_from, old_to) or _directive_lines(new.text, new_from, new_to)
    ):
        return TokenDiff(Likeness.FORMAT) if _rstripped(before) == _rstripped(after) else _DIFFERENT
    return _compare(language, one, other, (before, after))


def _extent(lexed: Lexed, starts: tuple[int, ...], first: int, count: int) -> tuple[Lexed, int, int]:
    return lexed, offset(starts, first, lexed.text), offset(starts, first + count, lexed.text)


def _directive_lines(text: str, start: int, end: int) -> bool:
    """Whether a preprocessor directive, or the continuation of one, touches these lines."""
    if start >= 2 and text[:start].rstrip("\r\n").endswith("\\"):
        return True
    return re.search(r"^[ \t]*(?:#|\?\?=|%:)|\\\r?$", text[start:end], re.MULTILINE) is not None


def _rstripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n")]


def _compare(language: Language, one: list[Token], other: list[Token], texts: tuple[str, str]) -> TokenDiff:
    comments = [[" ".join(t.text.split()) for t in side if t.kind == "comment"] for side in (one, other)]
    changed = comments[0] != comments[1]
    differing = "\n".join(set(comments[0]) ^ set(comments[1]))
    if changed and re.search(language.directive, differing, re.MULTILINE | re.IGNORECASE):
        return _DIFFERENT  # a comment that does something
    if _code(language, one, texts[0]) == _code(language, other, texts[1]):
        return TokenDiff(Likeness.COMMENT if changed else Likeness.FORMAT, changed)
    if _bare(one) == _bare(other):
        return TokenDiff(Likeness.CANDIDATE, changed)
    if language.name == "python" and _bare(one, strings=False) == _bare(other, strings=False):
        return TokenDiff(Likeness.TEXT, changed)
    return TokenDiff(Likeness.DIFFERENT, changed, _words(one, other))


def _words(one: list[Token], other: list[Token]) -> tuple[tuple[str, int, int], ...]:
    sides = [Counter(token.text for token in side if token.kind in ("word", "number")) for side in (one, other)]
    quoted = set(re.findall(r"\w+", " ".join(token.text for token in other if token.kind == "string")))
    before, after = sides
    return tuple(
        (word, before[word], after[word])
        for word in before | after
        if before[word] != after[word] and not (before[word] > after[word] and word in quoted)
    )


def _bare(tokens: list[Token], *, strings: bool = True) -> list[str]:
    """What is left without brackets, commas, quotes, line breaks and comments."""
    words = []
    text = ""
    for token in tokens:
        if token.kind in ("comment", "newline") or token.text in _LOOSE:
            continue
        if token.kind == "string":
            text += token.text.strip("\"'`") if strings else ""
            continue
        if text:
            words.append(text)
            text = ""
        words.append(token.text.lower() if token.kind == "number" else token.text)
    return [*words, text] if text else words


def _code(language: Language, tokens: list[Token], text: str) -> list[object]:
    """The code of one side as a list that is equal for two sides only if nothing that runs differs."""
    if language.space is Space.VERBATIM:
        return list(_verbatim_lines(tokens, text))
    result: list[object] = []
    line: list[object] = []
    comment_gap = False
    for token in tokens:
        if token.kind == "newline":
            if line and language.newlines:
                result.append(line)
                line = []
            comment_gap = True
        elif token.kind == "comment":
            comment_gap = True
            if language.newlines and "\n" in token.text and line:
                # A block comment that crosses lines is a line break to Go and JavaScript.
                result.append(line)
                line = []
        else:
            if language.space is Space.PRESENCE:
                line.append((token.text, token.spaced or comment_gap or not line))
            else:
                line.append(token.text)
            comment_gap = False
    if line:
        result.append(line)
    if language.indent:
        result.append(_indents(tokens, text))
    return result


def _indents(tokens: list[Token], text: str) -> list[str]:
    """The indentation of every line that holds code, tabs and spaces told apart."""
    starts = _first_code(tokens)
    lines = text.split("\n")
    return [lines[index][: len(lines[index]) - len(lines[index].lstrip(" \t\f"))] for index in starts]


def _first_code(tokens: list[Token]) -> list[int]:
    """The lines (0-based, in this stretch) on which code begins."""
    line, empty, found = 0, True, []
    for token in tokens:
        if token.kind == "newline":
            line, empty = line + 1, True
            continue
        if token.kind != "comment" and empty:
            found.append(line)
        empty = empty and token.kind == "comment"
        line += token.text.count("\n")
    return found


def _verbatim_lines(tokens: list[Token], text: str) -> list[str]:
    """Every line without its comment, byte for byte but for what trails; blank lines dropped."""
    parts: list[str] = []
    position = 0
    for token in tokens:
        if token.kind in ("comment", "string"):
            at = text.find(token.text, position)
            parts.append(text[position:at])
            # Strings keep their line breaks and trailing blanks, marked so that nothing strips them.
            parts.append("" if token.kind == "comment" else token.text.replace("\n", "\0\n\0"))
            position = at + len(token.text)
    parts.append(text[position:])
    return [line.rstrip(" \t\r") for line in "".join(parts).split("\n") if line.strip(" \t\r")]
