"""Patterns mean what git's own `:(glob)` pathspecs mean.

The semantics are wildmatch's with WM_PATHNAME (git's wildmatch.c): `*` and `?` stop at `/`,
`**` crosses it if it stands between slashes or at an end, classes never match `/`, case
counts. Matching is on bytes, as in git, so `?` is one byte. What git's pathspecs add to
that, a bare name matching a whole folder, is left out: a plan says `dir/**`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from planfence.prover import Patterns, components

#: The longest path that Linux takes (PATH_MAX, limits.h), in bytes; a longer pattern is no use to anybody.
LONGEST = 4096


def encode(path: str) -> bytes:
    """Return the bytes that git has for a path (undecodable bytes travel as surrogates)."""
    return path.encode("utf-8", "surrogateescape")


def decode(path: bytes) -> str:
    """Return a path as text; :func:`encode` gives the same bytes back."""
    return path.decode("utf-8", "surrogateescape")


def fault(pattern: str) -> tuple[str, str] | None:
    """Say what is wrong with a plan's pattern and how to fix it, or return None."""
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
    if components(encode(pattern)) is None:
        return "an unclosed or empty `[…]`", "close it with `]`, or write `[[]` for a plain `[`"
    return None


def is_literal(pattern: str) -> bool:
    """Whether the pattern names exactly one path."""
    return not any(char in pattern for char in "*?[")


def literal_fault(path: str) -> tuple[str, str] | None:
    """As :func:`fault`, of what must name exactly one path."""
    return fault(path) or (None if is_literal(path) else ("a pattern", "name one path"))


@lru_cache(maxsize=512)
def _read(patterns: tuple[str, ...]) -> Patterns:
    return Patterns(map(encode, patterns))


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether any of the patterns names this path.

    Example: ``matches(["src/auth/**"], "src/auth/keys/a.py")`` is True,
    ``matches(["src/api"], "src/api_evil")`` and ``matches(["src/*"], "src/a/b")`` are False.
    """
    return _read(tuple(patterns)).match(encode(path))
