"""The changes that are judged: the staged tree, one commit, the commits of a range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from planfence.change.change import STAGED, Change, FileChange, Mode
from planfence.change.difftree import BATCH
from planfence.change.merges import Merges
from planfence.change.trees import CommitDiff, parse_raw
from planfence.errors import CouldNotCheck
from planfence.gitio import paths, revisions
from planfence.gitio.commits import Commit, parse_commit
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.records import replace
from planfence.tables import RAW_DIFF

resolve = revisions.resolve
_GITHEAD = re.compile(r"GITHEAD_([0-9a-f]{40}(?:[0-9a-f]{24})?)")


def head(repository: Repository) -> str:
    """Return HEAD's commit id, or an empty string where there is no commit yet."""
    status, out = repository.git.status("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return "" if status else out.decode().strip()


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
        with Objects(repository.git) as objects, Merges(repository) as merges:
            files = merges.own(parents, tree, objects)
    else:
        files = tuple(_diff(repository, parent or repository.empty_tree(), tree))
    return Change(STAGED, parents, tree, files)


def _staged_tree(repository: Repository) -> str:
    status, out = repository.git.status("write-tree", ok=(0, 128))
    if status:
        unmerged = repository.git.run("ls-files", "-u", "-z")
        if unmerged:
            path = paths.decode(unmerged.split(b"\0")[0].partition(b"\t")[2])
            raise CouldNotCheck(f"{path} is unmerged", hint="resolve the conflict, then `git add` it")
        raise CouldNotCheck("git can't write the staged tree", hint="run `git write-tree` to see why")
    return out.decode().strip()


def _merge_heads(repository: Repository) -> tuple[str, ...]:
    """The other parents of a merge in progress.

    A clean merge runs pre-merge-commit before MERGE_HEAD is written; git (builtin/merge.c)
    then names the heads in `GITHEAD_<id>` variables.
    """
    try:
        words = (repository.git_dir / "MERGE_HEAD").read_text("ascii").split()
    except FileNotFoundError:
        words = [m[1] for name in repository.environment.variables if (m := _GITHEAD.fullmatch(name))]
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"MERGE_HEAD can't be read: {error}") from error
    return tuple(words)


def _diff(repository: Repository, old: str, new: str) -> list[FileChange]:
    return parse_raw(repository.git.run("diff-tree", *RAW_DIFF, old, new, "--"))


def between(repository: Repository, old: str, new: str) -> tuple[FileChange, ...]:
    """Return what changed between two trees, or commits."""
    return tuple(_diff(repository, old, new))


def commit(repository: Repository, revision: str) -> Change:
    """Return one commit against its real parents."""
    return next(changes(repository, [resolve(repository, revision)]))


def changes(repository: Repository, ids: Sequence[str]) -> Iterator[Change]:
    """Yield exactly these commits (full ids), in order, in bounded memory.

    Each is compared with its real parent; a merge with all its parents and with the recomputed merge.
    """
    git = repository.git
    with Objects(git) as objects, CommitDiff(git) as diff, Merges(repository) as merges:
        waiting: list[Commit] = []
        for at in range(0, len(ids), BATCH):
            following = [parse_commit(raw) for raw in objects.read_many(list(ids[at : at + BATCH]))]
            diff.send([(each.id, "".join(each.parents)) for each in following if len(each.parents) < 2])
            yield from _answered(waiting, objects, diff, merges)
            waiting = following
        yield from _answered(waiting, objects, diff, merges)


def _answered(commits: list[Commit], objects: Objects, diff: CommitDiff, merges: Merges) -> Iterator[Change]:
    answers = iter(diff.receive(sum(len(each.parents) < 2 for each in commits)))
    for found in commits:
        merge = len(found.parents) > 1
        files = merges.own(found.parents, found.tree, objects) if merge else tuple(next(answers))
        yield Change(found.id, found.parents, found.tree, files, found.message)


def against(repository: Repository, change: Change, parent: str) -> Change:
    """Return a merge as its whole difference to one of its parents, which stands first then."""
    others = tuple(other for other in change.parents if other != parent)
    return replace(change, parents=(parent, *others), files=tuple(_diff(repository, parent, change.tree)))


def first_parent_files(repository: Repository, change: Change) -> tuple[FileChange, ...]:
    """Return what a change brings to its first parent: of a merge, the other sides as well."""
    return tuple(_diff(repository, change.parents[0], change.tree)) if change.is_merge else change.files


def end_of(repository: Repository, tip: str, without: Sequence[str]) -> Change:
    """Return the whole of a range as one change: its last tree against where it left the excluded commits."""
    status, out = repository.git.status("merge-base", tip, *without, ok=(0, 1)) if without else (1, b"")
    base = "" if status else out.decode().strip()
    tree = repository.git.text("rev-parse", "--verify", f"{tip}^{{tree}}")
    files = tuple(_diff(repository, base or repository.empty_tree(), tree))
    return Change(tip, (base,) if base else (), tree, files)


def with_lines(repository: Repository, change: Change) -> Change:
    """Return the change with its added plus deleted lines counted (numstat; -1 for binary files)."""
    old = change.parents[0] if change.parents else repository.empty_tree()
    with BareView(repository) as git:
        out = git.run(
            "diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv",
            "--ignore-submodules=none", "--no-relative", "--diff-algorithm=myers", old, change.tree, "--",
        )  # fmt: skip
    lines: dict[str, int] = {}
    for record in out.split(b"\0")[:-1]:
        added, deleted, path = record.split(b"\t", 2)
        lines[paths.decode(path)] = -1 if added == b"-" else int(added) + int(deleted)
    return replace(change, files=tuple(replace(f, lines=lines.get(f.path, -1)) for f in change.files))


def link_targets(objects: Objects, change: Change) -> dict[str, str]:
    """Return the targets of the symlinks that a change adds or alters, by path."""
    found: dict[str, str] = {}
    for file in change.files:
        if file.new_mode == Mode.SYMLINK:
            blob = objects.read(file.new_id)
            if blob is not None and blob.type == "blob":
                found[file.path] = paths.decode(blob.data)
    return found


def tree_paths(repository: Repository, tree: str) -> Iterator[str]:
    """Yield every path of a tree."""
    from planfence.gitio.streaming import stream

    with stream(repository.git, "ls-tree", "-r", "-z", "--name-only", "--full-tree", tree) as process:
        assert process.stdout is not None
        rest = b""
        while chunk := process.stdout.read(1 << 16):
            *whole, rest = (rest + chunk).split(b"\0")
            yield from map(paths.decode, whole)
