"""What a revision names, and what is said of one that names nothing."""

from __future__ import annotations

import pytest

from planfence.change.reader import head
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.revisions import resolve


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("@{u}", "no upstream configured for branch 'main'"),
        ("HEAD@{99}", "log for 'HEAD' only has"),
        ("@{push}", "no upstream configured"),
        ("@{-9}", "is not a commit here"),
        (":/no such text", "is not a commit here"),
        (":/[", "is not a commit here"),
        ("HEAD^{/[}", "is not a commit here"),
        ("HEAD^{/no such text}", "is not a commit here"),
        ("main..HEAD", "is not a commit here"),
        ("HEAD^@", "is not a commit here"),
        ("HEAD@{", "is not a commit here"),
        ("fork/none/x~2", r"fetch it: `git fetch fork +refs/heads/none/x:refs/remotes/fork/none/x`"),
        ("--all", "is not a commit here"),
        ("two\nlines", "is not a commit here"),
    ],
)
def test_a_name_of_no_commit_is_said_with_gits_reason(repo, name: str, reason: str) -> None:
    tip = repo.commit()
    repo.git("remote", "add", "fork", ".")
    opened = repo.open()
    with pytest.raises(PlanfenceError, match=r"is not a commit here") as raised:
        resolve(opened, name)
    assert reason in f"{raised.value} {raised.value.hint}"
    assert raised.value.code == 2
    assert resolve(opened, "HEAD") == tip


def test_a_head_that_is_lost_is_not_taken_for_an_unborn_one(repo) -> None:
    assert head(repo.open())
    (repo.root / ".git/refs/heads/main").write_text(f"{'1' * 40}\n")
    with pytest.raises(CouldNotCheck, match="HEAD is 111111111111, which this repository lacks"):
        head(repo.open())
    repo.git("symbolic-ref", "HEAD", "refs/heads/new")
    assert head(repo.open()) == ""
