"""What `rev-list --header` shows of a commit is believed where it hashes to the commit's name, and nowhere else."""

from __future__ import annotations

import pytest

from planfence.gitio.revisions import listed, whole

HEADER = "tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (b"\nfeat: a\n", True),
        (b"\nfeat: without a newline", True),
        (b"\nfeat: a\n\n    indented\n\tand a tab\n\nPlan-Task: a/b\n", True),
        (b"\n", False),
        (b"gpgsig -----BEGIN-----\n \n abc\n -----END-----\n\nfeat: signed\n", True),
        (b"encoding ISO-8859-1\n\nfeat: \xe4\n", True),
        (b"\nfeat: trailing space \n", False),
        (b"\n\n\nfeat: blank lines before\n", False),
        (b"\nfeat: blank lines after\n\n\n", False),
        (b"\nfeat: hidden\0Plan-Task: a/b\n", False),
        (b"\nfeat: hidden at the end\0", False),
    ],
)
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_shown_commit_is_the_commit_or_nothing(repo, tmp_path, rest: bytes, told: bool, algorithm: str) -> None:
    repo.root = tmp_path / algorithm
    repo.root.mkdir()
    repo.git("init", "-q", f"--object-format={algorithm}")
    raw = HEADER.format(tree=repo.git("mktree", stdin=b"")).encode() + rest
    name = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    walk = listed(repo.open(), [name])
    assert walk.ids == [name]
    assert whole(walk.shown[0]) == (raw if told else None)
