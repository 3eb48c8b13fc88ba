"""Whether a change of Claude Code's settings, while a session runs, takes our hooks away."""

from __future__ import annotations

import json
import os
from pathlib import Path

_FILES = (".claude/settings.json", ".claude/settings.local.json")
_PROGRAM = "planfence-agent"


def taken_away(top: Path, home: str) -> str:
    """Say why the settings as they are now would leave the session without our hooks; empty: they would not.

    The session keeps its hooks if the change is refused; a new one reads the files as they are.
    """
    places = [top / name for name in _FILES] + ([Path(home) / _FILES[0]] if home else [])
    ours = False
    for place in places:
        if not os.path.lexists(place):
            continue
        try:
            value = json.loads(place.read_bytes())
        except (OSError, ValueError, RecursionError):
            return f"{place} can't be read as JSON, so Claude Code would drop all hooks in it: fix it, or ask a person."
        if not isinstance(value, dict):
            return f"{place} is no JSON object, so Claude Code would drop all hooks in it: fix it, or ask a person."
        if value.get("disableAllHooks") is True:
            return f"`disableAllHooks` in {place} switches the plan's hooks off: take it out, or ask a person."
        hooks = value.get("hooks")
        ours = ours or (isinstance(hooks, dict) and _PROGRAM in json.dumps(hooks.get("PreToolUse", "")))
    return "" if ours else "The change takes the plan's hooks out of the settings: put them back, or ask a person."
