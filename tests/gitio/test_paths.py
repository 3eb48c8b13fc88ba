from __future__ import annotations

import pytest

from planfence.change import unsafenames
from planfence.gitio import paths


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/abs",
        "a\\b",
        "a//b",
        "../a",
        "a/../b",
        "./a",
        "dir/",
        "!a",
        ":(top)a",
        "a[",
        "a[]",
        "a\nb",
        "a**",
        "**a/b",
        "***",
        "é" * 2048 + "*",
    ],
)
def test_a_pattern_that_could_mean_something_else_is_a_fault(pattern: str) -> None:
    assert paths.fault(pattern) is not None


@pytest.mark.parametrize("pattern", ["a", "**", "a/**", "**/b", "a/**/b", "[ab].c", "-rf", "a b", "é/*"])
def test_a_plain_pattern_is_none(pattern: str) -> None:
    assert paths.fault(pattern) is None


@pytest.mark.parametrize(
    ("path", "hazardous"),
    [
        ("src/a.py", False),
        ("-rf", False),
        ("naïve/é.txt", False),
        ("a b", False),
        ('say "hi"', False),
        (".gitignore", False),
        ("a/.git/hooks/x", True),
        (".Git", True),
        (".g\u200cit/x", True),
        ("git~1", True),
        (".git ", True),
        ("a\\b", True),
        ("con", True),
        ("COM1.txt", True),
        ("console", False),
        ("a/../b", True),
        ("", True),
    ],
)
def test_hazard(path: str, hazardous: bool) -> None:
    assert bool(unsafenames.hazard(path)) is hazardous


@pytest.mark.parametrize(
    ("added", "tree", "found"),
    [
        (["SRC/x"], ["SRC/x", "src/x"], {"SRC/x": "src"}),
        (["SRC/x"], ["SRC/x", "src/y"], {"SRC/x": "src"}),
        (["src/x"], ["src/x", "src/y"], {}),
        (["README"], ["README", "readme"], {"README": "readme"}),
        (["e\u0301"], ["e\u0301", "\u00e9"], {"e\u0301": "\u00e9"}),
        (["a/B/c"], ["a/B/c", "a/b"], {"a/B/c": "a/b"}),
    ],
)
def test_collisions(added: list[str], tree: list[str], found: dict[str, str]) -> None:
    assert unsafenames.collisions(added, tree) == found
    assert unsafenames.collisions(added, reversed(tree)) == found
