"""Intermediate trees and commits of a split, by plumbing, in an index of its own.

Nothing that a user sees changes until :func:`publish`: objects that nothing points at, and a
private index file that is removed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from planfence.core.paths import encode
from planfence.core.splitsteps import Step
from planfence.errors import CouldNotCheck
from planfence.gitio.objects import GitObject
from planfence.gitio.repository import Repository

_AUTHOR = re.compile(rb"^author (.*?) ?<([^<>\n]*)> (\d+ [+-]\d{4})$", re.MULTILINE)


@contextmanager
def _folder(repository: Repository) -> Iterator[Path]:
    try:
        repository.state_dir.mkdir(parents=True, exist_ok=True)
        _sweep(repository.state_dir)
        with tempfile.TemporaryDirectory(prefix=f"split-{os.getpid()}-", dir=repository.state_dir) as folder:
            yield Path(folder)
    except OSError as error:
        raise CouldNotCheck(f"{repository.state_dir} could not be written: {error.strerror}") from error


def _sweep(folder: Path) -> None:
    """Remove what splits that were killed left behind."""
    for left in folder.glob("split-*-*"):
        owner = left.name.split("-")[1]
        try:
            os.kill(int(owner) if owner.isdigit() else 0, 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue


def staged_tree(repository: Repository) -> str:
    """Return the tree of the index, asked of a copy: `write-tree` would touch the index itself."""
    index = Path(repository.git.text("rev-parse", "--path-format=absolute", "--git-path", "index"))
    with _folder(repository) as folder:
        private = folder / "index"
        if not index.exists():
            return repository.empty_tree()
        private.write_bytes(index.read_bytes())
        return repository.git.run("write-tree", variables={"GIT_INDEX_FILE": str(private)}).decode().strip()


def compose_trees(repository: Repository, base_tree: str, steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the tree after each step, each on top of the one before.

    Raises :class:`CouldNotCheck` where git refuses; nothing but loose objects is left then.
    """
    git = repository.git
    with _folder(repository) as folder:
        variables = {"GIT_INDEX_FILE": str(folder / "index")}
        git.run("read-tree", base_tree, variables=variables)
        ids = iter(_write_blobs(repository, folder, steps))
        trees = []
        for step in steps:
            records = [b"0 " + repository.zero.encode() + b"\t" + encode(path) + b"\0" for path in step.gone]
            for state in step.states:
                name = state.id if state.data is None else next(ids)
                records.append(f"{state.mode:o} {name}\t".encode() + encode(state.path) + b"\0")
            git.run("update-index", "-z", "--index-info", stdin=b"".join(records), variables=variables)
            # --missing-ok: a submodule's commit, or a partial clone's blob, need not be here.
            trees.append(git.run("write-tree", "--missing-ok", variables=variables).decode().strip())
        return tuple(trees)


def _write_blobs(repository: Repository, folder: Path, steps: Sequence[Step]) -> list[str]:
    """Store every composed blob with one process; ids in the order of the states."""
    names: list[str] = []
    for state in (state for step in steps for state in step.states if state.data is not None):
        assert state.data is not None
        file = folder / f"blob-{len(names)}"
        file.write_bytes(state.data)
        names.append(f"{file}\n")
    if not names:
        return []
    out = repository.git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin="".join(names).encode())
    return out.decode().split()


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
    """Make one commit for each tree, each the parent of the next; nothing points at them yet.

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
    repository.git.run("update-ref", "-m", reason, "HEAD", new, old or repository.zero)


def author_of(raw: GitObject) -> dict[str, str]:
    """The author of a raw commit, as variables that make another commit his or hers; empty where the line is broken."""
    match = _AUTHOR.search(raw.data.partition(b"\n\n")[0])
    if match is None:
        return {}
    name, mail, date = (part.decode("utf-8", "surrogateescape") for part in match.groups())
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": f"@{date}"}
