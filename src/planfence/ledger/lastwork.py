"""When something was last done for a task in this clone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from planfence.change import message
from planfence.errors import CouldNotCheck
from planfence.files.state import ACTIVE_TASK, SESSIONS
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import edits, worktrees


def last_work(repository: Repository, task: str, since: float) -> float:
    """Return when a commit of the task was last made, or a file of its worktree written (seconds since the epoch).

    Only what was done after ``since`` is looked for; 0 if nothing was.
    """
    asked = ("log", "-1", "--format=%ct", "--no-show-signature", f"--since=@{int(since)}", "--fixed-strings")
    named = f"--grep={message.TASK_TRAILER}: {task}"
    when = repository.git.text(*asked, named, "--branches", "--remotes", "HEAD", ok=(0, 128))
    return max((float(when) if when.isdigit() else 0.0, *_written(repository, task)))


def _written(repository: Repository, task: str) -> Iterator[float]:
    """When the files were written that are changed in the task's worktrees, and what its agents' hooks kept."""
    places = [(each.top, each.git_dir) for each in worktrees(repository) if each.task == task]
    for (top, git_dir), found in zip(places, edits(repository, places), strict=True):
        if isinstance(found, CouldNotCheck):  # its files can't be looked through: nobody may call it stale
            yield time.time()
            continue
        sessions = os.path.join(git_dir, "planfence", SESSIONS)
        kept = [os.path.join(sessions, name) for name in (os.listdir(sessions) if os.path.isdir(sessions) else ())]
        for path in (*(os.path.join(top, path) for path in found), *kept, f"{git_dir}/planfence/{ACTIVE_TASK}"):
            try:
                yield os.lstat(path).st_mtime
            except OSError:
                continue
