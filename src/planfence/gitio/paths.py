"""One matcher: patterns mean what git's own `:(glob)` pathspecs mean.

The semantics are wildmatch's with WM_PATHNAME (git's wildmatch.c): `*` and `?` stop at `/`,
`**` crosses it where it stands between slashes or at an end, classes never match `/`, case
counts. Matching is on bytes, as in git, so `?` is one byte. What git's pathspecs add to
that, a bare name matching a whole folder, is left out: a plan says `dir/**`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": rb"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb" \t\n\r\x0b\x0c",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}


#: The longest path that Linux takes (PATH_MAX, limits.h), in bytes; a longer pattern is no use to anybody.
LONGEST = 4096


def encode(path: str) -> bytes:
    """Return the bytes that git has for a path (undecodable bytes travel as surrogates)."""
    return path.encode("utf-8", "surrogateescape")


def decode(path: bytes) -> str:
    """Return a path as text; :func:`encode` gives the same bytes back."""
    return path.decode("utf-8", "surrogateescape")


def fault(pattern: str) -> tuple[str, str] | None:
    """Say what is wrong with a plan's pattern and how to mend it, or return None."""
    if not pattern:
        return "an empty pattern", "name a file, or a folder as `dir/**`"
    if len(encode(pattern)) > LONGEST:
        return f"a pattern of more than {LONGEST} bytes", "write a shorter one: no path is that long"
    if "\\" in pattern:
        return "a backslash in a pattern", "write `/` between folders; nothing needs escaping"
    if "\0" in pattern or "\n" in pattern:
        return "a control character in a pattern", "name the file with `?` in its place"
    if pattern.startswith("/"):
        return "an absolute path", f"write it from the top of the repository: `{pattern.lstrip('/') or 'dir/**'}`"
    if pattern.startswith(":"):
        return "pathspec magic in a pattern", "write the plain glob; it already means `:(glob)`"
    if pattern.startswith("!"):
        return "a negated pattern", "list what is allowed, and what is not under `deny`"
    if pattern.endswith("/"):
        return "a bare folder", f"write `{pattern}**`"
    return _fault_within(pattern)


def _fault_within(pattern: str) -> tuple[str, str] | None:
    parts = pattern.split("/")
    if "" in parts:
        return "an empty path component (`//`)", "write one `/`"
    if ".." in parts or "." in parts:
        return "`.` or `..` in a pattern", "write the path from the top of the repository"
    if any("**" in part and part != "**" for part in parts):
        # git strips a pattern's literal start before it matches (dir.c, git_fnmatch), so that there `a**`
        # crosses `/` although gitignore(5) says that it does not: what two readers could read in two ways is refused.
        return "`**` beside other characters", "let `**` be a whole folder, as in `dir/**`, or write one `*`"
    if _translate(encode(pattern)) is None:
        return "an unclosed or empty `[…]`", "close it with `]`, or write `[[]` for a plain `[`"
    return None


def is_literal(pattern: str) -> bool:
    """Whether the pattern names exactly one path."""
    return not any(char in pattern for char in "*?[")


def _translate_class(pattern: bytes, start: int) -> tuple[bytes, int] | None:
    """Translate the class that opens at ``start``; return the regex and the index after it."""
    index = start + 1
    negated = pattern[index : index + 1] in (b"!", b"^")
    if negated:
        index += 1
    body = b""
    first = True
    while True:
        char = pattern[index : index + 1]
        if not char:
            return None
        if char == b"]" and not first:
            break
        first = False
        if char == b"[" and pattern[index + 1 : index + 2] == b":":
            end = pattern.find(b":]", index + 2)
            if end < 0 or pattern[index + 2 : end] not in _CLASSES:
                return None
            body += _CLASSES[pattern[index + 2 : end]]
            index = end + 2
            continue
        if pattern[index + 1 : index + 2] == b"-" and pattern[index + 2 : index + 3] not in (b"", b"]"):
            high = pattern[index + 2 : index + 3]
            if high >= char:
                body += re.escape(char) + b"-" + re.escape(high)
            index += 3
            continue
        body += re.escape(char)
        index += 1
    if not body:
        return (b"[^/]" if negated else b"(?!)"), index + 1
    return (b"(?!/)[" + (b"^" if negated else b"") + body + b"]"), index + 1


_STAR, _SLASH, _DEEP, _REST = b"*", b"/", b"**/", b"**"


def _tokens(pattern: bytes) -> list[bytes] | None:
    """Return the pattern's steps: the four above, and regular expressions for one byte; None: it is malformed."""
    out: list[bytes] = []
    index, length = 0, len(pattern)
    while index < length:
        char = pattern[index : index + 1]
        if char == b"*":
            end = index
            while pattern[end : end + 1] == b"*":
                end += 1
            opens = index == 0 or pattern[index - 1 : index] == b"/"
            after = pattern[end : end + 1]
            crosses = end - index >= 2 and opens and after in (b"", b"/")
            out.append(_STAR if not crosses else _DEEP if after else _REST)
            index = end + (crosses and after == b"/")
        elif char == b"[":
            translated = _translate_class(pattern, index)
            if translated is None:
                return None
            out.append(translated[0])
            index = translated[1]
        else:
            out.append(_SLASH if char == b"/" else b"[^/]" if char == b"?" else re.escape(char))
            index += 1
    return out


def _split(tokens: list[bytes], at: bytes) -> list[list[bytes]]:
    out: list[list[bytes]] = [[]]
    for token in tokens:
        if token == at:
            out.append([])
        else:
            out[-1].append(token)
    return out


def _translate(pattern: bytes) -> bytes | None:
    """Translate one pattern to a regular expression on bytes; None: it is malformed.

    What stands between two `*` of one name has a fixed length, and what stands between two `**/` a fixed number of
    names. So the first place that fits is as good as any later one: an atomic group keeps it, and no path takes more
    steps than its length times the pattern's.
    """
    tokens = _tokens(pattern)
    if tokens is None:
        return None
    first, *deeper = (b"/".join(map(_name, _split(group, _SLASH))) for group in _split(tokens, _DEEP))
    if not deeper:
        return first
    *middle, last = deeper
    return first + b"".join(b"(?>(?:.*?/)??" + group + b")" for group in middle if group) + b"(?:.*/)?" + last


def _name(tokens: list[bytes]) -> bytes:
    """Translate what stands between two slashes."""
    if tokens == [_REST]:
        return b".*"
    pieces = [b"".join(piece) for piece in _split(tokens, _STAR)]
    if len(pieces) == 1:
        return pieces[0]
    return pieces[0] + b"".join(b"(?>[^/]*?" + piece + b")" for piece in pieces[1:-1]) + b"[^/]*" + pieces[-1]


@lru_cache(maxsize=512)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[bytes]:
    translated = [_translate(encode(pattern)) for pattern in patterns]
    good = [expression for expression in translated if expression is not None]
    return re.compile(b"(?s:" + b"|".join(good) + b")" if good else b"(?!)")


def regex(patterns: Iterable[str]) -> bytes:
    """Return one regular expression (bytes, for ``fullmatch``) that stands for all the patterns."""
    return _compiled(tuple(patterns)).pattern


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether any of the patterns names this path.

    Example: ``matches(["src/auth/**"], "src/auth/keys/a.py")`` is True,
    ``matches(["src/api"], "src/api_evil")`` and ``matches(["src/*"], "src/a/b")`` are False.
    """
    return _compiled(tuple(patterns)).fullmatch(encode(path)) is not None
