"""What the last look at the board found, and marks by which a later one knows that nothing has changed since.

The marks are files' stats, of refs, indexes, active tasks, agents' sessions and logs: no process, and no file of a
worktree. An edit that nothing notes changes none of them, so worktrees are looked through again; if that takes long,
what it found is believed for a while. Light: it decides nothing, so what can't be read or kept is found out anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from planfence import __version__
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import ACTIVE_TASK, SESSIONS, write_atomically
from planfence.gate.rows import Board, packed, unpacked
from planfence.gitio.worktrees import edits
from planfence.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gitio.repository import Repository

_FILE = "board.json"


def patience(cost_s: float) -> float:
    """For how many seconds a look through all worktrees is believed that took ``cost_s``: not at all if it is quick."""
    return 0.0 if cost_s < 1 else min(60.0, 10 * cost_s)


@dataclass(slots=True)
class Seen:
    """What was found in the files of the worktree at ``top``: its ``mark`` then, when, how long it took, the paths.

    ``problem`` says why nothing was found.
    """

    top: str
    mark: str
    at: float
    cost_s: float
    paths: tuple[str, ...]
    problem: str = ""


@dataclass(slots=True)
class LastLook:
    """The last look from one worktree: ``key`` as :func:`marks` said then, ``logs`` each log with its stat.

    ``seen`` is by git directory. What was found since ``began`` belongs to the look that goes on, and is believed.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    key: str = ""
    board: Board | None = None
    patience: Callable[[float], float] = field(default=patience, compare=False)
    began: float = float("inf")

    def believed(self, git_dir: str, mark: str, now: float) -> bool:
        """Whether a worktree's files need not be looked through again."""
        seen = self.seen.get(git_dir)
        if seen is None or seen.mark != mark or (seen.problem and seen.at < self.began):
            return False
        return seen.at >= self.began or 0 <= now - seen.at < self.patience(self.cost_s)

    @property
    def cost_s(self) -> float:
        """How long it takes to look through all worktrees."""
        return sum(each.cost_s for each in self.seen.values())

    def aged(self, now: float) -> tuple[str, ...]:
        """Say how old it is what is believed of the files, if it is any older than this moment."""
        age = now - min((each.at for each in self.seen.values()), default=now)
        return (f"files as they were {age:.0f} s ago, commits as they are now",) if age >= 1 else ()

    def edited(self, repository: Repository, places: Mapping[str, str], each: Mapping[str, str]) -> dict[str, Seen]:
        """Return what is found in the files of each worktree by its folder, looked for where it is not believed.

        ``places`` are the folders by git directory, ``each`` the marks of worktrees.
        """
        now, spent = time.time(), _spent()
        fresh = [git_dir for git_dir in places if not self.believed(git_dir, each.get(git_dir, ""), now)]
        found = list(edits(repository, [(places[git_dir], git_dir) for git_dir in fresh]))
        cost = (_spent() - spent) / (len(fresh) or 1)
        for git_dir, paths in zip(fresh, found, strict=True):
            told = ((), paths.message) if isinstance(paths, CouldNotCheck) else (paths, "")
            self.seen[git_dir] = Seen(places[git_dir], each.get(git_dir, ""), now, cost, *told)
        self.seen = {git_dir: seen for git_dir, seen in self.seen.items() if git_dir in places}
        return {seen.top: seen for seen in self.seen.values()}


def _spent() -> float:
    """Processor time of the processes that have ended, in seconds: it does not hang on who else is at work."""
    return sum(os.times()[2:4])


def marks(repository: Repository, *, finished: bool) -> tuple[str, dict[str, str]]:
    """Return what changes if plans, records, commits, places or active tasks may have; and what else in each worktree.

    ``finished`` is what was asked for. The second has for each git directory what changes if files of the worktree may
    have. The logs are in neither: see :attr:`LastLook.logs`.
    """
    common = repository.common_dir_name
    git_dirs = [common]
    with suppress(OSError):
        git_dirs += sorted(entry.path for entry in os.scandir(os.path.join(common, "worktrees")))
    names = [f"{common}/{name}" for name in ("packed-refs", "reftable/tables.list")]
    names += [f"{common}/planfence/{name}" for name in ("ledger-tip", "writer", "requests.jsonl")]
    for git_dir in git_dirs:
        names += [f"{git_dir}/{name}" for name in ("HEAD", "locked", "gitdir", f"planfence/{ACTIVE_TASK}")]
    key = "\n".join((__version__, str(finished), *git_dirs, *map(stat_of, names), *_refs(f"{common}/refs")))
    return key, {git_dir: _files(git_dir) for git_dir in git_dirs}


def _files(git_dir: str) -> str:
    """What changes with HEAD, the index, and whatever agents' hooks keep of their sessions."""
    latest = 0
    with suppress(OSError, ValueError):
        latest = max(entry.stat().st_mtime_ns for entry in os.scandir(f"{git_dir}/planfence/{SESSIONS}"))
    return f"{stat_of(git_dir + '/HEAD')} {stat_of(git_dir + '/logs/HEAD')} {stat_of(git_dir + '/index')} {latest}"


def _refs(folder: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _refs(entry.path)
        else:
            yield f"{entry.path} {stat_of(entry.path)}"


def stat_of(name: str) -> str:
    """What changes if a file does; `-` if there is none."""
    try:
        found = os.stat(name)
    except OSError:
        return "-"
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def again(repository: Repository, last: LastLook, *, finished: bool = False) -> Board | None:
    """Return the board of the last look as of now; None if something has changed since, and all must be looked at.

    The files of worktrees that are not believed are looked through.
    """
    now, last.began = time.time(), float("inf")
    key, each = marks(repository, finished=finished)
    changed = any(stat_of(name) != told for name, told in last.logs.items())
    if last.board is None or key != last.key or changed or not all(os.path.isdir(it.top) for it in last.seen.values()):
        return None
    stale = {git_dir: seen for git_dir, seen in last.seen.items() if not last.believed(git_dir, each[git_dir], now)}
    if stale:
        last.began = now
        last.edited(repository, {git_dir: seen.top for git_dir, seen in last.seen.items()}, each)
        if any(last.seen[name].paths != seen.paths or last.seen[name].problem for name, seen in stale.items()):
            return None
        if last.patience(last.cost_s):
            keep(repository, last)
    return replace(last.board, at=int(now), notes=(*last.board.notes, *last.aged(time.time())))


def recall(repository: Repository) -> LastLook:
    """Return the last look from this worktree; an empty one if none can be read."""
    try:
        told = json.loads(read_plain(os.path.join(repository.state_name, _FILE)))
        seen = {
            name: Seen(top, mark, at, cost, tuple(paths), problem)
            for name, (top, mark, at, cost, paths, problem) in told["seen"].items()
        }
        return LastLook(seen, dict(told["logs"]), told["key"], unpacked(told["board"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return LastLook()


def keep(repository: Repository, last: LastLook) -> None:
    """Write a look down for the next one."""
    if last.board is None:
        return
    seen = {name: [getattr(each, one) for one in Seen.__slots__] for name, each in last.seen.items()}
    told = {"seen": seen, "logs": last.logs, "key": last.key, "board": packed(last.board)}
    try:
        write_atomically(repository.state_dir / _FILE, json.dumps(told).encode())
    except CouldNotCheck:
        return
