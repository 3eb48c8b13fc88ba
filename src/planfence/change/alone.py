"""A commit of a few files by plumbing, whatever else is staged or edited: nobody's own edits of them are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from planfence.change import reader, write
from planfence.change.change import Mode
from planfence.change.governing import Entry, entry, is_plain
from planfence.errors import PlanfenceError
from planfence.files.state import edit, locked
from planfence.finding import Report
from planfence.gitio.repository import Repository
from planfence.records import dataclass

#: So long one waits for another (seconds): a policy may be fetched meanwhile.
_PATIENCE_S = 600.0


@contextmanager
def one_at_a_time(repository: Repository, wish: str) -> Iterator[str]:
    """Hold other such commits of this worktree off, and yield HEAD (empty: no commit yet) as it stands then.

    So what one undoes is never another's. ``wish`` is what the user wants, in words. Raises :class:`PlanfenceError` in
    a bare repository, and in the middle of a merge or rebase.
    """
    if repository.bare:
        raise PlanfenceError("a bare repository has no branch of yours", hint=f"{wish} in a clone")
    if operation := write.under_way(repository):
        raise PlanfenceError(f"{operation} is under way in this worktree", hint=f"finish or abort it, then {wish}")
    with locked(repository.git_dir, _PATIENCE_S):
        yield reader.head(repository)


@dataclass(frozen=True, slots=True)
class Copies:
    """One path at HEAD (None: not there), and its copies in index and worktree, all alike.

    ``on_disk`` is None if the worktree has no file: there is none, or it is a sparse one's.
    """

    path: str
    head: Entry | None
    index: write.IndexEntry | None
    on_disk: bytes | None


def unedited(repository: Repository, head: str, path: str) -> Copies:
    """Return a path's copies; raises :class:`PlanfenceError` if one of them has edits of the user's own."""
    git = repository.git
    found = entry(repository.objects, head, path) if head else None
    if found is not None and not is_plain(found):
        raise PlanfenceError(f"{path} is not a regular file", hint="replace the link by the file itself")
    own = f"commit it alone, or put it back: `git restore --staged --worktree -- {path}`"
    index = write.index_entry(git, path)
    if (index.entry if index else None) != found:
        raise PlanfenceError(f"{path} has staged changes of your own", hint=own)
    data = write.read_worktree(repository, path)
    if found is None:
        for folder in (repository.top / path).relative_to(repository.top).parents:
            place = repository.top / folder
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                raise PlanfenceError(f"{folder} is not a folder", hint="make it one")
        if (repository.top / path).exists() or (repository.top / path).is_symlink():
            raise PlanfenceError(f"{path} is there, and not committed", hint="commit it alone, or take it away")
        return Copies(path, None, None, None)
    if index is not None and index.skip_worktree and data is None:
        return Copies(path, found, index, None)
    # The blob that `git add` would make of the file, by its filters too.
    if data is None or git.text("hash-object", f"--path={path}", "--stdin", stdin=data) != found.id:
        raise PlanfenceError(f"{path} has changes of your own in the worktree", hint=own)
    return Copies(path, found, index, data)


def commit_files(
    repository: Repository,
    head: str,
    files: Sequence[tuple[Copies, bytes]],
    message: str,
    judged: Callable[[str], Report],
) -> tuple[str, Report]:
    """Commit these files with their new bytes on HEAD; return the commit (empty: refused) and what ``judged`` says.

    The commit is judged before anything points at it; if a rule refuses it, nothing has changed. Else index and
    worktree take the files too: had the index kept the old ones, the next commit would silently revert this one.
    """
    git, tree, changes = repository.git, head, []
    for before, data in files:
        blob = git.text("hash-object", "-w", "-t", "blob", "--no-filters", "--stdin", stdin=data)
        after = Entry(before.head.mode if before.head else Mode.FILE, blob)
        tree = write.tree_with(git, repository.objects, tree, before.path, after)
        changes.append((before, after))
    commit = write.commit_tree(git, tree, (head,), message)
    report = judged(commit)
    if report.refused:
        return "", report
    reason = message.partition("\n")[0].partition(": ")[2]
    _take(repository, changes, commit, head, f"planfence: {reason}")
    return commit, report


def _take(repository: Repository, changes: Sequence[tuple[Copies, Entry]], commit: str, head: str, reason: str) -> None:
    """Bring index, worktree and branch to a commit of these files; the branch last, so that a failure is undone."""
    done: list[tuple[Copies, bytes | None]] = []
    try:
        for before, after in changes:
            sparse = before.index is not None and before.index.skip_worktree and before.on_disk is None
            as_checked_out = ("cat-file", "--filters", f"--path={before.path}", after.id)
            fresh = None if sparse else repository.git.run(*as_checked_out)
            done.append((before, fresh))
            _stage(repository, before, after)
            if fresh is not None:
                _put(repository.top / before.path, before.on_disk, fresh)
        write.move_head(repository, commit, head, reason)
    except PlanfenceError:
        for before, fresh in done:
            if fresh is not None:
                _put(repository.top / before.path, fresh, before.on_disk)
            _stage(repository, before, before.head)
        raise
    for (before, fresh), (_, after) in zip(done, changes, strict=True):
        if fresh is not None:
            write.note_worktree(repository.git, before.path, after)


def _stage(repository: Repository, before: Copies, entry_: Entry | None) -> None:
    if entry_ is None:
        repository.git.run("update-index", "--force-remove", "--", before.path)
    elif before.index is None:
        repository.git.run("update-index", "--add", "--cacheinfo", f"{entry_.mode:o},{entry_.id},{before.path}")
    else:
        write.set_index_entry(repository.git, before.path, entry_, before.index)


def _put(place: Path, old: bytes | None, new: bytes | None) -> None:
    """Put ``new`` in the place of ``old``; raises :class:`PlanfenceError` if somebody wrote something else there."""

    def change(now: bytes | None) -> bytes | None:
        if now not in (old, new):
            raise PlanfenceError(f"{place} changed meanwhile: it was left as it is", hint="run it again")
        return new

    if new is None:
        place.unlink(missing_ok=True)
    else:
        edit(place, change)
