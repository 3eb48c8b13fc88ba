"""Colliding names along a history: what is remembered from commit to commit answers as reading afresh does."""

from __future__ import annotations

from random import Random

import pytest

from planfence.change import reader
from planfence.change.change import Mode
from planfence.change.collisions import Siblings
from planfence.gitio import revisions
from planfence.gitio.objects import Objects

PARTS = ("src", "SRC", "a", "A", "b", "\u00e9", "e\u0301", "lib", "x.py", "X.py")


def _stream(random: Random, commits: int) -> bytes:
    """Random adds and deletes on three branches that start from one another."""
    out = []
    for number in range(1, commits + 1):
        branch = random.choice((b"one", b"one", b"one", b"two"))
        out.append(b"commit refs/heads/%s\nmark :%d\n" % (branch, number))
        out.append(b"committer A <a@b> %d +0000\ndata 2\nx\n" % (1_700_000_000 + number))
        if branch == b"two" and random.random() < 0.3 and number > 1:
            out.append(b"from :%d\n" % random.randint(1, number - 1))
        for _ in range(random.randint(1, 3)):
            path = "/".join(random.choice(PARTS) for _ in range(random.randint(1, 3))).encode()
            if random.random() < 0.3:
                out.append(b"D %s\n" % path)
            else:
                out.append(b"M 100644 inline %s\ndata 2\n%d\n\n" % (path, number % 10))
        out.append(b"\n")
    return b"".join(out)


@pytest.mark.parametrize("seed", range(6))
def test_following_a_history_finds_what_each_tree_shows(empty_repo, seed: int) -> None:
    empty_repo.git("fast-import", "--quiet", "--force", stdin=_stream(Random(seed), 120))
    tips = empty_repo.git("for-each-ref", "--format=%(objectname)").split()
    repository = empty_repo.open()
    collided = 0
    with Objects(repository.git) as objects:
        following = Siblings(objects)
        for change in reader.changes(repository, revisions.listed(repository, tips)):
            added = [file.path for file in change.files if file.old_mode == Mode.ABSENT]
            exact = Siblings(objects).collisions(added, change.tree)
            collided += bool(exact)
            assert following.follow(change, added) == exact, change.name
    assert collided > 3


def test_a_folder_whose_name_is_no_utf_8(repo):
    """A range reads folders by their paths; what is not text in them must reach git as the bytes that it was."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x\n")
    repo.git("update-index", "-z", "--index-info", stdin=f"100644 {blob}\t".encode() + b"docs/\xff\xfe/a.md\0")
    tree = repo.git("write-tree")
    with Objects(repo.open().git) as objects:
        assert objects.read_many([f"{tree}:docs/\udcff\udcfe/"])[0].type == "tree"
    repo.git("commit", "-qnm", "docs: bytes")
    done = repo.planfence("check", "--range", "HEAD^..HEAD")
    assert done.returncode == 1
    assert "not UTF-8" in done.stdout + done.stderr or "SCP005" in done.stdout + done.stderr
