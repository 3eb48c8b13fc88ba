"""What the last look at the board found, and marks by which a later one knows that nothing has changed since.

The marks are files' stats, of refs, indexes, active tasks, agents' sessions and logs: no process, and no file of a
worktree. An edit that nothing notes changes none of them, so worktrees are looked through again; if that takes long,
what it found is believed for a while. Light: it decides nothing, so what can't be read or kept is found out anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from planfence import __version__
from planfence.errors import CouldNotCheck
from planfence.files.state import ACTIVE_TASK, SESSIONS, write_atomically
from planfence.gate.rows import Board, packed, unpacked
from planfence.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gate.worktrees import Worktree
    from planfence.gitio.repository import Repository

_FILE = "board.json"
_LARGEST = 1 << 25


def patience(cost_s: float) -> float:
    """For how many seconds a look through all worktrees is believed that took ``cost_s``: not at all if it is quick."""
    return 0.0 if cost_s < 1 else min(60.0, 10 * cost_s)


@dataclass(slots=True)
class Seen:
    """What was found in a worktree's files: its ``mark`` then, when, how long that took (seconds), and the paths."""

    mark: str
    at: float
    cost_s: float
    paths: tuple[str, ...]


@dataclass(slots=True)
class LastLook:
    """The last look from one worktree: ``key`` as :func:`marks` said then, ``logs`` each log with its stat."""

    seen: dict[str, Seen] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    key: str = ""
    board: Board | None = None
    patience: Callable[[float], float] = field(default=patience, compare=False)

    def believed(self, git_dir: str, mark: str, now: float) -> bool:
        """Whether a worktree's files need not be looked through again."""
        seen = self.seen.get(git_dir)
        return seen is not None and seen.mark == mark and 0 <= now - seen.at < self.patience(self.cost_s)

    @property
    def cost_s(self) -> float:
        """How long it takes to look through all worktrees."""
        return sum(each.cost_s for each in self.seen.values())

    def shown(self, key: str, marks: Mapping[str, str], now: float) -> Board | None:
        """The board as it was found, if nothing has changed since; None if somebody has to look."""
        if self.board is None or key != self.key or not self.seen:
            return None
        if any(stat_of(name) != told for name, told in self.logs.items()):
            return None
        if not all(self.believed(git_dir, marks.get(git_dir, ""), now) for git_dir in self.seen):
            return None
        return replace(self.board, at=int(now))

    def aged(self, now: float) -> tuple[str, ...]:
        """Say how old it is what is believed of the files, if it is any older than this moment."""
        age = now - min((each.at for each in self.seen.values()), default=now)
        return (f"files as they were {age:.0f} s ago, commits as they are now",) if age >= 1 else ()

    def edited(
        self,
        places: Sequence[Worktree],
        marks: Mapping[str, str],
        look: Callable[[Sequence[Worktree]], Iterator[tuple[str, ...]]],
    ) -> dict[str, tuple[str, ...]]:
        """Return each worktree's changed paths by its folder; ``look`` finds them for those that are not believed."""
        now = time.time()
        fresh = [each for each in places if not self.believed(each.git_dir, marks.get(each.git_dir, ""), now)]
        spent = _spent()
        found = list(look(fresh))
        cost = (_spent() - spent) / (len(fresh) or 1)
        for each, paths in zip(fresh, found, strict=True):
            self.seen[each.git_dir] = Seen(marks.get(each.git_dir, ""), now, cost, paths)
        there = {each.git_dir for each in places}
        self.seen = {git_dir: seen for git_dir, seen in self.seen.items() if git_dir in there}
        return {each.top: self.seen[each.git_dir].paths for each in places}


def _spent() -> float:
    """Processor time of the processes that have ended, in seconds: it does not hang on who else is at work."""
    return sum(os.times()[2:4])


def marks(repository: Repository, *, finished: bool) -> tuple[str, dict[str, str]]:
    """Return a text that changes if the board may have, and one for each worktree, by its git directory.

    ``finished`` is what was asked for. The logs are not in it: see :attr:`LastLook.logs`.
    """
    common = repository.common_dir_name
    git_dirs = [common]
    with suppress(OSError):
        git_dirs += sorted(entry.path for entry in os.scandir(os.path.join(common, "worktrees")))
    each = {git_dir: _worktree(git_dir) for git_dir in git_dirs}
    own = (f"planfence/{name}" for name in ("ledger-tip", "writer", "requests.jsonl"))
    files = [stat_of(os.path.join(common, name)) for name in (*own, "packed-refs", "reftable/tables.list")]
    refs = _refs(os.path.join(common, "refs"))
    return "\n".join((__version__, str(finished), *files, *refs, *each, *each.values())), each


def _worktree(git_dir: str) -> str:
    """What changes with HEAD, the index, the active task, and whatever agents' hooks keep of their sessions."""
    state = os.path.join(git_dir, "planfence")
    latest = 0
    with suppress(OSError):
        latest = max(entry.stat().st_mtime_ns for entry in os.scandir(os.path.join(state, SESSIONS)))
    names = (f"{git_dir}/HEAD", f"{git_dir}/index", f"{git_dir}/locked", f"{git_dir}/gitdir", f"{state}/{ACTIVE_TASK}")
    return " ".join((*map(stat_of, names), str(latest)))


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
    """Return the board of the last look as of now; None if something has changed since, and somebody has to look."""
    now = time.time()
    found = last.shown(*marks(repository, finished=finished), now)
    return found and replace(found, notes=(*found.notes, *last.aged(now)))


def recall(repository: Repository) -> LastLook:
    """Return the last look from this worktree; an empty one if none can be read."""
    try:
        with open(os.path.join(repository.state_name, _FILE), "rb") as file:
            told = json.loads(file.read(_LARGEST))
        seen = {name: Seen(mark, at, cost, tuple(paths)) for name, (mark, at, cost, paths) in told["seen"].items()}
        return LastLook(seen, dict(told["logs"]), told["key"], unpacked(told["board"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return LastLook()


def keep(repository: Repository, last: LastLook) -> None:
    """Write a look down for the next one."""
    if last.board is None:
        return
    seen = {name: [each.mark, each.at, each.cost_s, each.paths] for name, each in last.seen.items()}
    told = {"seen": seen, "logs": last.logs, "key": last.key, "board": packed(last.board)}
    try:
        write_atomically(repository.state_dir / _FILE, json.dumps(told).encode())
    except CouldNotCheck:
        return
