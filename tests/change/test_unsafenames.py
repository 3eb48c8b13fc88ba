"""Where a symlink leads, by its words alone."""

from __future__ import annotations

import os

import pytest

from planfence.change.unsafenames import escapes


@pytest.mark.parametrize(
    ("path", "target"),
    [("l", "a"), ("l", "a//./b"), ("a/l", "../b"), ("a/b/l", "../../c"), ("a/l", ".."), ("l", "..a"), ("l", "a..b/c")],
)
def test_what_stays_inside(path: str, target: str) -> None:
    assert not escapes(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", ""),
        ("l", "/etc"),
        ("l", ".."),
        ("a/l", "../.."),
        ("a/l", "./..//../b"),
        ("l", "a\\..\\b"),
        ("l", "C:/x"),
        ("l", ".git/hooks"),
        ("a/l", "../.GIT/config"),
        ("l", "git~1/x"),
        ("l", "a/../b"),
    ],
)
def test_what_leads_out(path: str, target: str) -> None:
    assert escapes(path, target)


def test_two_links_that_each_seem_to_stay_inside(tmp_path) -> None:
    (tmp_path / "repository/x/y").mkdir(parents=True)
    (tmp_path / "repository/top").mkdir()
    links = {"x/y/d": "../../top", "l": "x/y/d/../.."}
    for path, target in links.items():
        os.symlink(target, tmp_path / "repository" / path)
    assert os.path.realpath(tmp_path / "repository/l") == str(tmp_path)
    assert [escapes(*link) for link in links.items()] == [False, True]
