"""What a shell command left in the worktree, compared with the plan: edits by scripts pass no tool hook.

A session remembers, for each path that git's status names, the size and time of its file. What was changed
before the session, or between an answer and the next prompt, is somebody else's and never told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from planfence.agents import scope, statuspath
from planfence.agents.patch import Edit
from planfence.agents.paths import Denial, switch
from planfence.agents.payload import Payload
from planfence.agents.scope import Fence
from planfence.agents.session import session_file
from planfence.change.change import Action
from planfence.change.message import TASK_TRAILER, URGENT_TRAILER, parse_trailers
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio import paths
from planfence.inert import inert
from planfence.records import dataclass, field
from planfence.rules.ways import quote

#: In these states git itself has changed the worktree; what is committed in them is judged.
_AT_WORK = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
#: A stop is held this often for one thing; an agent that can't put it back must end some time.
_HOLDS = 3
_SHOWN = 8
#: So many names stand in one command.
_NAMED = 100
#: So many commits that were copied, or that no line of the log tells of, are judged; a rebase may copy hundreds. Of
#: more those come first that change what the task may not, among so many that are listed.
_MOST_COPIED = 50
_MOST_LISTED = 5000
#: How a HEAD's log begins the line of what goes to a commit that is there; in that of this worktree `_GO`, with what
#: copies those of a branch: believed only of what was there, since a script says what it likes (`GIT_REFLOG_ACTION`).
#: Any other line tells of a new commit.
_MOVES = tuple(b"checkout: |reset: |clone: |branch: |Branch: |bisect|fetch|push".split(b"|"))
_GO = (*_MOVES, b"rebase", b"pull", b"merge ", b"am --")


@dataclass(slots=True)
class _Seen:
    """What a session knows: each changed path's mark, what is told and not put back, and where HEAD's log ended.

    ``before`` are the told paths that somebody had changed before: nothing of ours may reset them. ``tips`` are where
    HEAD stood before the last command, and where others have left refs; ``task`` was at work then. ``refs`` are where
    all refs were when the session looked last: what moves until the next command, others have moved. ``rest`` is what
    the next stop says of commits that were too many to look at.
    """

    known: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    logged: int = 0
    held: int = 0
    task: str = ""
    tips: list[str] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    rest: str = ""


def begin(here: Fence, asked: Payload, *, anew: bool = True) -> None:
    """Remember what is changed now. Not ``anew``: only if the session remembers nothing yet."""
    seen = _load(here, asked)
    if seen is not None and not anew:
        refs = _refs(here)
        if seen.task != here.task_name or seen.refs != refs:
            own = (new for _, new, _ in _logged(_read(here.repository.git_dir / "logs/HEAD")[seen.logged :]))
            known = {*seen.tips, *seen.refs, here.head, *own}
            seen.tips += [each for each in dict.fromkeys(refs) if each not in known]
            seen.task, seen.refs = here.task_name, refs
            _keep(here, asked, seen)
        return
    now = _now(here)
    seen = seen or _Seen()
    seen.known = {path: mark for path, mark in now.items() if path not in seen.told}
    seen.logged = len(_read(here.repository.git_dir / "logs/HEAD"))
    seen.refs = _refs(here)
    seen.tips = [here.head, *seen.refs]
    seen.task = here.task_name
    _save(here, asked, seen, now)


def remembers(here: Fence, asked: Payload) -> bool:
    """Whether the session remembers what was changed before."""
    return _file(here, asked).is_file()


def look(here: Fence, asked: Payload) -> str:
    """Return what a command changed outside the task, and what puts it back; empty: nothing new."""
    seen = _load(here, asked)
    if seen is None:
        begin(here, asked)
        return ""
    busy = any((here.repository.git_dir / name).exists() for name in _AT_WORK)
    now = seen.known | seen.told if busy else _now(here)
    made, copied, moved = _made(here, seen, _elsewhere(here, asked))
    seen.refs = _refs(here)
    changed = [path for path, mark in now.items() if seen.known.get(path) != mark and seen.told.get(path) != mark]
    gone = [path for path in seen.known if path not in now]
    if not (changed or gone or made or copied or seen.tips[:1] != [here.head]):
        _save(here, asked, seen, now)
        return ""
    outside = _outside(here, changed)
    seen.before += [path for path in outside if path in seen.known and path not in seen.before]
    seen.told |= {path: now[path] for path in outside}
    seen.known = {path: mark for path, mark in now.items() if path not in seen.told}
    commits: dict[str, str] = {}
    for each, amended in made.items():
        # Another message for what is told already is told as well.
        own = bool(amended) and amended not in commits and amended not in seen.commits
        if said := _commit(here, each, seen.task, reworded=amended if own else ""):
            commits[each] = said
    judged, more = _first(here, copied, moved)
    span = f"{(seen.tips or [''])[0]}..HEAD"
    rest = f"{len(copied)} new commits are too many to look at each: `planfence check --range {span}` does." * more
    for each in judged:
        if said := _commit(here, each, seen.task, moved=moved):
            commits[each] = said
    seen.commits += list(commits)
    if seen.tips[:1] != [here.head]:
        seen.tips = [*dict.fromkeys([here.head, *seen.tips])]
    seen.rest = rest or seen.rest
    if outside or commits or rest:
        seen.held = 0
    _save(here, asked, seen, now)
    return _words(here, seen, outside, now, commits, rest)


def unrestored(here: Fence, asked: Payload) -> str:
    """Say what still stands outside the task when the agent would stop; empty: nothing, or it was held enough."""
    look(here, asked)
    seen = _load(here, asked)
    if seen is None or not (seen.told or seen.commits or seen.rest):
        return ""
    now = _now(here)
    # An amendment may have brought a path into the task since.
    outside = _outside(here, [path for path in seen.told if path in now])
    seen.told = {path: now[path] for path in outside}
    seen.commits = [each for each in seen.commits if here.repository.git.is_ancestor(each, "HEAD")]
    commits = {each: said for each in seen.commits if (said := _commit(here, each, seen.task))}
    seen.held += 1
    rest, seen.rest = seen.rest, ""
    _save(here, asked, seen, now)
    if seen.held > _HOLDS:
        return ""
    return _words(here, seen, outside, now, commits, rest)


def _words(
    here: Fence, seen: _Seen, denials: dict[str, Denial], now: dict[str, str], commits: dict[str, str], rest: str
) -> str:
    outside = list(denials)
    task = f"the task {here.task_name}" if here.task_name else "what may change without a task"
    lines = []
    if outside:
        lines.append(f"This is changed outside {task}:")
        lines += [f"- {inert(path)}: {denial.why}" for path, denial in [*denials.items()][:_SHOWN]]
        lines += [f"- and {len(outside) - _SHOWN} more"] if len(outside) > _SHOWN else []
        lines += ["Put it back:", *(f"  {line}" for line in _back(here, seen, outside, now))]
    for commit, said in commits.items():
        lines.append(f"The commit {commit[:12]} is refused, and no hook has seen it as what it is: {said}")
        lines += _take_back(here, commit)
    return "\n".join([*lines, rest] if rest else lines)


def _back(here: Fence, seen: _Seen, outside: Iterable[str], now: dict[str, str]) -> list[str]:
    """Return the commands that put paths back; what held somebody's changes before is never reset.

    What is new goes first: it may be a folder in a file's place, or the other way round.
    """
    environment, top = here.repository.environment, here.repository.top
    shared = [path for path in outside if path in seen.before]
    new = [path for path in outside if now.get(path, "").startswith("?") and path not in shared]
    held = [path for path in new if switch(f"{top}/{path}", environment)]
    old = [path for path in outside if path not in shared and path not in new]
    kinds = (
        ("rm --", [path for path in new if path[-1:] != "/" and path not in held]),
        ("rm -rf --", [path for path in new if path[-1:] == "/"]),  # a repository of its own
        ("# ask a person, since it decides whether hooks run: rm --", held),
        ("git --literal-pathspecs restore --source=HEAD --staged --worktree --", old),
        ("# by hand, since it held other changes before: git --literal-pathspecs diff HEAD --", shared),
    )
    lines = [" ".join([command, *map(quote, listed[:_NAMED])]) for command, listed in kinds if listed]
    more = sum(len(listed[_NAMED:]) for _, listed in kinds)
    return [*lines, f"# and {more} more, which `git status` names"] if more else lines


def _take_back(here: Fence, commit: str) -> list[str]:
    """Return how a commit is taken back: no other commit may go with it."""
    git = here.repository.git
    if git.text("rev-parse", "HEAD") != commit:
        if commit in git.text("rev-list", "--first-parent", "HEAD", "--not", f"{commit}^@").split():
            return [f"# by hand, since other commits follow it: git rebase -i {commit}^"]
        if git.is_ancestor(commit, "HEAD"):
            return [f"# by hand, since a merge brought it: git log --merges --ancestry-path {commit}..HEAD"]
        return [f"# by hand, since it is not on the branch at work: git branch --contains {commit}"]
    alone = git.status("rev-parse", "--verify", "--quiet", f"{commit}^", ok=(0, 1))[0]
    lines = [*_logged(_read(here.repository.git_dir / "logs/HEAD"))]
    amended = next((amended for _, new, amended in reversed(lines) if new == commit), "")
    if alone and not amended:
        return ["# it is the first commit, so let a person take it back: git update-ref -d HEAD"]
    return ["Take it back, and keep its changes:", f"  git reset --soft {amended or commit + '^'}"]


def _outside(here: Fence, changed: Iterable[str], deleted: Set[str] | None = None) -> dict[str, Denial]:
    """Return those of the changed paths that the plan denies, with the reason of each; ``deleted`` of them are gone,
    those that are not in the worktree if it is None.
    """
    top = here.repository.top
    # Git's status ends the name of a repository inside this one with a slash.
    named_so = {path.rstrip("/"): path for path in changed}
    gone = {path for path in named_so if not os.path.lexists(f"{top}/{path}")} if deleted is None else deleted
    if gone and deleted is None:
        listed = ("diff-index", "--cached", "-z", "--name-only", "--no-renames", "--diff-filter=A")
        staged = here.repository.git.run(*listed, here.head or here.repository.empty_tree())
        gone = gone - {*map(paths.decode, staged.split(b"\0"))}  # new, and staged alone
    edits = [Edit(path, Action.DELETE if path in gone else None) for path in named_so]
    if not edits:
        return {}
    denials = scope.judge_changed(here, edits)
    named = {denial.what: denial for denial in denials}
    general = next((denial for denial in denials if denial.what not in named_so), None)
    found = {path: named.get(short, general) for short, path in named_so.items()}
    return {path: denial for path, denial in found.items() if denial is not None}


def _now(here: Fence) -> dict[str, str]:
    """Return the changed and the new paths, each with a mark that changes if its file does."""
    found = statuspath.ask(str(here.repository.top), here.repository.environment.variables)
    if found is None:
        raise CouldNotCheck("git status failed, so what the command changed can't be told")
    return {paths.decode(path): mark for path, mark in found.items()}


def _read(place: Path) -> bytes:
    try:
        return read_plain(place)
    except OSError:
        return b""


def _made(here: Fence, seen: _Seen, others: Set[str]) -> tuple[dict[str, str], list[str], Set[bytes]]:
    """Return the commits that were made here since the session looked last, by HEAD's own log, each with the one that
    it amends, or nothing; those that no line tells of, and that were nowhere before: copies, if the lines are true; and
    the files that were changed by what HEAD has left, of which they would be copies. ``others`` are what other
    worktrees made.

    For `am`, `cherry-pick` and `revert` git asks no pre-commit hook.
    """
    log = _read(here.repository.git_dir / "logs/HEAD")
    since, before = (log[seen.logged :], log[: seen.logged]) if len(log) >= seen.logged else (b"", b"")
    seen.logged = len(log)
    lines = list(_logged(since))
    made = {new: amended for _, new, amended in lines if amended is not None}
    # What was made may stand on what no line tells of.
    reached = {here.head, *(new for _, new, _ in lines)} - {"", *seen.tips}
    if not reached or not seen.tips:
        return made, [], set()
    known = {*seen.tips, *(new for _, new, _ in _logged(before)), "FETCH_HEAD"} - {""}
    asked = "\n".join([*reached, *(f"^{each}" for each in known), ""]).encode()
    git, others = here.repository.git, others | made.keys()
    most = f"--max-count={_MOST_LISTED + len(others)}"
    listed = git.run("rev-list", "--ignore-missing", most, "--stdin", "--not", "--remotes", stdin=asked)
    copied = [each for each in listed.decode().split() if each not in others]
    if not copied:
        return made, [], set()
    olds = (old for old, _, _ in lines if old.strip("0"))
    left = git.run("rev-list", "--ignore-missing", seen.tips[0], *olds, "--not", here.head)
    words = ("diff-tree", "--stdin", "--no-commit-id", "-r", "-z", "--no-renames", "--name-only")
    return made, copied, {*git.run(*words, stdin=left).split(b"\0")}


def _first(here: Fence, copied: list[str], moved: Set[bytes]) -> tuple[list[str], bool]:
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
    outside = _outside(here, map(paths.decode, sorted(changes)), frozenset())
    first = {commit for path in outside for commit in changes[paths.encode(path)]}
    judged = sorted(copied, key=lambda each: each not in first)[:_MOST_COPIED]
    return judged, len(first) > _MOST_COPIED or len(copied) >= _MOST_LISTED


def _refs(here: Fence) -> list[str]:
    """Return where the branches, the tags and the other worktrees' HEADs stand."""
    listed = ("for-each-ref", "--format=%(objectname)", "refs/heads/", "refs/tags/")
    heads = (_read(git_dir / "HEAD").decode("utf-8", "replace").strip() for git_dir in _worktrees(here))
    detached = [each for each in heads if each and not each.startswith("ref: ")]
    return [*here.repository.git.text(*listed).split(), *detached]


def _worktrees(here: Fence) -> list[Path]:
    """Return the git directories of the other worktrees."""
    own, common = os.path.realpath(here.repository.git_dir), here.repository.common_dir
    return [each for each in (common, *sorted(common.glob("worktrees/*"))) if os.path.realpath(each) != own]


def _elsewhere(here: Fence, asked: Payload) -> Set[str]:
    """Return what other worktrees made, by their own logs.

    A worktree that is newer than what the session remembers may be the command's own.
    """
    since = statuspath.times(str(_file(here, asked)))
    there = (each for each in _worktrees(here) if statuspath.times(f"{each}/commondir") <= since)
    lines = (line for each in there for line in _logged(_read(each / "logs/HEAD"), _MOVES))
    return {new for _, new, amended in lines if amended is not None}


def _logged(log: bytes, going: tuple[bytes, ...] = _GO) -> Iterator[tuple[str, str, str | None]]:
    """Yield from where to where each line of HEAD's log goes, and the commit that it says to amend, or nothing; None:
    it says that no commit was made.
    """
    for line in log.splitlines():
        names, _, what = line.partition(b"\t")
        old, new = (*names.decode("utf-8", "replace").split(" ")[:2], "", "")[:2]
        if new.strip("0") and new != old:
            yield old, new, None if what.startswith(going) else old if what.startswith(b"commit (amend)") else ""


def _commit(here: Fence, commit: str, before: str, *, reworded: str = "", moved: Set[bytes] | None = None) -> str:
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
    outside = _outside(scope.fence(here.repository, parent), map(paths.decode, sorted(names)), gone)
    return "; ".join(f"{path}: {denial.why}" for path, denial in list(outside.items())[:_SHOWN])


def _file(here: Fence, asked: Payload) -> Path:
    return session_file(here.repository, asked.session).with_suffix(".worktree")


def _load(here: Fence, asked: Payload) -> _Seen | None:
    try:
        raw: dict[str, Any] = json.loads(read_plain(_file(here, asked)))
        return _Seen(**raw)
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _save(here: Fence, asked: Payload, seen: _Seen, now: dict[str, str]) -> None:
    _keep(here, asked, seen)
    marks = {paths.encode(path): mark for path, mark in now.items()}
    git_dir, common = here.repository.git_dir_name, here.repository.common_dir_name
    with suppress(CouldNotCheck):
        write_atomically(Path(statuspath.file_of(git_dir, asked.session)), statuspath.whole(marks, git_dir, common))


def _keep(here: Fence, asked: Payload, seen: _Seen) -> None:
    with suppress(CouldNotCheck):
        write_atomically(
            _file(here, asked), json.dumps({name: getattr(seen, name) for name in _Seen.__slots__}).encode()
        )
