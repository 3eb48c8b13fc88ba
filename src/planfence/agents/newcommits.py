"""The commits that a shell command left in a worktree, and that no hook may have seen: by HEAD's log, and by the refs.

A script says in the log what it likes, or nothing: what the log says of a commit is believed only against it, or if
the commit was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from planfence.agents import scope, statuspath
from planfence.agents.scope import Fence
from planfence.change.message import TASK_TRAILER, URGENT_TRAILER, parse_trailers
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.gitio import paths
from planfence.lazyregex import pattern

#: So many findings are named of one commit.
_SHOWN = 8
#: So many commits that were copied, or that no line of the log tells of, are judged; a rebase may copy hundreds. Of
#: more those come first that change what the task may not, among so many that are listed.
_MOST_COPIED = 50
_MOST_LISTED = 5000
#: How a HEAD's log begins the line of what goes to a commit that is there; in that of this worktree `_GO`, with what
#: copies those of a branch: believed only of what was there, since a script says what it likes (`GIT_REFLOG_ACTION`).
#: Any other line tells of a new commit.
_MOVES = tuple(b"checkout: |reset: |clone: |branch: |Branch: |bisect|fetch|push".split(b"|"))
_GO = (*_MOVES, b"rebase", b"pull", b"merge ", b"am --")
#: What says in FETCH_HEAD that it comes from another machine; on this one a script may have made a clone without hooks.
_FAR = pattern(rb"(?:\t\t| of )(?:(?!file:)[a-z][a-z0-9+.-]*+://|[^/\s:]++:)")


def made(
    here: Fence, log: bytes, looked: int, tips: Sequence[str], others: Set[str]
) -> tuple[dict[str, str], list[str], Set[bytes]]:
    """Return the commits that were made here, by HEAD's own log behind ``looked``, each with the one that it amends, or
    nothing; those that no line tells of, and that were nowhere before: copies, if the lines are true; and
    the files that were changed by what HEAD has left, of which they would be copies. ``others`` are what other
    worktrees made.

    For `am`, `cherry-pick` and `revert` git asks no pre-commit hook.
    """
    since, before = (log[looked:], log[:looked]) if len(log) >= looked else (b"", b"")
    lines = list(logged(since))
    made = {new: amended for _, new, amended in lines if amended is not None}
    # What was made may stand on what no line tells of.
    reached = {here.head, *(new for _, new, _ in lines)} - {"", *tips}
    if not reached or not tips:
        return made, [], set()
    fetched = content(here.repository.git_dir / "FETCH_HEAD").partition(b"\n")[0]
    known = {*tips, *(new for _, new, _ in logged(before)), "FETCH_HEAD" if _FAR.search(fetched) else ""} - {""}
    asked = "\n".join([*reached, *(f"^{each}" for each in known), ""]).encode()
    git, others = here.repository.git, others | made.keys()
    most = f"--max-count={_MOST_LISTED + len(others)}"
    listed = git.run("rev-list", "--ignore-missing", most, "--stdin", "--not", "--remotes", stdin=asked)
    copied = [each for each in listed.decode().split() if each not in others]
    if not copied:
        return made, [], set()
    olds = (old for old, _, _ in lines if old.strip("0"))
    left = git.run("rev-list", "--ignore-missing", tips[0], *olds, "--not", here.head)
    words = ("diff-tree", "--stdin", "--no-commit-id", "-r", "-z", "--no-renames", "--name-only")
    return made, copied, {*git.run(*words, stdin=left).split(b"\0")}


def first(here: Fence, copied: list[str], moved: Set[bytes]) -> tuple[list[str], bool]:
    """Return the copies that are judged, and whether others are left that no one has looked at."""
    if len(copied) <= _MOST_COPIED:
        return copied, False
    words = ("diff-tree", "--stdin", "--root", "-r", "-c", "-z", "--no-renames", "--name-only")
    changes: dict[bytes, set[str]] = {}
    commits, commit = {*copied}, ""
    for word in here.repository.git.run(*words, stdin="\n".join([*copied, ""]).encode()).split(b"\0"):
        if word.decode("utf-8", "replace") in commits:
            commit = word.decode()
        elif word and word not in moved:
            changes.setdefault(word, set()).add(commit)
    outside = scope.outside(here, map(paths.decode, sorted(changes)), frozenset())
    first = {commit for path in outside for commit in changes[paths.encode(path)]}
    judged = sorted(copied, key=lambda each: each not in first)[:_MOST_COPIED]
    return judged, len(first) > _MOST_COPIED or len(copied) >= _MOST_LISTED


def refusal(here: Fence, commit: str, before: str, *, reworded: str = "", moved: Set[bytes] | None = None) -> str:
    """Return why a commit that was made is refused: by what the boundary will say of it, and by the task's files.

    ``before`` is the task that was at work when the command began, which may have finished it. ``reworded`` is the
    commit that this one amends: with the same files, it is no work of the task. If it is a copy, or a merge, what HEAD
    left changed in the files ``moved`` is none either.
    """
    from planfence.judge.check import check_commit  # only a command that made a commit needs it

    try:
        outcome = check_commit(here.repository, commit, remembers=True)
    except CouldNotCheck as error:
        return error.message
    if outcome.report.refused:
        return "; ".join(f"{each.code} {each.path} {each.message}".strip() for each in outcome.report.findings[:_SHOWN])
    git = here.repository.git
    parents, _, said = git.text("show", "-s", "--format=%P%n%B", commit).partition("\n")
    parent = parents.partition(" ")[0]
    trailers = parse_trailers(said)
    named = {value for key, value in trailers if key.lower() == TASK_TRAILER.lower()}
    urgent = any(key.lower() == URGENT_TRAILER.lower() for key, _ in trailers)
    urgent = urgent and here.policy is not None and here.policy.unplanned.urgent == "any"  # else a person's word
    if not here.task_name or not parent or urgent or (named and named <= {here.task_name, before} - {""}):
        return ""
    if reworded and git.status("diff-tree", "--quiet", reworded, commit, ok=(0, 1, 128))[0] == 0:
        return ""
    # It names no task, or one that is not at work here: the task that is judges it, as it stood before.
    listed = git.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", parent, commit).split(b"\0")
    names = {path: status for status, path in zip(listed[::2], listed[1::2], strict=False)}
    if moved is not None:
        names = {path: status for path, status in names.items() if path not in moved and " " not in parents}
    gone = {paths.decode(path) for path, status in names.items() if status == b"D"}
    outside = scope.outside(scope.fence(here.repository, parent), map(paths.decode, sorted(names)), gone)
    return "; ".join(f"{path}: {denial.why}" for path, denial in list(outside.items())[:_SHOWN])


def take_back(here: Fence, commit: str) -> list[str]:
    """Return how a commit is taken back: no other commit may go with it."""
    git = here.repository.git
    if git.text("rev-parse", "HEAD") != commit:
        if commit in git.text("rev-list", "--first-parent", "HEAD", "--not", f"{commit}^@").split():
            return [f"# by hand, since other commits follow it: git rebase -i {commit}^"]
        if git.is_ancestor(commit, "HEAD"):
            return [f"# by hand, since a merge brought it: git log --merges --ancestry-path {commit}..HEAD"]
        return [f"# by hand, since it is not on the branch at work: git branch --contains {commit}"]
    alone = git.status("rev-parse", "--verify", "--quiet", f"{commit}^", ok=(0, 1))[0]
    lines = [*logged(log_of(here))]
    amended = next((amended for _, new, amended in reversed(lines) if new == commit), "")
    if alone and not amended:
        return ["# it is the first commit, so let a person take it back: git update-ref -d HEAD"]
    return ["Take it back, and keep its changes:", f"  git reset --soft {amended or commit + '^'}"]


def refs(here: Fence) -> list[str]:
    """Return where the branches, the tags and the other worktrees' HEADs stand."""
    listed = ("for-each-ref", "--format=%(objectname)", "refs/heads/", "refs/tags/")
    heads = (content(git_dir / "HEAD").decode("utf-8", "replace").strip() for git_dir in _worktrees(here))
    detached = [each for each in heads if each and not each.startswith("ref: ")]
    return [*here.repository.git.text(*listed).split(), *detached]


def _worktrees(here: Fence) -> list[Path]:
    """Return the git directories of the other worktrees."""
    own, common = os.path.realpath(here.repository.git_dir), here.repository.common_dir
    return [each for each in (common, *sorted(common.glob("worktrees/*"))) if os.path.realpath(each) != own]


def made_elsewhere(here: Fence, since: int) -> Set[str]:
    """Return what other worktrees made, by their own logs.

    A worktree that is newer than what the session remembers may be the command's own.
    """
    there = (each for each in _worktrees(here) if statuspath.times(f"{each}/commondir") <= since)
    lines = (line for each in there for line in logged(content(each / "logs/HEAD"), _MOVES))
    return {new for _, new, amended in lines if amended is not None}


def logged(log: bytes, going: tuple[bytes, ...] = _GO) -> Iterator[tuple[str, str, str | None]]:
    """Yield from where to where each line of HEAD's log goes, and the commit that it says to amend, or nothing; None:
    it says that no commit was made.
    """
    for line in log.splitlines():
        names, _, what = line.partition(b"\t")
        old, new = (*names.decode("utf-8", "replace").split(" ")[:2], "", "")[:2]
        if new.strip("0") and new != old:
            yield old, new, None if what.startswith(going) else old if what.startswith(b"commit (amend)") else ""


def log_of(here: Fence) -> bytes:
    """Return the worktree's own log of HEAD; empty if there is none."""
    return content(here.repository.git_dir / "logs/HEAD")


def content(place: Path) -> bytes:
    """Return the bytes of a plain file; empty if it can't be read."""
    try:
        return read_plain(place)
    except OSError:
        return b""
