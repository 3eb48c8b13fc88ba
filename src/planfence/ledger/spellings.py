"""One text in the spellings that hide what is in it: escaped, percent-encoded, coloured, folded, in base64.

A :class:`View` is the text as it reads without that, and knows which place of the text each of its places is.
"""

from __future__ import annotations

import re
from binascii import Error
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import chain

from planfence.lazyregex import pattern
from planfence.records import dataclass

#: Escapes of JSON, shells (at any depth) and HTML, percent-encoding, colours, links, a line that goes on, UTF-16; and
#: what is not seen, by its bytes: U+00AD, U+034F, U+180E, U+200B-200F, U+202A-202E, U+2060-206F, U+FE00-FE0F, U+FEFF,
#: tags. Each begins with one character of its own, so that a text without them is passed over quickly.
_WRITTEN = pattern(
    r"\\\\*(?:\r?\n[+ -]?|(?:u00|x)[0-9A-Fa-f]{2}|.)|%(?:25){0,3}[0-9A-Fa-f]{2}"
    r"|&(?:amp;){0,3}(?:#(?:x[0-9A-Fa-f]{2}|[0-9]{2,3})|amp|quot|apos|lt|gt|equals|colon);"
    r"|\x1b(?:\[[0-9;]{0,20}[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\))|[\x00\x08\x7f]"
    r"|\xc2\xad|\xcd\x8f|\xe1\xa0\x8e|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xaf])"
    r"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf)"
    r"|\xf3\xa0[\x80-\x87][\x80-\xbf]",
    re.ASCII,
)
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}
_NAMED = {"amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">", "equals": "=", "colon": ":"}
#: What joins two strings in one language or another.
JOIN = r"(?:\+\+?|\.{1,3}|&|\|\||<>)"
#: Where a line breaks within a word: a diff's sign, an indentation, and a string that goes on in the next line.
_FOLD = pattern(
    rf"(?:[\"'`](?:[ \t]{{0,4}}{JOIN})?)?[ \t]{{0,4}}\\?\r?\n(?:[+>#-]|\* )?[ \t]{{0,80}}"
    rf"(?:(?:{JOIN}[ \t]{{0,4}})?[rbfu]{{0,2}}[\"'`])?"
    rf"|[\"'`][ \t]{{0,4}}{JOIN}?[ \t]{{0,4}}[rbfu]{{0,2}}[\"'`]",
    re.ASCII,
)
_BASE64 = pattern(r"[A-Za-z0-9+/_-]{12,}={0,2}", re.ASCII)
#: Lines of 76 or 64 characters (RFC 2045, RFC 7468) and a last one.
_IN_LINES = pattern(
    r"(?<![A-Za-z0-9+/])(?:(?:[A-Za-z0-9+/]{76}\r?\n)+|(?:[A-Za-z0-9+/]{64}\r?\n)+)[A-Za-z0-9+/]{1,76}={0,2}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class View:
    """``text`` as it reads; piece i begins at ``begins[i]`` and stands for ``pieces[i]``, a range of the original.

    A piece that is as long as its range is a copy of it.
    """

    text: str
    begins: list[int]
    pieces: list[tuple[int, int]]
    of: View | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original that a range of this view stands for; of a view of a view, that below both."""
        found = self._at(start, first=True), self._at(end - 1, first=False)
        return self.of.original(*found) if self.of else found

    def _at(self, place: int, *, first: bool) -> int:
        number = bisect_right(self.begins, place) - 1
        start, end = self.pieces[number]
        if number + 1 < len(self.begins):
            length = self.begins[number + 1] - self.begins[number]
        else:
            length = len(self.text) - self.begins[number]
        if length != end - start:
            return start if first else end
        return start + place - self.begins[number] + (0 if first else 1)


def plain(text: str) -> View | None:
    """The text without escapes, percent-encoding, colours and continued lines; None if it has none of them."""
    return _view(text, _WRITTEN, _meant) if _WRITTEN.search(text) else None


def unfolded(text: str, of: View | None = None) -> View | None:
    """The text (``of`` a view) as one line; None if it is one."""
    return _view(text, _FOLD, lambda _: "", of) if any(mark in text for mark in "\n\"'`") else None


def _meant(written: str) -> str:
    if written[0] == "%":
        return chr(int(written[-2:], 16))
    if written[0] == "&":
        name = written[:-1].rpartition(";")[2].strip("&#")
        return _NAMED.get(name) or chr(int(name[1:], 16) if name[0] == "x" else int(name))
    if written[0] != "\\":
        return ""
    rest = written.lstrip("\\")
    if rest[:1] in "\r\n":
        return ""
    if len(rest) in (3, 5) and rest[0] in "ux":
        return chr(int(rest[-2:], 16))
    return _MEANT.get(rest, rest)


def _view(text: str, forms: re.Pattern[str], meant: Callable[[str], str], of: View | None = None) -> View:
    out: list[str] = []
    begins: list[int] = []
    pieces: list[tuple[int, int]] = []
    length = last = 0

    def add(piece: str, start: int, end: int) -> None:
        nonlocal length
        if piece:
            out.append(piece)
            begins.append(length)
            pieces.append((start, end))
            length += len(piece)

    for found in forms.finditer(text):
        add(text[last : found.start()], last, found.start())
        add(meant(found[0]), *found.span())
        last = found.end()
    add(text[last:], last, len(text))
    return View("".join(out), begins, pieces, of)


def decoded(text: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield what stands in base64 and is text: where, and the bytes."""
    import base64

    for found in chain(_BASE64.finditer(text), _IN_LINES.finditer(text)):
        word = "".join(found[0].split()).rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(word[: len(word) // 4 * 4] if len(word) % 4 == 1 else word + "=" * (-len(word) % 4))
        except (Error, ValueError):
            continue
        # Hashes and images are no text: hardly any run of twelve bytes is printable by chance.
        if data.isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in data):
            yield *found.span(), data


#: Between the parts of a path, as shells, JSON and URLs write it, and names of folders that stand for a path.
_SLASH = r"(?:\\{0,8}/|\\{1,8}|%2[Ff]|%5[Cc]|-)"
#: In front of a home of one part (`/root`) a dash is that of an option: `--root`.
_FIRST_SLASH = _SLASH.replace("|-", "")


def homes(text: str, small: str, home: str) -> Iterator[tuple[int, int]]:
    """Yield where the home folder stands, in any spelling, that of another system for the same user included."""
    name = home.rpartition("/")[2]
    form = re.compile(before(home), re.ASCII)
    longest = len(home) * 10 + 20
    at = small.find(name.lower())
    while at >= 0:
        window = max(at - longest, 0)
        if (found := form.search(text[window:at])) is not None:
            yield window + found.start(), at + len(name)
        at = small.find(name.lower(), at + len(name))


def before(home: str) -> str:
    """The expression of what stands in front of the last part of the home folder, at the end of a text."""
    above = home.strip("/").split("/")[:-1]
    before = "".join(_SLASH + re.escape(part) for part in above) + (_SLASH if above else _FIRST_SLASH)
    if above[-1:] in (["home"], ["Users"]):
        drive = rf"(?:(?:{_SLASH}mnt)?{_SLASH}[A-Za-z]|(?<![A-Za-z0-9])[A-Za-z](?::|%3[Aa]))?"
        before = rf"(?:{before}|{drive}{_SLASH}(?:[Uu]sers|USERS|home){_SLASH})"
    return rf"{before}\Z"
