"""Intermediate trees and commits of a split, by plumbing.

Nothing that a user sees changes until :func:`publish`: objects that nothing points at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planfence.errors import CouldNotCheck
from planfence.gitio.committer import Committer, committer_of
from planfence.gitio.objects import GitObject
from planfence.gitio.repository import Repository
from planfence.gitio.run import Asked
from planfence.split.newtrees import CommitStep, ConflictError, NewTrees

_BYTES = ("utf-8", "surrogateescape")
_AUTHOR = rb"(?m)^author (.*?) ?<([^<>\n]*)> (\d+ [+-]\d{4})$"


def trees_of(new: NewTrees, base_tree: str, steps: Sequence[CommitStep]) -> tuple[str, ...]:
    """The tree after each step, made and not stored; raises :class:`CouldNotCheck` if a step can't be made."""
    try:
        return new.trees(base_tree, steps)
    except ConflictError as error:
        raise CouldNotCheck(f"{error} would be a file and a folder at once") from error


def committer(repository: Repository, asked: Asked) -> Committer | None:
    """Who commits, by the answer to `git var -l`.

    None where git itself must make the commits, since it signs them or has to say what is missing.
    """
    status, listing = asked.status(ok=(0, 128))
    variables = {key.encode(*_BYTES): value.encode(*_BYTES) for key, value in repository.git.variables.items()}
    return None if status else committer_of(listing, variables)


def commit_chain(
    repository: Repository,
    trees: Sequence[str],
    messages: Sequence[str],
    parents: Sequence[str],
    author: Mapping[str, str],
) -> tuple[str, ...]:
    """Make one commit for each stored tree, each the parent of the next, by git's own `commit-tree`.

    For where :func:`committer` says that git must make them. Nothing points at them yet.
    """
    from planfence.change.write import commit_tree

    made: list[str] = []
    for tree, message in zip(trees, messages, strict=True):
        made.append(commit_tree(repository.git, tree, made[-1:] or parents, message, author))
    return tuple(made)


def publish(repository: Repository, moving: Asked, new: str, old: str) -> None:
    """Move HEAD's branch (or a detached HEAD) to ``new``, in one compare-and-swap with ``old`` (empty: unborn).

    ``moving`` is an `update-ref --stdin` that waits for its orders.

    Raises :class:`CouldNotCheck` if it is no longer at ``old``.
    """
    moving.status(f"update HEAD\0{new}\0{old or repository.zero}\0".encode(), ok=(0,))


def author_line(author: Mapping[str, str]) -> bytes:
    """What :func:`author_of` returned, as a commit has it; empty if the name is."""
    if not author or not author["GIT_AUTHOR_NAME"]:
        return b""
    date = author["GIT_AUTHOR_DATE"].removeprefix("@")
    return f"{author['GIT_AUTHOR_NAME']} <{author['GIT_AUTHOR_EMAIL']}> {date}".encode(*_BYTES)


def author_of(raw: GitObject) -> dict[str, str]:
    """The author of a raw commit, as variables that make another commit his or hers; empty if the line is broken."""
    import re

    match = re.search(_AUTHOR, raw.data.partition(b"\n\n")[0])
    if match is None:
        return {}
    name, mail, date = (part.decode("utf-8", "surrogateescape") for part in match.groups())
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": f"@{date}"}
