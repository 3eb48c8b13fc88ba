"""What a shell command left in the worktree, compared with the plan: edits by scripts pass no tool hook.

A session remembers, for each path that git's status names, the size and time of its file. What was changed
before the session, or between an answer and the next prompt, is somebody else's and never told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from planfence.agents import newcommits, scope, statuspath
from planfence.agents.paths import Denial, switch
from planfence.agents.payload import Payload
from planfence.agents.scope import Fence
from planfence.agents.session import session_file
from planfence.digests import sha1
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio import paths
from planfence.inert import inert
from planfence.lazyregex import pattern
from planfence.records import dataclass, field
from planfence.rules.ways import quote

#: In these states git itself has changed the worktree; what is committed in them is judged.
_AT_WORK = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
#: A stop is held this often for one thing; an agent that can't put it back must end some time.
_HOLDS = 3
_SHOWN = 8
_HOOKS = ("pre-commit", "commit-msg", "pre-push")
#: What stands in our hooks, and besides in those of the tools that start them.
_OURS = b"planfence"
_RUNS = pattern(rb"planfence|pre-commit|prek|lefthook|husky")
#: So many names stand in one command.
_NAMED = 100


@dataclass(slots=True)
class _Seen:
    """What a session knows: each changed path's mark, what is told and not put back, and where HEAD's log ended.

    ``before`` are the told paths that somebody had changed before: nothing of ours may reset them. ``tips`` are where
    HEAD stood before the last command, and where others have left refs; ``task`` was at work then. ``refs`` are where
    all refs were when the session looked last: what moves until the next command, others have moved. ``rest`` is what
    the next stop says of commits that were too many to look at. ``ran`` are the hooks that stood in ``folder`` when
    ``hooked`` was the number of its files, ``lost`` are those that were taken away or changed since.
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
    ran: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    hooked: int = 0
    lost: list[str] = field(default_factory=list)


def begin(here: Fence, asked: Payload, *, anew: bool = True) -> None:
    """Remember what is changed now. Not ``anew``: only if the session remembers nothing yet."""
    seen = _load(here, asked)
    if seen is not None and not anew:
        refs = newcommits.refs(here)
        if seen.task != here.task_name or seen.refs != refs:
            own = (new for _, new, _ in newcommits.logged(newcommits.log_of(here)[seen.logged :]))
            known = {*seen.tips, *seen.refs, here.head, *own}
            seen.tips += [each for each in dict.fromkeys(refs) if each not in known]
            seen.task, seen.refs = here.task_name, refs
            _keep(here, asked, seen)
        return
    now = _now(here)
    seen = seen or _Seen()
    seen.known = {path: mark for path, mark in now.items() if path not in seen.told}
    seen.logged = len(newcommits.log_of(here))
    seen.refs = newcommits.refs(here)
    seen.tips = [here.head, *seen.refs]
    seen.task = here.task_name
    _hooked(here, seen, anew=True)
    _save(here, asked, seen, now)


def _hooked(here: Fence, seen: _Seen, *, anew: bool = False) -> list[str]:
    """Note what git's hooks that run us, or what starts us, are; return those that are gone since, or are others.

    Of ours each byte counts; what another tool writes may change. ``anew``: as they are now, they are right.
    """
    places = here.repository.git_dir_name, here.repository.common_dir_name
    if seen.hooked == statuspath.hooks(*places, seen.folder) and not anew:
        return []
    git = here.repository.git
    seen.folder = git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks")
    able = (name for name in _HOOKS if os.access(Path(seen.folder) / name, os.X_OK))
    texts = {name: newcommits.content(Path(seen.folder) / name) for name in able}
    texts["hook.*"] = git.status("config", "--get-regexp", r"^hook\.", ok=(0, 1))[1]
    now = {name: sha1(text).hexdigest() if _OURS in text else "" for name, text in texts.items() if _RUNS.search(text)}
    seen.hooked = statuspath.hooks(*places, seen.folder)
    seen.ran = now if anew else now | seen.ran
    lost = [name for name, held in seen.ran.items() if now.get(name) != held]
    new = [name for name in lost if name not in seen.lost]
    seen.lost = lost
    return new


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
    outside = _changed_outside(here, seen, now)
    commits, rest = _refused_commits(here, asked, seen)
    lost = _hooked(here, seen)
    if outside or commits or rest or lost:
        seen.held = 0
    _save(here, asked, seen, now)
    return _words(here, seen, outside, now, commits, _said(lost, rest))


def _changed_outside(here: Fence, seen: _Seen, now: dict[str, str]) -> dict[str, Denial]:
    """Note what is changed now, and return what is new of it and stands outside the task."""
    changed = [path for path, mark in now.items() if seen.known.get(path) != mark and seen.told.get(path) != mark]
    outside = scope.outside(here, changed) if changed else {}
    seen.before += [path for path in outside if path in seen.known and path not in seen.before]
    seen.told |= {path: now[path] for path in outside}
    seen.known = {path: mark for path, mark in now.items() if path not in seen.told}
    return outside


def _refused_commits(here: Fence, asked: Payload, seen: _Seen) -> tuple[dict[str, str], str]:
    """Note which commits are new, and return why those are refused that are, and what is said of too many."""
    log, others = newcommits.log_of(here), newcommits.made_elsewhere(here, statuspath.times(str(_file(here, asked))))
    made, copied, moved = newcommits.made(here, log, seen.logged, seen.tips, others)
    seen.logged, seen.refs = len(log), newcommits.refs(here)
    commits: dict[str, str] = {}
    for each, amended in made.items():
        # Another message for what is told already is told as well.
        own = bool(amended) and amended not in commits and amended not in seen.commits
        if said := newcommits.refusal(here, each, seen.task, reworded=amended if own else ""):
            commits[each] = said
    judged, more = newcommits.first(here, copied, moved)
    for each in judged:
        if said := newcommits.refusal(here, each, seen.task, moved=moved):
            commits[each] = said
    span = f"{(seen.tips or [''])[0]}..HEAD"
    rest = f"{len(copied)} new commits are too many to look at each: `planfence check --range {span}` does." * more
    seen.commits += list(commits)
    seen.rest = rest or seen.rest
    if seen.tips[:1] != [here.head]:
        seen.tips = [*dict.fromkeys([here.head, *seen.tips])]
    return commits, rest


def unrestored(here: Fence, asked: Payload) -> str:
    """Say what still stands outside the task when the agent would stop; empty: nothing, or it was held enough."""
    look(here, asked)
    seen = _load(here, asked)
    if seen is None or not (seen.told or seen.commits or seen.rest or seen.lost):
        return ""
    now = _now(here)
    # An amendment may have brought a path into the task since.
    outside = scope.outside(here, [path for path in seen.told if path in now])
    seen.told = {path: now[path] for path in outside}
    seen.commits = [each for each in seen.commits if here.repository.git.is_ancestor(each, "HEAD")]
    commits = {each: said for each in seen.commits if (said := newcommits.refusal(here, each, seen.task))}
    seen.held += 1
    rest, seen.rest = seen.rest, ""
    _save(here, asked, seen, now)
    if seen.held > _HOLDS:
        return ""
    return _words(here, seen, outside, now, commits, _said(seen.lost, rest))


def _said(lost: list[str], rest: str) -> str:
    """Say which hooks are gone or changed, if any, in front of the rest."""
    named = ", ".join(sorted(lost))
    said = f"These hooks are not as they were: {named}. Ask a person to look, and to run `planfence install`."
    return "\n".join(filter(None, (said * bool(lost), rest)))


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
        lines += newcommits.take_back(here, commit)
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


def _now(here: Fence) -> dict[str, str]:
    """Return the changed and the new paths, each with a mark that changes if its file does."""
    found = statuspath.ask(str(here.repository.top), here.repository.environment.variables)
    if found is None:
        raise CouldNotCheck("git status failed, so what the command changed can't be told")
    return {paths.decode(path): mark for path, mark in found.items()}


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
    whole = statuspath.whole(marks, git_dir, common, seen.folder)
    with suppress(CouldNotCheck):
        write_atomically(Path(statuspath.file_of(git_dir, asked.session)), whole)


def _keep(here: Fence, asked: Payload, seen: _Seen) -> None:
    with suppress(CouldNotCheck):
        write_atomically(
            _file(here, asked), json.dumps({name: getattr(seen, name) for name in _Seen.__slots__}).encode()
        )
