"""Overlap of two patterns, against the matcher itself."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planfence.gitio import paths
from planfence.gitio.globs import common_path, covers, is_wide, overlap

PIECES = st.sampled_from(["a", "b", "*", "?", "**", "[ab]", "[!a]", "a*", "*b", "[]a]", "[[:alpha:]]"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map("/".join)
SHORT = ["/".join(parts) for size in (1, 2, 3) for parts in product(["a", "b", "ab", "]"], repeat=size)]


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
