"""Intermediate trees and commits of a split, by plumbing.

Nothing that a user sees changes until :func:`publish`: objects that nothing points at, and a
private copy of the index that is removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from planfence.core.newobjects import ConflictError, NewObjects
from planfence.core.splitsteps import Step
from planfence.errors import CouldNotCheck
from planfence.gitio.committer import Committer, committer_of
from planfence.gitio.objects import GitObject, Objects
from planfence.gitio.repository import Repository

_BYTES = ("utf-8", "surrogateescape")
_AUTHOR = rb"(?m)^author (.*?) ?<([^<>\n]*)> (\d+ [+-]\d{4})$"


@contextmanager
def _folder(repository: Repository) -> Iterator[str]:
    state = repository.state_name
    try:
        os.makedirs(state, exist_ok=True)
        _sweep(state)
        folder = os.path.join(state, f"split-{os.getpid()}-index")
        os.mkdir(folder, 0o700)
        try:
            yield folder
        finally:
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)
    except OSError as error:
        raise CouldNotCheck(f"{state} could not be written: {error.strerror}") from error


def _sweep(folder: str) -> None:
    """Remove what splits that were killed left behind."""
    for name in os.listdir(folder):
        if not name.startswith("split-"):
            continue
        owner = name.split("-")[1]
        try:
            os.kill(int(owner) if owner.isdigit() else 0, 0)
        except ProcessLookupError:
            import shutil

            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        except PermissionError:
            continue


def staged_tree(repository: Repository) -> str:
    """Return the tree of the index, asked of a copy: `write-tree` would touch the index itself."""
    named = repository.git.variables.get("GIT_INDEX_FILE")
    index = os.path.join(repository.top_name, named) if named else os.path.join(repository.git_dir_name, "index")
    with _folder(repository) as folder:
        private = os.path.join(folder, "index")
        if not os.path.exists(index):
            return repository.empty_tree()
        with open(index, "rb") as source, open(private, "wb") as copy:
            copy.write(source.read())
        return repository.git.run("write-tree", variables={"GIT_INDEX_FILE": private}).decode().strip()


def new_objects(repository: Repository, objects: Objects) -> NewObjects:
    """A maker of objects on top of what the repository has."""
    algorithm = "sha1" if len(repository.zero) == 40 else "sha256"
    return NewObjects(lambda name: objects.read_many([name])[0].data, algorithm)


def compose_trees(repository: Repository, base_tree: str, steps: Sequence[Step]) -> tuple[str, ...]:
    """Store and return the tree after each step, each on top of the one before.

    Raises :class:`CouldNotCheck` where git refuses; nothing but loose objects is left then.
    """
    with Objects(repository.git) as objects:
        new = new_objects(repository, objects)
        trees = trees_of(new, base_tree, steps)
    store(repository, new)
    return trees


def trees_of(new: NewObjects, base_tree: str, steps: Sequence[Step]) -> tuple[str, ...]:
    """The tree after each step, made and not stored; raises :class:`CouldNotCheck` where a step can't be made."""
    try:
        return new.trees(base_tree, steps)
    except ConflictError as error:
        raise CouldNotCheck(f"{error} would be a file and a folder at once") from error


def store(repository: Repository, new: NewObjects) -> None:
    """Store what was made, all of it with one process of git's own; nothing points at it yet."""
    repository.git.run("unpack-objects", "-q", stdin=new.pack())


def committer(repository: Repository) -> Committer | None:
    """Who commits; None where git itself must make the commits, since it signs them or has to say what is missing."""
    status, listing = repository.git.status("var", "-l", ok=(0, 128))
    variables = {key.encode(*_BYTES): value.encode(*_BYTES) for key, value in repository.git.variables.items()}
    return None if status else committer_of(listing, variables)


def wants_signature(repository: Repository) -> bool:
    """Whether `commit.gpgsign` asks for signed commits, which `commit-tree` does not read by itself."""
    status, out = repository.git.status("config", "--type=bool", "--get", "commit.gpgsign")
    return status == 0 and out.strip() == b"true"


def commit_chain(
    repository: Repository,
    trees: Sequence[str],
    messages: Sequence[str],
    parents: Sequence[str],
    author: Mapping[str, str],
) -> tuple[str, ...]:
    """Make one commit for each stored tree, each the parent of the next, by git's own `commit-tree`.

    For where :func:`committer` says that git must make them. Nothing points at them yet.

    ``author`` holds `GIT_AUTHOR_*` variables to keep (empty: the user's own identity).
    """
    sign = ("-S",) if wants_signature(repository) else ()
    made: list[str] = []
    above = tuple(parents)
    for tree, message in zip(trees, messages, strict=True):
        names = [word for parent in above for word in ("-p", parent)]
        out = repository.git.run(
            "-c",
            "i18n.commitEncoding=UTF-8",
            "commit-tree",
            *sign,
            *names,
            "-F",
            "-",
            tree,
            stdin=message.encode("utf-8", "surrogateescape"),
            variables=dict(author),
        )
        made.append(out.decode().strip())
        above = (made[-1],)
    return tuple(made)


def publish(repository: Repository, new: str, old: str, reason: str) -> None:
    """Move HEAD's branch (or a detached HEAD) to ``new``, in one compare-and-swap with ``old`` (empty: unborn).

    Raises :class:`CouldNotCheck` where it is no longer at ``old``.
    """
    repository.git.run("update-ref", "-m", reason, "HEAD", new, old or repository.zero, apart=True)


def author_line(author: Mapping[str, str]) -> bytes:
    """What :func:`author_of` returned, as a commit has it; empty where the name is."""
    if not author or not author["GIT_AUTHOR_NAME"]:
        return b""
    date = author["GIT_AUTHOR_DATE"].removeprefix("@")
    return f"{author['GIT_AUTHOR_NAME']} <{author['GIT_AUTHOR_EMAIL']}> {date}".encode(*_BYTES)


def author_of(raw: GitObject) -> dict[str, str]:
    """The author of a raw commit, as variables that make another commit his or hers; empty where the line is broken."""
    import re

    match = re.search(_AUTHOR, raw.data.partition(b"\n\n")[0])
    if match is None:
        return {}
    name, mail, date = (part.decode("utf-8", "surrogateescape") for part in match.groups())
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": f"@{date}"}
