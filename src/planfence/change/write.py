"""Writing objects and moving HEAD by plumbing: no hook runs, no porcelain reads the user's habits."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from planfence.change.governing import Entry, tree_entries
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git
from planfence.records import dataclass

#: A path is a path, whatever characters it has.
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
#: What stands in git's folder while something is under way. A rebase stops with the other files there too.
UNDER_WAY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}


def tree_with(git: Git, objects: Objects, root: str, path: str, entry: Entry | None) -> str:
    """Return the id of a tree that is ``root`` (a tree or commit id) with one path set, or taken out (None).

    Every other entry keeps its bytes; folders that become empty disappear.
    """
    folder, _, name = path.rpartition("/")
    entries = tree_entries(objects, f"{root}:{folder}")
    if entry is None:
        entries.pop(name, None)
    else:
        entries[name] = entry
    if not entries and folder:
        return tree_with(git, objects, root, folder, None)
    lines = [
        f"{each.mode:06o} {_type(each.mode)} {each.id}\t".encode() + paths.encode(key) + b"\0"
        for key, each in entries.items()
    ]
    # --missing: a partial clone need not have what the tree names.
    tree = git.text("mktree", "-z", "--missing", stdin=b"".join(lines))
    return tree_with(git, objects, root, folder, Entry(0o040000, tree)) if folder else tree


def _type(mode: int) -> str:
    return {0o040000: "tree", 0o160000: "commit"}.get(mode, "blob")


def commit_tree(
    git: Git, tree: str, parents: Sequence[str], message: str, author: Mapping[str, str] | None = None
) -> str:
    """Make a commit object (nothing points at it yet) and return its id; signed if `commit.gpgsign` says so.

    `commit-tree` itself does not read `commit.gpgsign` (git-commit-tree(1)). ``author`` holds `GIT_AUTHOR_*` variables
    (empty: the user's own identity).
    """
    sign = ["-S"] if git.text("config", "--type=bool", "--get", "commit.gpgsign", ok=(0, 1)) == "true" else []
    names = [word for parent in parents for word in ("-p", parent)]
    command = ("-c", "i18n.commitEncoding=UTF-8", "commit-tree", *sign, *names, "-F", "-", tree)
    out = git.run(*command, stdin=message.encode("utf-8", "surrogateescape"), variables=dict(author or {}))
    return out.decode().strip()


def move_head(repository: Repository, new: str, old: str, reason: str) -> None:
    """Move the branch that HEAD names (or a detached HEAD) from ``old`` to ``new``.

    Raises :class:`CouldNotCheck` if it is no longer at ``old``: somebody committed meanwhile.
    """
    if repository.git.status("update-ref", "-m", reason, "HEAD", new, old, ok=(0, 1, 128))[0]:
        hint = "see `git log -1`, and run it again"
        raise CouldNotCheck("the branch could not be moved: somebody committed meanwhile, or holds it", hint=hint)


def commit_alone(repository: Repository, paths_: Sequence[str], message: str) -> str:
    """Commit these files as the worktree has them, and nothing else that is staged, as a user would; return the id.

    The hooks run. Raises :class:`CouldNotCheck` if git refuses, with the index as it was but for these paths.
    """
    git = repository.git
    if operation := under_way(repository):
        raise PlanfenceError(f"{operation} is under way in this worktree", hint="finish or abort it first")
    git.run("--literal-pathspecs", "add", "--", *paths_)
    command = ("--literal-pathspecs", "commit", "-q", "-m", message, "--only", "--", *paths_)
    if git.status(*command, ok=(0, 1, 128))[0]:
        raise CouldNotCheck("git did not make the commit", hint=f"see why: git commit -- {' '.join(paths_)}")
    return git.text("rev-parse", "HEAD")


def under_way(repository: Repository) -> str:
    """Say which operation is half done in this worktree (`a merge`), or return an empty string."""
    return next((words for name, words in UNDER_WAY.items() if (repository.git_dir / name).exists()), "")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One path's entry in the index, and the flags that an update must give back."""

    entry: Entry
    skip_worktree: bool
    assume_unchanged: bool


def index_entry(git: Git, path: str) -> IndexEntry | None:
    """Return the index's entry for a path; None if there is none, or if it is unmerged."""
    out = git.run("ls-files", "-v", "-s", "-z", "--", path, variables=_LITERAL)
    records = [record for record in out.split(b"\0") if record.partition(b"\t")[2] == paths.encode(path)]
    if len(records) != 1:
        return None
    tag, mode, identifier, stage = records[0].partition(b"\t")[0].split(b" ")
    if stage != b"0":
        return None
    return IndexEntry(Entry(int(mode, 8), identifier.decode()), tag in b"Ss", tag.islower())


def set_index_entry(git: Git, path: str, entry: Entry, like: IndexEntry) -> None:
    """Point one path of the index at another blob, every other entry untouched, with the flags of ``like``."""
    git.run("update-index", "--cacheinfo", f"{entry.mode:o},{entry.id},{path}")
    if like.skip_worktree:
        git.run("update-index", "--skip-worktree", "--", path)
    if like.assume_unchanged:
        git.run("update-index", "--assume-unchanged", "--", path)


def note_worktree(git: Git, path: str, entry: Entry) -> None:
    """Let the index remember the file as it stands, so that `git diff-files` need not read it again."""
    git.run("update-index", "--", path)
    found = index_entry(git, path)
    if found is None or found.entry != entry:  # a filter that does not give back what it took
        git.run("update-index", "--cacheinfo", f"{entry.mode:o},{entry.id},{path}")


def read_worktree(repository: Repository, path: str) -> bytes | None:
    """Return the bytes of a regular worktree file; None if it is missing or reached through a symlink."""
    place = repository.top
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            return None
    return read_file(place)


def read_checked_out(repository: Repository, path: str) -> bytes | None:
    """Return the bytes of a worktree file, in a sparse worktree those of the index; None if no file is there."""
    data = read_worktree(repository, path)
    blob = "" if data is not None or os.path.lexists(repository.top / path) else left_out(repository, path).get(path)
    found = repository.objects.read(blob) if blob else None
    return data if found is None else found.data


def left_out(repository: Repository, path: str) -> dict[str, str]:
    """Return what a sparse worktree leaves out at or below a path: the index's blobs by their paths."""
    rows = repository.git.run("ls-files", "-t", "-s", "-z", "--", f":(literal){path}").split(b"\0")
    pairs = (row.partition(b"\t") for row in rows if row.startswith(b"S "))
    return {paths.decode(name): head.split()[2].decode() for head, _, name in pairs}


def read_file(place: Path) -> bytes | None:
    """Return a regular file's bytes, None if there is none; raises :class:`CouldNotCheck` for one that is shut."""
    try:
        return place.read_bytes() if place.is_file() else None
    except OSError as error:
        raise CouldNotCheck(f"{place} can't be read: {error.strerror}", hint="look at its permissions") from error
