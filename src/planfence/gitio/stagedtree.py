"""The tree of what is staged, made from a private copy of the index that is removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository


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


def staged_tree(repository: Repository, meanwhile: Callable[[], object] = int) -> str:
    """Return the tree of the index, asked of a copy: `write-tree` would touch the index itself.

    ``meanwhile`` is called while git makes it.
    """
    named = repository.git.variables.get("GIT_INDEX_FILE")
    index = os.path.join(repository.top_name, named) if named else os.path.join(repository.git_dir_name, "index")
    with _folder(repository) as folder:
        private = os.path.join(folder, "index")
        if not os.path.exists(index):
            return repository.empty_tree()
        with open(index, "rb") as source, open(private, "wb") as copy:
            copy.write(source.read())
        with repository.git.begin("write-tree", variables={"GIT_INDEX_FILE": private}) as asked:
            meanwhile()
            return asked.status(ok=(0,))[1].decode().strip()
