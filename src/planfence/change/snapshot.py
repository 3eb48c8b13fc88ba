"""The worktree as a tree: what `git add -A` and a commit would hold, without touching the index."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository

#: A patch that `git apply` takes.
PATCH = ("-r", "-p", "--binary", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index")
_COUNTS = ("-r", "-z", "--numstat", "--no-renames", "--no-ext-diff")


def tree_of_worktree(repository: Repository) -> str:
    """Return the tree of all that is not ignored in the worktree, through an index of its own.

    Blobs are written to the object store, where git's own housekeeping finds them again.
    """
    with tempfile.TemporaryDirectory(prefix="planfence-") as folder:
        index = Path(folder) / "index"
        mine = Path(repository.environment.get("GIT_INDEX_FILE") or repository.git_dir / "index")
        if mine.is_file():
            shutil.copyfile(mine, index)
        variables = {"GIT_INDEX_FILE": os.fspath(index)}
        repository.git.run("add", "-A", "--", ".", variables=variables)
        return repository.git.run("write-tree", variables=variables).decode().strip()


def difference(repository: Repository, old: str, new: str) -> bytes:
    """Return the patch from one tree to another, in a form that `git apply` takes."""
    with BareView(repository) as git:
        return git.run("diff-tree", *PATCH, old, new, "--")


def counted(repository: Repository, old: str, new: str) -> tuple[int, int]:
    """Return how many files differ between two trees, and how many lines were added or deleted."""
    with BareView(repository) as git:
        out = git.run("diff-tree", *_COUNTS, old, new, "--")
    records = [record.split(b"\t", 2) for record in out.split(b"\0")[:-1]]
    return len(records), sum(int(a) + int(d) for a, d, _ in records if a != b"-")
