"""In how many files of a tree names occur, counted by `git grep` in one process."""

from __future__ import annotations

from collections.abc import Sequence

from planfence.gitio.run import Git


def files_with(git: Git, tree: str, names: Sequence[bytes]) -> tuple[dict[bytes, int], int]:
    """Return how many files of ``tree`` hold each name as a whole word, and how many files there are."""
    total = git.run("ls-tree", "-r", "-z", "--name-only", tree).count(b"\0")
    if not names:
        return {}, total
    patterns = b"".join(name + b"\n" for name in names)
    status, out = git.status("grep", "-I", "-z", "-o", "-w", "-F", "--full-name", "-f", "-", tree, stdin=patterns)
    if status == 1:
        return {}, total
    seen: set[tuple[bytes, bytes]] = set()
    counts: dict[bytes, int] = {}
    for line in out.split(b"\n"):
        path, _, name = line.rpartition(b"\0")
        if name and (path, name) not in seen:
            seen.add((path, name))
            counts[name] = counts.get(name, 0) + 1
    return counts, total
