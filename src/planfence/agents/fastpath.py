"""The light entry of agents' hooks: says yes to a plainly planned edit, and nothing else.

An agent asks before each edit, so this imports nothing beyond what Python has loaded at its start
(no json, re, click or subprocess) and starts no git. The full judgement leaves a note of what is
plainly allowed at a commit for a task (`agents/note.py`); a path that the note does not settle, an
event that is not an edit, anything unexpected: all of that goes to the full judgement, which alone denies.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATHS = (
    *("file_path", "notebook_path", "path", "target_file", "absolute_path"),
    *("source", "destination", "old_path", "new_path"),
)
_WRITERS = ("Write", "Edit", "MultiEdit", "NotebookEdit")


def main() -> None:
    """Answer one hook call: `planfence-agent NAME`, its payload on standard input."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    data = sys.stdin.buffer.read()
    environ = os.environ  # noqa: TID251 - stands alone, as a launcher
    if name in ("claude", "codex") and (plainly_allowed(data, environ) or plainly_unchanged(data, environ)):
        os._exit(0)
    from planfence.agents.main import main as judge

    sys.exit(judge(name, data))


def plainly_allowed(data: bytes, environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether the payload is an edit of one path that the note allows. Never raises."""
    try:
        paths = _edited(data)
        return bool(paths) and all(_noted(path, environ, data) for path in paths)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, ImportError, RecursionError):
        return False


def plainly_unchanged(data: bytes, environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether a shell command has run, and left the worktree as the session knows it. Never raises."""
    try:
        return b'"PostToolUse' in data and _unchanged(data, environ)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, ImportError, RecursionError):
        return False


def _unchanged(data: bytes, environ: os._Environ[str] | dict[str, str]) -> bool:
    from planfence.agents import statuspath

    raw = _json(data.decode())
    if raw["hook_event_name"] not in ("PostToolUse", "PostToolUseFailure") or raw["tool_name"] != "Bash":
        return False
    # In a folder that is not a worktree's top, the full judgement finds the repository.
    top = raw["cwd"]
    if not top.startswith("/") or "\0" in top or not os.path.lexists(top + "/.git"):
        return False
    git_dir, common = _git_dirs(top)
    known = _bytes(statuspath.file_of(git_dir, raw["session_id"]))
    now = statuspath.ask(top, environ)
    return now is not None and statuspath.whole(now, git_dir, common, statuspath.folder_of(known)) == known


def _edited(data: bytes) -> list[str]:
    """Return the absolute paths that an edit names, or none for everything else."""
    if b'"PreToolUse"' not in data:
        return []
    raw = _json(data.decode())
    given = raw["tool_input"]
    if raw["hook_event_name"] != "PreToolUse":
        return []
    if raw["tool_name"] == "apply_patch":
        return _patched(raw["cwd"], given["command"]) if list(given) == ["command"] else []
    if raw["tool_name"] not in _WRITERS:
        return []
    # Another name for a path would be another edit: the full judgement reads it.
    named = [given[key] for key in _PATHS if key in given]
    return named if len(named) == 1 and named[0].startswith("/") and "\0" not in named[0] else []


def _patched(cwd: str, text: str) -> list[str]:
    """Return the paths of a patch that only adds and updates; any other header leaves it to the full judgement."""
    found = []
    for written in text.splitlines():
        line = written.strip()
        if written[:1] in ("+", "-") or not line.startswith("***"):
            continue
        kind, _, path = line.partition(": ")
        if kind in ("*** Update File", "*** Add File") and path and not path.startswith("/"):
            found.append(f"{cwd}/{path.strip()}")
        elif line not in ("*** Begin Patch", "*** End Patch", "*** End of File"):
            return []
    return found if cwd.startswith("/") and "\0" not in text else []


class _JsonSettings:
    """What the C scanner reads its settings from, as `json.JSONDecoder` would give them."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner wants a plain attribute

    @staticmethod
    def parse_constant(_: str) -> float:
        return 0.0


def _json(text: str) -> Any:
    """Parse JSON by CPython's own scanner: `json` would import `re`, which takes longer than all of this."""
    from _json import make_scanner

    value, end = make_scanner(_JsonSettings)(text, 0)  # type: ignore[arg-type]  # typeshed names the wrong argument
    if text[end:].strip(" \t\r\n"):
        raise ValueError
    return value


def _noted(path: str, environ: os._Environ[str] | dict[str, str], data: bytes) -> bool:
    folder, _, name = path.rpartition("/")
    if name in ("", ".", "..") or name != name.strip() or os.path.realpath(folder) != folder or os.path.islink(path):
        return False
    top = folder
    while not os.path.lexists(top + "/.git"):
        top = top.rpartition("/")[0]
        if not top:
            return False
    git_dir, common = _git_dirs(top)
    task = environ.get("PLANFENCE_TASK") or _read(git_dir + "/planfence/task").strip()
    if not task or environ.get("PLANFENCE_URGENT"):
        return False
    head = _head(git_dir, common)
    if not head:
        return False
    lines = _read(git_dir + "/planfence/agent-note").split("\n")
    if lines[:4] != [header(), head, task, claims_mark(common)] or lines[-2:] != ["end", ""]:
        return False
    if lines[4] != FREE:
        from planfence.agents.budgetpath import within

        if lines[4] != LIMITED or not within(git_dir, task, _json(data.decode()).get("transcript_path") or "", _json):
            return False
    return path[len(top) + 1 :] in lines[5:-2]


#: A note's line that says whether anything limits what the task costs.
FREE, LIMITED = "free", "limited"


def claims_mark(common: str) -> str:
    """Return the note's line that changes with the claims of the repository's tasks (`gate/claims.py`)."""
    try:
        return "claims " + _read(common + "/planfence/claims").strip()
    except FileNotFoundError:
        return "claims"


def header() -> str:
    """Return a note's first line: its layout, and the version and the list of rules that wrote it (not imported)."""
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    version = _read(top + "/__init__.py").partition('__version__ = "')[2].partition('"')[0]
    rules = os.stat(top + "/rules/__init__.py")
    return f"planfence-agent 4 {version} {rules.st_size} {rules.st_mtime_ns}"


def _read(path: str) -> str:
    return _bytes(path, 1 << 20).decode()


def _bytes(path: str, most: int = 1 << 26) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # no named pipe holds it up
        return file.read(most)


def _git_dirs(top: str) -> tuple[str, str]:
    """Return this worktree's git directory and the one that all worktrees share (gitrepository-layout(5))."""
    dot_git = top + "/.git"
    if os.path.isdir(dot_git):
        return dot_git, dot_git
    said = _read(dot_git)
    if not said.startswith("gitdir: "):
        raise ValueError
    git_dir = os.path.join(top, said[8:].rstrip("\n"))
    return git_dir, os.path.normpath(os.path.join(git_dir, _read(git_dir + "/commondir").rstrip("\n")))


def _head(git_dir: str, common: str) -> str:
    """Return HEAD's commit id from its files, or an empty string if they do not tell."""
    said = _read(git_dir + "/HEAD").rstrip("\n")
    if not said.startswith("ref: "):
        return said
    name = said[5:]
    try:
        return _read(f"{common}/{name}").rstrip("\n")
    except FileNotFoundError:
        mark = " " + name
        found = [line for line in _read(common + "/packed-refs").split("\n") if line.endswith(mark)]
        return found[0][: -len(mark)] if len(found) == 1 else ""


if __name__ == "__main__":
    main()
