"""Patch ids, asked from git with every setting named."""

from __future__ import annotations

import os
from collections.abc import Sequence

from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository

_FOR_IDS = ("--stdin", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index", "--binary", "--no-color")


def patch_ids(repository: Repository, commits: Sequence[str]) -> dict[str, str]:
    """Return each commit's stable patch id (git-patch-id(1)), kept by a rebase; a merge or empty commit has none."""
    if not commits:
        return {}
    # The scratch repository does not know where a shallow history ends.
    shallow = ("--shallow-file", os.path.join(repository.common_dir_name, "shallow"))
    with BareView(repository) as git:
        diffs = git.run(*shallow, "diff-tree", *_FOR_IDS, stdin="".join(f"{commit}\n" for commit in commits).encode())
        lines = git.text("patch-id", "--stable", stdin=diffs).splitlines()
    return {commit: patch for patch, _, commit in (line.partition(" ") for line in lines)}
