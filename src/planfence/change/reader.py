"""The changes that are judged: the staged tree, one commit, the commits of a range."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from planfence.change import trees
from planfence.change.change import STAGED, Change, FileChange, Mode
from planfence.change.difftree import BATCH
from planfence.change.merges import Merges
from planfence.change.trees import CommitDiff, parse_raw
from planfence.errors import CouldNotCheck, reason
from planfence.files.plain import read_plain
from planfence.gitio import paths, revisions
from planfence.gitio.commits import Commit, address, parse_commit
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.records import replace
from planfence.tables import NUMSTAT, RAW_DIFF

resolve = revisions.resolve
_GITHEAD = re.compile(r"GITHEAD_([0-9a-f]{40}(?:[0-9a-f]{24})?)")


def head(repository: Repository) -> str:
    """Return HEAD's commit id, or an empty string if there is no commit yet.

    Raises :class:`CouldNotCheck` if HEAD names a commit that the repository lacks.
    """
    found = repository.objects.find("HEAD^{commit}")
    if found is None:
        _, named = repository.git.status("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1))
        if named:
            message = f"HEAD is {named[:12].decode()}, which this repository lacks"
            raise CouldNotCheck(message, hint="run `git fsck` to see why")
    return found[0] if found else ""


def staged(repository: Repository) -> Change:
    """Return the staged tree as a change on HEAD, exactly as `git commit` would record it.

    The index is the one that git hands to the hook (`GIT_INDEX_FILE`), so `commit -a` and
    `commit -- path` are seen as they will be.
    """
    tree = _staged_tree(repository)
    parent = head(repository)
    others = _merge_heads(repository)
    parents = (parent, *others) if parent else ()
    if others:
        with Merges(repository) as merges:
            files, settled, conflicted = merges.own(parents, tree, repository.objects)
        return Change(STAGED, parents, tree, files, settled=settled, conflicted=conflicted)
    return Change(STAGED, parents, tree, tuple(_diff(repository, parent or repository.empty_tree(), tree)))


def next_author(repository: Repository) -> str:
    """Return the e-mail address of the author of the next commit; empty if git knows none.

    Before its hooks, `git commit` sets the variables for `--author` and `--amend` (builtin/commit.c,
    determine_author_info).
    """
    status, out = repository.git.status("var", "GIT_AUTHOR_IDENT", ok=(0, 1, 128))
    return "" if status else address(out.decode("utf-8", "surrogateescape"))


#: So long another git in this worktree is waited for (seconds): an editor asks for the status at any time.
_PATIENCE_S = 5.0


def _staged_tree(repository: Repository) -> str:
    named = repository.git.variables.get("GIT_INDEX_FILE", "")
    lock = Path(f"{repository.top / named if named else repository.git_dir / 'index'}.lock")
    end, free = time.monotonic() + _PATIENCE_S, 0
    while True:
        status, out = repository.git.status("write-tree", ok=(0, 128))
        if not status:
            return out.decode().strip()
        unmerged = repository.git.run("ls-files", "-u", "-z")
        if unmerged:
            path = paths.decode(unmerged.split(b"\0")[0].partition(b"\t")[2])
            raise CouldNotCheck(f"{path} is unmerged", hint="resolve the conflict, then `git add` it")
        free += not lock.exists()  # it may just have gone
        if free > 2 or time.monotonic() > end:
            raise CouldNotCheck("git can't write the staged tree", hint="run `git write-tree` to see why")
        time.sleep(0.02)


def _merge_heads(repository: Repository) -> tuple[str, ...]:
    """The other parents of a merge in progress.

    A clean merge runs pre-merge-commit before MERGE_HEAD is written; git (builtin/merge.c)
    then names the heads in `GITHEAD_<id>` variables.
    """
    try:
        words = read_plain(repository.git_dir / "MERGE_HEAD").decode("ascii").split()
    except FileNotFoundError:
        words = [m[1] for name in repository.environment.variables if (m := _GITHEAD.fullmatch(name))]
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"MERGE_HEAD can't be read: {reason(error)}") from error
    return tuple(words)


def _diff(repository: Repository, old: str, new: str) -> list[FileChange]:
    return parse_raw(repository.git.run("diff-tree", *RAW_DIFF, old, new, "--"))


def between(repository: Repository, old: str, new: str) -> tuple[FileChange, ...]:
    """Return what changed between two trees, or commits."""
    return tuple(_diff(repository, old, new))


def commit(repository: Repository, revision: str) -> Change:
    """Return one commit against its real parents."""
    return next(changes(repository, [resolve(repository, revision)]))


class DiffedCommit(NamedTuple):
    """One commit as it stands, and git's records of what it changed: `--raw` (None: a merge) and `--numstat`."""

    commit: Commit
    raw: bytes | None
    counts: bytes


class Commits:
    """Reads commits against their real parents; a context manager. With ``lines`` their changed lines are counted.

    Counting is done without attributes and configuration: what one clone calls binary has lines all the same.
    """

    def __init__(self, repository: Repository, objects: Objects, *, lines: bool = False) -> None:
        self._repository, self._objects, self._lines = repository, objects, lines
        self._stack = ExitStack()

    def __enter__(self) -> Commits:
        git = self._repository.git
        with ExitStack() as stack:
            self._merges = stack.enter_context(Merges(self._repository))
            self._git = stack.enter_context(BareView(self._repository)) if self._lines else git
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def steps(self, ids: Sequence[str]) -> Iterator[DiffedCommit]:
        """Yield exactly these commits (full ids), in order, in bounded memory: two gits, asked in turn, work ahead."""
        gits = 2 if len(ids) > BATCH else 1
        diffs = [self._stack.enter_context(CommitDiff(self._git, lines=self._lines)) for _ in range(gits)]
        waiting: deque[tuple[CommitDiff, list[Commit]]] = deque()
        for at in range(0, len(ids), BATCH):
            following = [parse_commit(raw) for raw in self._objects.read_many(list(ids[at : at + BATCH]))]
            if self._lines and self._repository.git.partial:
                _bring(self._repository, following)
            asked = diffs[at // BATCH % gits]
            asked.send([(each.id, "".join(each.parents)) for each in following if len(each.parents) < 2])
            waiting.append((asked, following))
            if len(waiting) > gits:
                yield from _answered(*waiting.popleft())
        for each in waiting:
            yield from _answered(*each)

    def change(self, step: DiffedCommit) -> Change:
        """Return a commit as a change; a merge is compared with all its parents and with the recomputed merge."""
        found, settled, conflicted = step.commit, tuple[FileChange, ...](), frozenset[str]()
        if step.raw is None:
            files, settled, conflicted = self._merges.own(found.parents, found.tree, self._objects)
        else:
            files = tuple(parse_raw(step.raw))
            files = trees.with_lines(files, step.counts) if self._lines else files
        author = address(found.author)
        return Change(found.id, found.parents, found.tree, files, found.message, settled, conflicted, author)


def _answered(diff: CommitDiff, commits: list[Commit]) -> Iterator[DiffedCommit]:
    answers = iter(diff.receive(sum(len(each.parents) < 2 for each in commits)))
    for found in commits:
        raw, counts = next(answers) if len(found.parents) < 2 else (None, b"")
        yield DiffedCommit(found, raw, counts)


def _bring(repository: Repository, commits: Sequence[Commit]) -> None:
    """Have git fetch what a partial clone left out and the lines are counted in; the view that counts has no remote."""
    ids = "".join(f"{each.id}\n" for each in commits if len(each.parents) < 2).encode()
    repository.git.run("diff-tree", "--stdin", "--root", *NUMSTAT, stdin=ids)


def changes(repository: Repository, ids: Sequence[str]) -> Iterator[Change]:
    """Yield exactly these commits (full ids), in order, in bounded memory."""
    with Commits(repository, repository.objects) as commits:
        yield from map(commits.change, commits.steps(ids))


def against(repository: Repository, change: Change, parent: str) -> Change:
    """Return a merge as its whole difference to one of its parents, which stands first then."""
    others = tuple(other for other in change.parents if other != parent)
    files = tuple(_diff(repository, parent, change.tree))
    return replace(change, parents=(parent, *others), files=files, settled=())


def first_parent_files(repository: Repository, change: Change) -> tuple[FileChange, ...]:
    """Return what a change brings to its first parent: of a merge, the other sides as well."""
    return tuple(_diff(repository, change.parents[0], change.tree)) if change.is_merge else change.files


def end_of(repository: Repository, tip: str, without: Sequence[str]) -> Change:
    """Return the whole of a range as one change: its last tree against where it left the excluded commits."""
    status, out = repository.git.status("merge-base", tip, *without, ok=(0, 1)) if without else (1, b"")
    base = "" if status else out.decode().strip()
    tree = repository.objects.tree_of(tip)
    files = tuple(_diff(repository, base or repository.empty_tree(), tree))
    return Change(tip, (base,) if base else (), tree, files)


def with_lines(repository: Repository, change: Change) -> Change:
    """Return the change with its added plus deleted lines counted (numstat; -1 for binary files)."""
    old = change.parents[0] if change.parents else repository.empty_tree()
    if repository.git.partial:
        repository.git.run("diff-tree", *NUMSTAT, old, change.tree, "--")  # fetches what the view below can't
    with BareView(repository) as git:
        out = git.run(
            "diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv",
            "--ignore-submodules=none", "--no-relative", "--diff-algorithm=myers", old, change.tree, "--",
        )  # fmt: skip
    return replace(change, files=trees.with_lines(change.files, out))


def link_targets(objects: Objects, change: Change) -> dict[str, str]:
    """Return the targets of the symlinks that a change adds or alters, by path."""
    found: dict[str, str] = {}
    for file in change.files:
        if file.new_mode == Mode.SYMLINK:
            blob = objects.read(file.new_id)
            if blob is not None and blob.type == "blob":
                found[file.path] = paths.decode(blob.data)
    return found


def submodules(repository: Repository, tree: str) -> Iterator[str]:
    """Yield the paths of a tree's submodules."""
    for mode, _, path in repository.git.entries(tree):
        if mode == Mode.GITLINK:
            yield paths.decode(path)


def tree_paths(repository: Repository, tree: str) -> Iterator[str]:
    """Yield every path of a tree."""
    with repository.git.begin("ls-tree", "-r", "-z", "--name-only", "--full-tree", tree) as asked:
        yield from map(paths.decode, asked.parts(b"\0"))
