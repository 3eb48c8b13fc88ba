"""Where tasks are worked on in this clone, and when something was last done for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from planfence.change import message
from planfence.files.state import SESSIONS, read_active_task
from planfence.gitio import paths
from planfence.gitio.repository import Repository, open_repository
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class TaskWorktree:
    """A worktree, its active task (`<plan>/<task>`), its own git directory, and its branch (empty: none)."""

    top: Path
    task: str
    git_dir: Path
    branch: str

    @property
    def shown(self) -> str:
        """As a message names it."""
        return f"in {self.top}" + (f" on branch {self.branch}" if self.branch else "")


def places(repository: Repository) -> tuple[TaskWorktree, ...]:
    """Return the worktrees of this clone that have an active task; raises if one can't be read."""
    common = repository.common_dir
    found = []
    for folder in (common, *sorted((common / "worktrees").glob("*"))):
        task = read_active_task(folder / "planfence")
        top = _worktree_of(repository, folder)
        if task and top.is_dir():
            found.append(TaskWorktree(top, task, folder, _branch(folder)))
    return tuple(found)


def _worktree_of(repository: Repository, git_dir: Path) -> Path:
    if git_dir == repository.common_dir:
        return repository.main_worktree()
    try:
        # It may be relative to its own folder (`worktree.useRelativePaths`, git 2.48).
        named = os.path.join(git_dir, (git_dir / "gitdir").read_text("utf-8", "surrogateescape").strip())
        return Path(os.path.normpath(named)).parent
    except OSError:
        return git_dir / "gone"


def _branch(git_dir: Path) -> str:
    try:
        said = (git_dir / "HEAD").read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""
    return said.removeprefix("ref: refs/heads/") if said.startswith("ref: refs/heads/") else ""


def last_work(repository: Repository, task: str, since: float) -> float:
    """Return when a commit of the task was last made, or a file of its worktree written (seconds since the epoch).

    Only what was done after ``since`` is looked for; 0 if nothing was.
    """
    asked = ("log", "-1", "--format=%ct", "--no-show-signature", f"--since=@{int(since)}", "--fixed-strings")
    named = f"--grep={message.TASK_TRAILER}: {task}"
    status, out = repository.git.status(*asked, named, "--branches", "--remotes", "HEAD", ok=(0, 128))
    commit = float(out) if status == 0 and out.strip().isdigit() else 0.0
    edits = (when for place in places(repository) if place.task == task for when in _edits(repository, place))
    return max(commit, max(edits, default=0.0))


def _edits(repository: Repository, place: TaskWorktree) -> Iterator[float]:
    """When the files were written that are changed or new in a worktree, and what its agents' hooks kept."""
    environment = repository.environment
    there = open_repository(environment.but(environment.for_child()), place.top)
    out = there.git.run("ls-files", "-z", "--modified", "--others", "--exclude-standard", "--full-name", "--", ":/")
    names = [there.top / paths.decode(name) for name in out.split(b"\0") if name]
    for path in (*names, *(place.git_dir / "planfence" / SESSIONS).glob("*"), place.git_dir / "planfence" / "task"):
        try:
            yield os.lstat(path).st_mtime
        except OSError:
            continue
