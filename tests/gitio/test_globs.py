"""Git itself is the oracle of what a pattern means."""

from __future__ import annotations

import random
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planfence.gitio import paths

PART = st.text(alphabet="abAB-é.]!^", min_size=1, max_size=3).filter(lambda part: part not in (".", ".."))
PATHS = st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True)
GLOB_PART = st.one_of(
    PART,
    st.sampled_from(
        ["*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-c]*", "a*", "*b", "[[:alpha:]]", "[]a]", "***", "[!]a]"]
    ),
    st.lists(st.sampled_from(["a", "b", "*", "?", "[a-b]", "**", "é"]), min_size=1, max_size=3).map("".join),
    # Several `*` in one name, and several `**`, are where a matcher must choose.
    st.lists(st.sampled_from(["a", "b", "*", "?", "[!b]"]), min_size=3, max_size=9).map("".join),
)
PATTERN = (
    st.lists(st.one_of(GLOB_PART, st.just("**")), min_size=1, max_size=7)
    .map("/".join)
    .filter(lambda p: paths.fault(p) is None)
)


def without_clashes(names: list[str]) -> list[str]:
    """Drop paths that would be both a file and a folder."""
    return [n for n in names if not any(o != n and o.startswith(n + "/") for o in names)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=PATHS.map(without_clashes), patterns=st.lists(PATTERN, min_size=1, max_size=8))
def test_patterns_mean_what_git_means(empty_repo, names: list[str], patterns: list[str]) -> None:
    empty = empty_repo.git("hash-object", "-w", "--stdin", stdin=b"")
    entries = "".join(f"100644 {empty}\t{name}\0" for name in names)
    empty_repo.git("read-tree", "--empty")
    empty_repo.git("update-index", "-z", "--index-info", stdin=entries.encode())
    for pattern in patterns:
        listed = empty_repo.git("ls-files", "-z", "--", f":(top,glob){pattern}").split("\0")[:-1]
        # What git adds to wildmatch, a plain name standing for the folder below it, a plan may not say.
        folder = [name for name in listed if paths.is_literal(pattern) and name.startswith(pattern + "/")]
        assert sorted(set(listed) - set(folder)) == sorted(n for n in names if paths.matches([pattern], n)), pattern


def test_every_short_pattern_means_what_git_means(empty_repo) -> None:
    names = ["/".join(parts) for size in (1, 2, 3, 4) for parts in product(["a", "b", "ab", "aab"], repeat=size)]
    deepest = [name for name in names if name.count("/") == 3]  # the others would be files and folders at once
    empty = empty_repo.git("hash-object", "-w", "--stdin", stdin=b"")
    tried = 0
    for files in (names[:4], deepest):
        empty_repo.git("read-tree", "--empty")
        entries = "".join(f"100644 {empty}\t{name}\0" for name in files)
        empty_repo.git("update-index", "-z", "--index-info", stdin=entries.encode())
        parts = ["**", "a*", "*a*b", "*b*a*", "?*"]
        for pattern in map("/".join, (p for size in (1, 2, 3, 4) for p in product(parts, repeat=size))):
            if random.Random(pattern).random() < 0.8:
                continue
            listed = empty_repo.git("ls-files", "-z", "--", f":(top,glob){pattern}").split("\0")[:-1]
            assert listed == sorted(name for name in files if paths.matches([pattern], name)), pattern
            tried += 1
    assert tried > 200
