"""Where a path that an agent names really is: links resolved, globs and folders written out, its worktree found."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from planfence.agents.patch import Edit
from planfence.change import unsafenames
from planfence.change.change import Action
from planfence.env import Environment
from planfence.gitio import paths
from planfence.gitio.repository import open_repository
from planfence.records import dataclass

#: Where agents and git keep what decides whether hooks run at all.
SWITCHES = (
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".codex/hooks.json",
    ".codex/config.toml",
    ".gemini/settings.json",
    ".cursor/hooks.json",
    ".agents/hooks.json",
)
#: Folders of which every file can be one: hooks of Copilot and VS Code, plugins of OpenCode.
_SWITCH_FOLDERS = (
    *(".github/hooks", ".copilot/hooks", ".opencode/plugin", ".opencode/plugins"),
    *(".config/opencode/plugin", ".config/opencode/plugins"),
)
_USER_GIT = (".gitconfig", ".config/git/config")


class Write(NamedTuple):
    """A path that a command would write, as the shell's words give it. ``recursive``: all that is below it."""

    path: str
    action: Action | None = None
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Denial:
    """Why something is denied, and what to type instead."""

    what: str
    why: str
    fix: str = ""


def without_git(environment: Environment) -> Environment:
    """Let the path decide which repository it is in, not a variable that an agent was started with."""
    return environment.but(environment.for_child())


def real(path: str, action: Action | None) -> str:
    """Resolve the folders above a path, and a link at its end where something would be written through it."""
    folder, name = os.path.split(os.path.normpath(path) if "/../" not in path else path)
    resolved = os.path.join(os.path.realpath(folder), name)
    if action is not Action.DELETE and os.path.islink(resolved):
        return os.path.realpath(resolved)
    return resolved


def top_of(absolute: str) -> str | None:
    """Return the top of the worktree that holds a path, or None."""
    folder = os.path.dirname(absolute)
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def switch(absolute: str, environment: Environment) -> Denial | None:
    """Deny what would switch the fence off, wherever it stands: git's own folder, hooks' settings."""
    parts = absolute.split("/")
    if ".git" in parts or any(unsafenames.fold(part) == ".git" for part in parts):
        return Denial(absolute, "it is git's own folder, which only git writes", "")
    home = environment.get("HOME")
    if home and any(absolute == os.path.join(os.path.realpath(home), name) for name in _USER_GIT):
        return Denial(absolute, "it is git's configuration, which can point git at other hooks", "")
    folders = any(f"/{name}/" in absolute for name in _SWITCH_FOLDERS)
    if folders or any(absolute.endswith("/" + name) for name in SWITCHES):
        return Denial(absolute, "it decides whether hooks run; a person changes it", "")
    return None


#: A removed folder stands for this many of its files at most; one outside is enough to deny.
_MOST_EXPANDED = 200


def expanded(writes: Iterable[Write], environment: Environment) -> Iterator[Edit]:
    """Turn a command's paths into edits: globs as the disk answers them, folders as their tracked files."""
    for write in writes:
        globbed = any(char in write.path for char in "*?[")
        names_ = sorted(glob.iglob(write.path)) if globbed else [write.path]
        for name in names_[:_MOST_EXPANDED]:
            if write.action is Action.MODIFY and not os.path.lexists(name) and ".git" not in name.split("/"):
                continue  # a word that a tool reads as something else: a rule's name, a line's length
            if write.recursive and os.path.isdir(name) and not os.path.islink(name):
                yield Edit(name, write.action)
                yield from (Edit(path, write.action) for path in _tracked(name, environment))
            else:
                yield Edit(name, write.action)


def _tracked(folder: str, environment: Environment) -> Iterator[str]:
    top = top_of(os.path.join(os.path.realpath(folder), "_"))
    if top is None:
        return
    repository = open_repository(without_git(environment), Path(top))
    out = repository.git.run("--literal-pathspecs", "ls-files", "-z", "--full-name", "--", os.path.realpath(folder))
    for path in out.split(b"\0")[:-1][:_MOST_EXPANDED]:
        yield str(repository.top / paths.decode(path))
