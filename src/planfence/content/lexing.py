"""Lexing by tables: the comments and strings of a whole text, and the tokens of some of its lines.

Texts are bytes decoded as Latin-1: one character is one byte, nothing is lost, and no file is
refused for its encoding. All syntax that matters here is ASCII.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from enum import Enum

from planfence.content.languages import REGEX_LITERAL, Language, pieces, scanner
from planfence.lazyregex import pattern
from planfence.records import dataclass


class SpanKind(Enum):
    """What a stretch of text is."""

    COMMENT = "comment"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Span:
    """A comment or a string, from ``start`` up to ``end`` (offsets into the text)."""

    start: int
    end: int
    part: SpanKind


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (word, number, op, string, comment, newline), its text, and whether a space precedes it."""

    kind: str
    text: str
    spaced: bool = False


#: What opens and is never closed is looked for to the end of the line, or of the text: so often, times the text's
#: length, before it is taken for one that can't be read.
_LOST = 16


class PastDeadline(Exception):
    """The time allowed for a proof is over."""


_WORD_BEFORE_REGEX = pattern(r"(?:return|typeof|case|in|of|and|or|not|if|unless|when|while|yield|throw|=>|do|else)$")
_BLOCK_SCALAR = pattern(r"[|>][+-]?\d?[+-]?[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)


def _opens_regex(text: str, slash: int) -> bool:
    """Whether a slash begins a regular expression: told from what stands before it, as editors do."""
    index = slash - 1
    while index >= 0 and text[index] in " \t":
        index -= 1
    if index < 0 or text[index] in "\n(,=:[!&|?{;+-*%<>~^":
        return True
    return text[index].isalnum() and _WORD_BEFORE_REGEX.search(text, max(0, index - 8), index + 1) is not None


def _nested_end(text: str, start: int) -> int:
    """The end of a block comment in a language where they nest."""
    depth, index = 0, start
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if match.group() == "/*" else -1
        index = match.end()
        if depth == 0:
            return index
    return len(text)


def scan(
    text: str, language: Language, late: Callable[[], bool] = lambda: False, begin: int = 0, limit: int | None = None
) -> tuple[Span, ...]:
    """Find the comments and strings of a text that start before ``limit`` (None: all of them).

    ``begin`` is a place in plain code to start at. ``late`` is asked every few hundred spans;
    where it says True, :class:`PastDeadline` is raised.
    """
    spans = list(_scan(text, language, late, begin, len(text) if limit is None else limit))
    if language.name == "yaml":
        spans = _with_block_scalars(text, spans)
    return tuple(spans)


def _scan(text: str, language: Language, late: Callable[[], bool], begin: int, limit: int) -> Iterator[Span]:
    search = scanner(language).search
    position, pending, found, lost = begin, "", 0, 0
    while match := search(text, position):
        if match.start() >= limit and not pending:
            return
        found += 1
        if found % 256 == 0 and late():
            raise PastDeadline
        if lost > _LOST * len(text):
            raise PastDeadline
        if pending and (body := _heredoc(text, pending, position, match.start())):
            pending = ""
            if body.end > body.start:
                yield body
                position = body.end
                continue
            lost += len(text) - position
        if match.lastgroup == "heredoc":
            pending = pending or match["w1"] or match["w2"]
            position = match.end()
            continue
        span = _span(text, language, match)
        if span is not None:
            yield span
        elif match.lastgroup == "slash" and _opens_regex(text, match.start()):
            lost += (text.find("\n", match.end()) + 1 or len(text)) - match.start()
        position = max(span.end if span else 0, match.start() + 1)
    if pending and (body := _heredoc(text, pending, position, len(text))) and body.end > body.start:
        yield body


def _span(text: str, language: Language, match: re.Match[str]) -> Span | None:
    """The comment or string that a match of the scanner begins; None for a slash that divides."""
    start, end = match.span()
    if match.lastgroup == "comment":
        nested = language.nested_comments and text.startswith("/*", start)
        return Span(start, _nested_end(text, start) if nested else end, SpanKind.COMMENT)
    if match.lastgroup == "slash":
        literal = REGEX_LITERAL.match(text, start) if _opens_regex(text, start) else None
        return Span(start, literal.end(), SpanKind.STRING) if literal else None
    return Span(start, end, SpanKind.STRING) if end > start else None


def _heredoc(text: str, word: str, position: int, limit: int) -> Span | None:
    """The body of a here-document once its line has ended before ``limit``; empty if nothing ends it."""
    line_end = text.find("\n", position)
    if not 0 <= line_end < limit:
        return None
    close = re.compile(rf"^[ \t]*{re.escape(word)}\b[^\n]*\n?", re.MULTILINE).search(text, line_end + 1)
    return Span(line_end + 1, close.end() if close else line_end + 1, SpanKind.STRING)


def _scalar_indent(head: str) -> int:
    """The indentation of a line that has this before its `|` or `>`; -1 if that opens no block scalar."""
    words = head.split()
    if head[-1:].isspace():
        while words and words[-1][0] in "!&" and words[-1][-1] not in ":-":
            words.pop()  # a tag, an anchor
    if not words:
        return 0
    return len(head) - len(head.lstrip(" ")) if words[-1][-1] in ":-" and "#" not in "".join(words) else -1


def _with_block_scalars(text: str, spans: list[Span]) -> list[Span]:
    """Add YAML's block scalars, whose lines are content even where they look like comments."""
    scalars: list[Span] = []
    for match in _BLOCK_SCALAR.finditer(text):
        begin = text.rfind("\n", 0, match.start()) + 1
        indent = _scalar_indent(text[begin : match.start()])
        if indent < 0 or (scalars and begin < scalars[-1].end):
            continue
        start = match.end() + 1
        end = start
        while end < len(text):
            stop = text.find("\n", end)
            stop = len(text) if stop < 0 else stop + 1
            line = text[end:stop]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            end = stop
        if end > start:
            scalars.append(Span(start, end, SpanKind.STRING))
    starts = [scalar.start for scalar in scalars]

    def inside(span: Span) -> bool:
        index = bisect_right(starts, span.start) - 1
        return index >= 0 and span.start < scalars[index].end

    return sorted([*scalars, *(span for span in spans if not inside(span))], key=lambda span: span.start)


@dataclass(frozen=True, slots=True)
class Lexed:
    """A whole text with its comments and strings, ready to lex any of its lines."""

    text: str
    language: Language
    spans: tuple[Span, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def state(self, offset: int) -> tuple[SpanKind, str] | None:
        """What the offset is inside of: the part and its opening characters; None in plain code."""
        index = bisect_right(self.starts, offset - 1) - 1
        if index >= 0 and self.spans[index].end > offset:
            span = self.spans[index]
            return span.part, self.text[span.start : span.start + 3]
        return None

    def tokens(self, start: int, end: int) -> list[Token]:
        """The tokens between two offsets; what is cut off at either side keeps its part."""
        result: list[Token] = []
        position, spaced = start, False
        index = max(0, bisect_right(self.starts, start) - 1)
        for span in self.spans[index:]:
            if span.start >= end:
                break
            if span.end <= position:
                continue
            spaced = self._code(result, position, span.start, spaced)
            begin, stop = max(span.start, position), min(span.end, end)
            result.append(Token(span.part.value, self.text[begin:stop], spaced))
            position, spaced = stop, False
        self._code(result, position, end, spaced)
        return result

    def _code(self, into: list[Token], start: int, end: int, spaced: bool) -> bool:
        for kind, text in pieces(self.text, start, end):
            if kind == "space":
                spaced = True
                continue
            assert kind is not None
            into.append(Token(kind, text, spaced))
            spaced = False
        return spaced


def lex(
    text: str,
    language: Language,
    late: Callable[[], bool] = lambda: False,
    *,
    limit: int | None = None,
    prior: Lexed | None = None,
    shared: int = 0,
) -> Lexed:
    """Scan a text once, up to ``limit``; :class:`PastDeadline` if ``late`` says so.

    The first ``shared`` characters are also those of ``prior``: its spans that end there are
    taken over.
    """
    known: tuple[Span, ...] = ()
    if prior is not None and not language.heredocs and language.name != "yaml":
        known = prior.spans[: bisect_right(prior.ends, shared)]
    spans = known + scan(text, language, late, known[-1].end if known else 0, limit)
    return Lexed(text, language, spans, tuple(span.start for span in spans), tuple(span.end for span in spans))
