"""Small files of one worktree's state, written whole or not at all."""

from __future__ import annotations

import os

from planfence.errors import CouldNotCheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

#: Holds `<plan>/<task>` and a newline.
ACTIVE_TASK = "task"

#: The folder of a worktree's state that holds one file for each agent's session.
SESSIONS = "sessions"


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file by a rename, so that a crash leaves the old one or the new one.

    Raises :class:`CouldNotCheck` where the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be written: {error.strerror}") from error


def read_active_task(state_dir: str | Path) -> str:
    """Return `<plan>/<task>`, or an empty string where no task is active in this worktree."""
    name = os.path.join(state_dir, ACTIVE_TASK)
    try:
        with open(name, encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"{name} could not be read: {error}", hint="run `planfence start TASK`") from error


def write_active_task(state_dir: Path, task: str) -> None:
    """Make ``task`` (`<plan>/<task>`) the active one of this worktree; empty: none."""
    if task:
        write_atomically(state_dir / ACTIVE_TASK, f"{task}\n".encode())
        return
    (state_dir / ACTIVE_TASK).unlink(missing_ok=True)
