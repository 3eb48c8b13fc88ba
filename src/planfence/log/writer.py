"""Writing the benchmark log and the run log: if they are, and what a line of ours says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from planfence.errors import CouldNotCheck
from planfence.files.append import append_line
from planfence.files.state import locked
from planfence.gitio.repository import Repository
from planfence.log.line import ID_LENGTH, format_record, format_run
from planfence.manifest.policy import Policy

#: A hook never waits long for what changes no verdict (seconds).
_PATIENCE_S = 1.0
_BECAUSE = "# planfence's logs: local, never committed"
#: What a field of a record may be given as.
Value = str | int | float | Iterable[str]


def log_path(repository: Repository, name: str) -> Path | None:
    """Where the log of this name is: in the main worktree, so that all linked worktrees share it.

    None if the name leads outside the worktree or into the git directory: a policy comes with a clone, and must
    not choose which of the user's files a hook appends to. If there is no main worktree (a bare repository, with
    linked worktrees or without), the logs are in the git directory, in `planfence/`.
    """
    top = repository.main_worktree()
    if top == repository.common_dir:
        return top / "planfence" / os.path.basename(name) if os.path.basename(name) else None
    path = top / name
    real_parent, real_top = os.path.realpath(path.parent), os.path.realpath(top)
    inside = os.path.join(real_parent, "").startswith(os.path.join(real_top, ""))
    git = os.path.join(os.path.realpath(repository.common_dir), "")
    if not name or not inside or os.path.join(real_parent, path.name, "").startswith(git):
        return None
    return path


def keep_from_git(repository: Repository, path: Path) -> bool:
    """Have git ignore a log in all worktrees of this clone, whatever branch they are on; return whether it does.

    A line goes to the end of `info/exclude`, which is not a branch's. What can't be written, or is somebody's link, is
    left alone: no verdict depends on it.
    """
    top = repository.main_worktree()
    if not path.is_relative_to(top) or top == repository.common_dir:
        return True
    return exclude(repository, ignored_by(path.relative_to(top).as_posix()), _BECAUSE)


def exclude(repository: Repository, wanted: str, because: str = "") -> bool:
    """Append a pattern to `info/exclude` unless it is there, under a comment that says why; return whether it is there.

    What can't be written, or is somebody's link, is left alone.
    """
    listed = repository.common_dir / "info" / "exclude"
    try:
        if wanted.encode("utf-8", "surrogateescape") in _lines(listed):
            return True
        listed.parent.mkdir(exist_ok=True)
        with locked(listed.parent, wait_s=_PATIENCE_S):
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(listed, flags, 0o666)
            with open(descriptor, "r+b", buffering=0) as file:
                old = file.read()
                if wanted.encode("utf-8", "surrogateescape") not in old.splitlines():
                    end = "" if not old or old.endswith(b"\n") else "\n"
                    why = "" if not because or because.encode() in old.splitlines() else f"{because}\n"
                    file.write(f"{end}{why}{wanted}\n".encode("utf-8", "surrogateescape"))
    except (OSError, CouldNotCheck):
        return False
    return True


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.is_file() and not path.is_symlink() else []


def ignored_by(name: str) -> str:
    """Return the pattern by which git ignores a log and the files beside it (gitignore(5))."""
    return "/" + "".join(f"\\{char}" if char in "\\*?[" else char for char in name) + "*"


def no_place(repository: Repository, key: str, name: str) -> str:
    """Say why nothing may be written to the log of this name; empty if something may.

    ``key`` is the policy's word for it. A file that git tracks is somebody's work, not a log.
    """
    if log_path(repository, name) is None:
        return f"{key} = {name!r} leads outside the worktree: nothing was logged"
    if not repository.bare and repository.git.run("ls-files", "-z", "--", f":(top,literal){name}"):
        return f"{key} = {name!r} is tracked by git: nothing was logged (git rm --cached it, or name another file)"
    return ""


def record(
    repository: Repository,
    policy: Policy | None,
    *,
    event: str,
    result: str,
    task: str = "",
    **fields: Value,
) -> str:
    """Append one line of ours to the benchmark log; return a warning for stderr, or "".

    ``event`` is what ran (`pre-commit`, `check`, `test`, `advance`, `finish`, …), ``result`` how it ended (`accepted`,
    `refused`, `observed` where enforcing would have refused, `passed`, `failed`, `error`); ``task`` is `<plan>/<task>`.
    ``fields`` are named as in :data:`planfence.log.line.OWN_FIELDS`. Zero is written, None and "" are not. Without a
    policy there is no log. Never raises for a log that can't be written.
    """
    if policy is None:
        return ""
    words = {name: _text(value) for name, value in fields.items()}
    plan, slash, _ = task.partition("/")
    words = {"plan": plan if slash else ""} | words
    words |= {"task": task, "event": event, "result": result, "id": new_id()}
    # What ends in an error changes nothing but the log; the next run that comes to a verdict sees to the rest.
    line = format_record(utc(time.time()), words)
    return _append(repository, "log", policy.log, line, keep=result != "error")


def record_run(repository: Repository, policy: Policy, task: str, edge: str, epoch: int | None = None) -> str:
    """Append `TASK,start,EPOCH` or `TASK,end,EPOCH` to the run log; return a warning, or ""."""
    line = format_run(task, edge, int(time.time()) if epoch is None else epoch)
    return _append(repository, "run_log", policy.run_log, line)


def _append(repository: Repository, key: str, name: str, line: str, *, keep: bool = True) -> str:
    path, why = log_path(repository, name), no_place(repository, key, name)
    if path is None or why:
        return why
    if keep:
        keep_from_git(repository, path)
    if not path.parent.is_dir():
        try:
            path.parent.mkdir(parents=True)
        except OSError as error:
            return f"{path.parent} could not be made: {error.strerror}"
    return append_line(path, line)


def utc(epoch: float) -> str:
    """Format a time as the log does: `2026-11-22_10:00:00`, in UTC."""
    return time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(epoch))


def new_id() -> str:
    """A new record's id."""
    return os.urandom(ID_LENGTH // 2).hex()


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}" if value < 1e6 else f"{value:.0f}"
    if isinstance(value, int):
        return str(value)
    return "+".join(value)
