"""TOML with places: the data that `tomllib` reads, and the line and column of every key and element.

`tomllib` (the TOML 1.0 parser of the standard library) decides what the document means and
whether it is one. The scanner here only finds places again in a document that it accepted,
and only when somebody asks for one: a file without faults is never scanned.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import Any, NamedTuple

from planfence.errors import BadFile, Fault

#: Keys and array indices from the top of the document to a value.
Path = tuple[str | int, ...]

#: Deeper than anything that a plan or a policy holds, and far from the interpreter's own limit.
DEEPEST = 32

_NESTED = "nested too deeply"
_NUMBER = "a number of more than 64 bits"
#: More characters than any plan has; 20,000 tasks are 7 million.
LARGEST = 10_000_000
_LARGE = f"larger than {LARGEST // 1_000_000} MB"
_FIXES = (
    ("Invalid statement", "write `key = value`, `[table]` or `# comment`"),
    ("Expected '='", "write `key = value`"),
    ("Expected newline", "write one `key = value` in a line"),
    ("Invalid value", 'put text in double quotes: `"…"`'),
    ("Invalid initial character", "a key has letters, digits, `-` and `_`; anything else needs quotes"),
    ("Cannot overwrite", "write each key once"),
    ("Cannot declare", "write each `[table]` once; one more element of a list is `[[table]]`"),
    ("Cannot mutate", "write each table in one place"),
    ("Duplicate inline table key", "write each key once"),
    ("Unclosed array", "close the list with `]`, with `,` between its elements"),
    ("Unclosed inline table", "close the table with `}`, on the same line"),
    ("Unterminated", "close the string with the same quotes"),
    ("Illegal character", "close the string on the same line, or use three quotes"),
    ("Unescaped", "write a backslash as two, or use single quotes"),
    ("Exceeds the limit", "write a smaller number"),
    (_NESTED, "the file needs no such nesting"),
    (_NUMBER, "write a smaller number"),
    (_LARGE, "the file needs no such size"),
)
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]*")
#: A key of more than 64 parts: `tomllib` takes a time that grows with the square of their number.
_LONG_KEY = re.compile(
    r"""(?:^|[\[{,])[ \t]*+(?:(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""",
    re.MULTILINE,
)
_DOT = re.compile(r"[ \t]*\.[ \t]*")


class Position(NamedTuple):
    """A place in a file, both numbers from 1 (columns count characters)."""

    line: int
    column: int


class TomlSource:
    """A TOML document: its data, its text, and where everything in it stands."""

    def __init__(self, path: str, text: str, data: dict[str, Any]) -> None:
        self.path = path
        self.text = text
        self.data = data
        self._scanner: _Scanner | None = None
        self._lines: list[int] = []

    def origin(self, path: Path) -> tuple[TomlSource, Path]:
        """Which document says what stands at this path, and where in it."""
        return self, path

    def _scanned(self) -> _Scanner:
        if self._scanner is None:
            self._scanner = _Scanner(self.text)
            self._scanner.document()
        return self._scanner

    def key(self, path: Path) -> Position:
        """Where the key (or array element) of this path stands, else where its nearest parent does."""
        return self._nearest(self._scanned().keys, path)

    def value(self, path: Path) -> Position:
        """Where the value of this path begins, else where its nearest parent does."""
        return self._nearest(self._scanned().values, path)

    def _nearest(self, offsets: dict[Path, int], path: Path) -> Position:
        for length in range(len(path), 0, -1):
            if path[:length] in offsets:
                return self._place(offsets[path[:length]])
        return Position(1, 1)

    def _place(self, offset: int) -> Position:
        if not self._lines:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)


def loads(text: str) -> dict[str, Any]:
    """As `tomllib.loads`, in a time that grows with the text; raises :class:`RecursionError` for a key too deep.

    More than :data:`LARGEST` characters are a ValueError too.
    """
    if len(text) > LARGEST:
        raise ValueError(_LARGE)
    if _LONG_KEY.search(text):
        raise RecursionError(_NESTED)
    return tomllib.loads(text)


def read_toml(data: bytes, path: str) -> TomlSource:
    """Read a TOML document.

    Raises :class:`BadFile` with one fault, at its line and column, if the bytes are not
    UTF-8 or the text is not TOML 1.0.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = _place(before, len(before))
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise BadFile((Fault(path, line, column, message, "save the file as UTF-8"),)) from error
    text = text.replace("\r\n", "\n")
    if text.startswith("\ufeff"):
        raise BadFile((Fault(path, 1, 1, "a byte order mark before the first key", "save it as UTF-8 without BOM"),))
    try:
        loaded = loads(text)
        if beyond := _beyond(loaded):
            raise BadFile((Fault(path, 0, 0, beyond, _fix(beyond)),))
    except RecursionError as error:
        raise BadFile((Fault(path, 0, 0, _NESTED, _fix(_NESTED)),)) from error
    except ValueError as error:
        raise BadFile((_syntax_fault(path, text, str(error)),)) from error
    return TomlSource(path, text, loaded)


def _syntax_fault(path: str, text: str, message: str) -> Fault:
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if found is None:  # a number with more digits than the interpreter converts has no place
        words = message if message == _LARGE else f"not TOML: {message}"
        return Fault(path, 0, 0, words, _fix(message))
    words = message[: found.start()]
    if found[1] is None:
        end = text.rstrip("\n")
        return Fault(path, *_place(end, len(end)), f"not TOML: {words} at the end of the file", _fix(words))
    return Fault(path, int(found[1]), int(found[2]), f"not TOML: {words}", _fix(words))


def _fix(message: str) -> str:
    return next((fix for start, fix in _FIXES if message.startswith(start)), "fix the line as TOML 1.0 has it")


def _beyond(data: object) -> str:
    """Say what no file needs: more than :data:`DEEPEST` levels, or a number beyond TOML's 64 bits.

    As `0x…` there can be one that is longer than Python shows again.
    """
    level = [data]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, int) and value.bit_length() > 64:
                return _NUMBER
        if not inner:
            return ""
        level = inner
    return _NESTED


def _place(text: str, offset: int) -> Position:
    start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1)


class _Scanner:
    """Finds the offsets of keys, elements and values in a document that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}
        self._elements: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self._skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _skip(self) -> None:
        found = _SKIP.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _header(self) -> Path:
        repeated = self.text.startswith("[[", self.at)
        self.at += 2 if repeated else 1
        self._skip()
        path: Path = ()
        parts = self._key()
        for index, (part, offset) in enumerate(parts):
            path += (part,)
            last = index == len(parts) - 1
            if last and repeated:
                self._elements[path] = self._elements.get(path, 0) + 1
            self.keys.setdefault(path, offset)
            self.values.setdefault(path, offset)
            if path in self._elements:
                path += (self._elements[path] - 1,)
                self.keys.setdefault(path, offset)
                self.values.setdefault(path, offset)
        self._skip()
        self.at += 2 if repeated else 1
        return path

    def _key(self) -> list[tuple[str, int]]:
        parts: list[tuple[str, int]] = []
        while True:
            start = self.at
            found = _BARE.match(self.text, start) or _STRING.match(self.text, start)
            assert found is not None
            self.at = found.end()
            token = found[0]
            parts.append((tomllib.loads(f"x = {token}")["x"] if token[0] in "\"'" else token, start))
            dot = _DOT.match(self.text, self.at)
            if dot is None:
                return parts
            self.at = dot.end()

    def _pair(self, table: Path) -> None:
        path = table
        for part, offset in self._key():
            path += (part,)
            self.keys.setdefault(path, offset)
            self.values.setdefault(path, offset)
        self._skip()
        self.at += 1  # the `=`
        self._skip()
        self._value(path)

    def _value(self, path: Path) -> None:
        self.values[path] = self.at
        opener = self.text[self.at]
        if opener in "[{":
            self.at += 1
            self._members(path, "]" if opener == "[" else "}")
            return
        found = (_STRING if opener in "\"'" else _SCALAR).match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _members(self, path: Path, closer: str) -> None:
        index = 0
        self._skip()
        while self.text[self.at] != closer:
            if closer == "]":
                self.keys[(*path, index)] = self.at
                self._value((*path, index))
                index += 1
            else:
                self._pair(path)
            self._skip()
            if self.text[self.at] == ",":
                self.at += 1
                self._skip()
        self.at += 1
