"""Overlap of two patterns, against the matcher itself."""

from __future__ import annotations

from collections import deque
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planfence.gitio import globs, paths
from planfence.gitio.globs import GlobToken, covers, is_wide, overlap, tokens

PIECES = st.sampled_from(["a", "b", "*", "?", "**", "[ab]", "[!a]", "a*", "*b", "[]a]", "[[:alpha:]]"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map("/".join)
SHORT = ["/".join(parts) for size in (1, 2, 3) for parts in product(["a", "b", "ab", "]"], repeat=size)]


def _closure(tokens: tuple[GlobToken, ...], at: int) -> list[int]:
    """The positions that are reached from ``at`` without reading a byte."""
    reached = [at]
    for position in reached:
        if position == len(tokens):
            continue
        token = tokens[position]
        if token.loop or token.skip:
            reached.append(position + 1)
        if token.skip:
            reached.append(position + token.skip)
    return reached


def common_path(one: str, other: str) -> bytes | None:
    """Return a path that both patterns name, a shortest one, or None if there is none.

    A path has no empty component, so `/` may neither begin it, end it, nor follow another.
    """
    a, b = tokens(one), tokens(other)
    waiting = deque([(0, 0, True, b"")])
    seen = {(0, 0, True)}
    while waiting:
        left, right, opens, path = waiting.popleft()
        for i in _closure(a, left):
            for j in _closure(b, right):
                if i == len(a) and j == len(b):
                    if not opens:
                        return path
                elif i < len(a) and j < len(b):
                    for byte in _choices(a[i].bytes & b[j].bytes, opens):
                        step = (i + (not a[i].loop), j + (not b[j].loop), byte == b"/")
                        if step not in seen:
                            seen.add(step)
                            waiting.append((*step, path + byte))
    return None


def _choices(shared: frozenset[int], opens: bool) -> list[bytes]:
    """At most two bytes stand for all: a slash, and one that is none."""
    plain = shared & globs._PLAIN
    found = [bytes((ord("a") if ord("a") in plain else min(plain),))] if plain else []
    return found if opens or ord("/") not in shared else [*found, b"/"]


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS)
def test_overlap_is_what_the_matcher_says(one: str, other: str) -> None:
    shared = common_path(one, other)
    if shared is not None:
        path = paths.decode(shared)
        assert paths.matches((one,), path)
        assert paths.matches((other,), path)
        assert all(path.split("/"))
        assert overlap(one, other)
        return
    assert not overlap(one, other)
    assert not [path for path in SHORT if paths.matches((one,), path) and paths.matches((other,), path)]


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS)
def test_what_covers_names_all(wide: str, narrow: str) -> None:
    if covers(wide, narrow):
        assert not [path for path in SHORT if paths.matches((narrow,), path) and not paths.matches((wide,), path)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "src/*.py", True),
        ("src/**", "src/a/b/c", True),
        ("src/*", "src/a/**", False),
        ("src/**/x.py", "**/auth/*.py", True),
        ("src/[a-m]*", "src/[n-z]*", False),
        ("docs/**", "src/**", False),
        ("**/*.md", "docs/**", True),
        ("*.md", "**/a.py", False),
    ],
)
def test_examples(one: str, other: str, same: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is same


@pytest.mark.parametrize(
    "pattern", ["**", "*", "**/*", "src/**", "src/*", "*/**", "src/**/*.py", "**/*.py", "src/**/*"]
)
def test_wide(pattern: str) -> None:
    assert is_wide(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["README.md", "src/a.py", "src/auth/**", "src/*.py", "**/README.md", "src/**/auth/**", "*.toml", "*/setup.py"],
)
def test_narrow(pattern: str) -> None:
    assert not is_wide(pattern)


@pytest.mark.parametrize("pieces", [("*a", "a?"), ("**/a*/", "**/*b/"), ("?/", "*/"), ("**/", "[ab]*/"), ("*", "?a")])
def test_long_patterns_take_few_steps(monkeypatch: pytest.MonkeyPatch, pieces: tuple[str, str]) -> None:
    """The other side may stand in a record of somebody else's ledger."""
    made = []
    monkeypatch.setattr(globs, "_Row", lambda tokens, row=globs._Row: made.append(row(tokens)) or made[-1])
    for times in (20, 500):
        one, other = (piece * times for piece in pieces)
        assert not overlap(f"{one}y", f"{other}x")
        assert made.pop().steps < 40 * times


def test_random_patterns_meet_where_a_walk_finds_a_path() -> None:
    draw = Random(2)
    pieces = ("a", "b", "*", "?", "**", "[ab]", "[!a]", "a*", "*b", "**", "ab", "*a*", "??")
    for _ in range(1500):
        one, other = ("/".join(draw.choices(pieces, k=draw.randint(1, 6))) for _ in range(2))
        assert globs._meet(globs.tokens(one), globs.tokens(other)) is (common_path(one, other) is not None), (
            one,
            other,
        )
