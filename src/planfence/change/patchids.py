"""What commits change, whatever they stand on: git's own patch ids, which a rebase keeps."""

from __future__ import annotations

import os
from collections.abc import Sequence

from planfence.gitio.isolated import BareView
from planfence.gitio.repository import Repository

_DIFF = ("--stdin", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index", "--binary", "--no-color")


def patch_ids(repository: Repository, commits: Sequence[str]) -> dict[str, str]:
    """Return each commit's stable patch id (git-patch-id(1)); a merge and an empty commit have none."""
    if not commits:
        return {}
    # The scratch repository does not know where a shallow history ends.
    shallow = ("--shallow-file", os.path.join(repository.common_dir_name, "shallow"))
    with BareView(repository) as git:
        diffs = git.run(*shallow, "diff-tree", *_DIFF, stdin="".join(f"{commit}\n" for commit in commits).encode())
        lines = git.text("patch-id", "--stable", stdin=diffs).splitlines()
    return {commit: patch for patch, _, commit in (line.partition(" ") for line in lines)}
