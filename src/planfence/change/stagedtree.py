"""What is staged, as a tree and as a change, read from a private copy of the index that is removed."""

from __future__ import annotations

import os
from collections.abc import Callable

from planfence.change.hunkreader import OPTIONS
from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git


def staged(repository: Repository, base: str, meanwhile: Callable[[], object] = int) -> tuple[str, bytes]:
    """Return the tree of the index, and its difference from ``base`` (a commit or tree) for `change.hunkreader`.

    Both are asked of one copy: `write-tree` would touch the index itself. ``meanwhile`` is called while git is at it.
    """
    state = repository.state_name
    folder = os.path.join(state, f"split-{os.getpid()}-index")
    try:
        os.makedirs(state, exist_ok=True)
        _sweep(state)
        os.mkdir(folder, 0o700)
        try:
            return _asked(repository, folder, base, meanwhile)
        finally:
            _removed(folder)
    except OSError as error:
        raise CouldNotCheck(f"{state} could not be written: {error.strerror}") from error


def _asked(repository: Repository, folder: str, base: str, meanwhile: Callable[[], object]) -> tuple[str, bytes]:
    variables = {"GIT_INDEX_FILE": _copied(repository, folder)}
    # diff-index takes a file of the worktree for the staged blob where their stat seems to match (diff.c,
    # reuse_worktree_file), so it is given an empty one.
    void = os.path.join(folder, "void")
    os.mkdir(void)
    elsewhere = Git(void, repository.environment, repository.git.program)
    there = (f"--git-dir={repository.git_dir_name}", f"--work-tree={void}")
    change = (*there, "diff-index", "--cached", "--ita-invisible-in-index", *OPTIONS, base)
    with (
        repository.git.begin("write-tree", variables=variables) as made,
        elsewhere.begin(*change, variables=variables) as compared,
    ):
        meanwhile()
        tree = made.status(ok=(0,))[1].decode().strip()
        return tree, compared.status(ok=(0,))[1]


def _removed(folder: str) -> None:
    for name in os.listdir(folder):
        own = os.path.join(folder, name)
        (os.rmdir if name == "void" else os.unlink)(own)
    os.rmdir(folder)


def _copied(repository: Repository, folder: str) -> str:
    """Copy the index there, and return its new name; to git an index that is not there is an empty one."""
    named = repository.git.variables.get("GIT_INDEX_FILE")
    index = os.path.join(repository.top_name, named) if named else os.path.join(repository.git_dir_name, "index")
    private = os.path.join(folder, "index")
    if os.path.exists(index):
        with open(index, "rb") as source, open(private, "wb") as copy:
            copy.write(source.read())
    return private


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
