"""What a revision names, and what is said of one that names nothing."""

from __future__ import annotations

import pytest

from planfence.errors import PlanfenceError
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
        ("--all", "is not a commit here"),
        ("two\nlines", "is not a commit here"),
    ],
)
def test_a_name_of_no_commit_is_said_with_gits_reason(repo, name: str, reason: str) -> None:
    head = repo.commit()
    opened = repo.open()
    with pytest.raises(PlanfenceError, match=r"is not a commit here") as raised:
        resolve(opened, name)
    assert reason in str(raised.value)
    assert raised.value.code == 2
    assert resolve(opened, "HEAD") == head
