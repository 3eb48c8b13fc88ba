"""Git itself is the oracle of what a pattern means."""

from __future__ import annotations

import random
import subprocess
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


#: What git calls the empty blob; an index may name it although nobody wrote it.
EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
_LIST = 'for pattern; do git ls-files -z -- ":(top,glob)$pattern" || exit; printf "\\n\\0"; done'


def index(repo, names: list[str]) -> None:
    (repo.root / ".git/index").unlink(missing_ok=True)
    entries = "".join(f"100644 {EMPTY}\t{name}\0" for name in names)
    repo.git("update-index", "-z", "--index-info", stdin=entries.encode())


def listed_by_git(repo, patterns: list[str]) -> list[list[str]]:
    """What git lists for each pattern, in a process each that a small one starts: it is the cheaper parent."""
    words = ["/bin/sh", "-c", _LIST, "sh", *patterns]
    done = subprocess.run(words, cwd=repo.root, env=repo.variables, capture_output=True, check=True)
    lists = done.stdout.decode("utf-8", "surrogateescape").split("\n\0")
    return [each.split("\0")[:-1] for each in lists[:-1]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=PATHS.map(without_clashes), patterns=st.lists(PATTERN, min_size=1, max_size=8))
def test_patterns_mean_what_git_means(empty_repo, names: list[str], patterns: list[str]) -> None:
    index(empty_repo, names)
    for pattern, listed in zip(patterns, listed_by_git(empty_repo, patterns), strict=True):
        # What git adds to wildmatch, a plain name standing for the folder below it, a plan may not say.
        folder = [name for name in listed if paths.is_literal(pattern) and name.startswith(pattern + "/")]
        assert sorted(set(listed) - set(folder)) == sorted(n for n in names if paths.matches([pattern], n)), pattern


def test_every_short_pattern_means_what_git_means(empty_repo) -> None:
    names = ["/".join(parts) for size in (1, 2, 3, 4) for parts in product(["a", "b", "ab", "aab"], repeat=size)]
    deepest = [name for name in names if name.count("/") == 3]  # the others would be files and folders at once
    parts = ["**", "a*", "*a*b", "*b*a*", "?*"]
    every = map("/".join, (p for size in (1, 2, 3, 4) for p in product(parts, repeat=size)))
    patterns = [pattern for pattern in every if random.Random(pattern).random() >= 0.8]
    assert len(patterns) > 100
    for files in (names[:4], deepest):
        index(empty_repo, files)
        for pattern, listed in zip(patterns, listed_by_git(empty_repo, patterns), strict=True):
            assert listed == sorted(name for name in files if paths.matches([pattern], name)), pattern
