"""Whether a change of Claude Code's settings, while a session runs, takes our hooks away."""

from __future__ import annotations

import json
import os
from pathlib import Path

from planfence.env import Environment
from planfence.files.plain import read_plain

_FILES = (".claude/settings.json", ".claude/settings.local.json")
_PROGRAM = "planfence-agent"


#: What an administrator has decided; no change of another file takes it away.
_MANAGED = ("/etc/claude-code/managed-settings.json", "/Library/Application Support/ClaudeCode/managed-settings.json")


def taken_away(top: Path, environment: Environment) -> str:
    """Say why the settings as they are now would leave the session without our hooks; empty: they would not.

    The session keeps its hooks if the change is refused; a new one reads the files as they are.
    """
    home = environment.get("HOME")
    user = environment.get("CLAUDE_CONFIG_DIR") or (f"{home}/.claude" if home else "")
    places = [top / name for name in _FILES] + ([Path(user) / "settings.json"] if user else [])
    ours = any(_names_us(Path(name)) for name in _MANAGED)
    for place in places:
        if not os.path.lexists(place):
            continue
        try:
            value = json.loads(read_plain(place))
        except (OSError, ValueError, RecursionError):
            return f"{place} can't be read as JSON, so Claude Code would drop all hooks in it: fix it, or ask a person."
        if not isinstance(value, dict):
            return f"{place} is not a JSON object, so Claude Code would drop all hooks in it: fix it, or ask a person."
        if value.get("disableAllHooks") is True:
            return f"`disableAllHooks` in {place} switches the plan's hooks off: take it out, or ask a person."
        hooks = value.get("hooks")
        ours = ours or (isinstance(hooks, dict) and _PROGRAM in json.dumps(hooks.get("PreToolUse", "")))
    return "" if ours else "The change takes the plan's hooks out of the settings: put them back, or ask a person."


def _names_us(path: Path) -> bool:
    try:
        return _PROGRAM.encode() in read_plain(path)
    except OSError:
        return False
