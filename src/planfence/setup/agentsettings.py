"""The hooks that agents' own settings hold: merged in beside what is there, and taken out again.

Settings that a team shares are files of the repository, so nothing in them may name this machine:
the command is found on PATH, and if it is missing the edit is denied (`|| exit 2`), because an
agent takes any other failure of a hook for permission.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from planfence.errors import CouldNotCheck, PlanfenceError, reason
from planfence.files.plain import read_plain
from planfence.files.state import GONE, edit, write_atomically
from planfence.manifest import tomlsource
from planfence.records import dataclass
from planfence.setup import jsontext

#: The program that a hook calls; what names it is ours.
PROGRAM = "planfence-agent"
#: Seconds that an agent waits; the program gives up earlier, with a denial.
TIMEOUT_S = 30

_MCP = "mcp__.*"
_CLAUDES = f"Edit|MultiEdit|Write|NotebookEdit|Bash|{_MCP}"
_CODEX = f"Edit|Write|Bash|{_MCP}"
_GEMINIS = "write_file|replace|run_shell_command|mcp_.*"
_STOPS = ("Stop", "SubagentStart", "SubagentStop", "SessionEnd")
#: Each agent's events, and the tools that they are about (empty: all, or none).
_EVENTS: Mapping[str, Mapping[str, str]] = {
    "claude": {
        **dict.fromkeys(("PreToolUse", "PostToolUse"), _CLAUDES),
        **dict.fromkeys(("SessionStart", "UserPromptSubmit", *_STOPS, "ConfigChange", "PreSkillShellCommand"), ""),
        # A command that fails may have written before it did; `PostToolUse` is for those that succeed.
        "PostToolUseFailure": _CLAUDES,
    },
    "codex": {
        **dict.fromkeys(("PreToolUse", "PostToolUse"), _CODEX),
        **dict.fromkeys(("SessionStart", "UserPromptSubmit", *_STOPS), ""),
    },
    "gemini": {
        **dict.fromkeys(("BeforeTool", "AfterTool"), _GEMINIS),
        **dict.fromkeys(("SessionStart", "BeforeAgent", "AfterAgent", "SessionEnd"), ""),
    },
    "cursor": {
        "preToolUse": "Write|Edit|StrReplace|Delete|ApplyPatch",
        **dict.fromkeys(("beforeShellExecution", "beforeMCPExecution", "afterFileEdit"), ""),
        # What a hook of `afterShellExecution` says is dropped; this one's reaches the model.
        "postToolUse": "Shell|MCP",
        **dict.fromkeys(("sessionStart", "beforeSubmitPrompt", "stop", "sessionEnd"), ""),
    },
    # With these names Copilot CLI sends Claude's payloads, and VS Code reads the same file.
    "copilot": dict.fromkeys(("PreToolUse", "PostToolUse", "SessionStart", "UserPromptSubmit", *_STOPS), ""),
    # One file of code; its hooks are in it.
    "opencode": {},
}
#: What an agent waits for in its own way, in seconds: at most so long at a session's end.
_PATIENCE = {("claude", "SessionEnd"): 60, ("codex", "SessionEnd"): 3}
#: Where each agent's hooks belong: in the project, and in the user's home.
_PLACES = {
    "claude": (".claude/settings.json", ".claude/settings.json"),
    "codex": (".codex/hooks.json", ".codex/hooks.json"),
    "gemini": (".gemini/settings.json", ".gemini/settings.json"),
    "cursor": (".cursor/hooks.json", ".cursor/hooks.json"),
    "copilot": (".github/hooks/planfence.json", ".copilot/hooks/planfence.json"),
    "opencode": (".opencode/plugins/planfence.js", ".config/opencode/plugins/planfence.js"),
}
_DENYING = {
    "PreToolUse",
    "BeforeTool",
    "preToolUse",
    "beforeShellExecution",
    "beforeMCPExecution",
    "PreSkillShellCommand",
}
#: Events that older versions of Claude Code do not know, and the first version that leaves one alone that it does not
#: know: before it, one such event has all hooks of the file dropped, without a word (seen with 2.0.30 to 2.1.100).
NEWER = ("SubagentStart", "ConfigChange", "PreSkillShellCommand", "PostToolUseFailure")
TOLERANT = (2, 1, 120)

#: Folders that hold agents' settings, and go if nothing else is in them.
_FOLDERS = frozenset(
    {".claude", ".codex", ".gemini", ".cursor", ".github", ".copilot", ".opencode", "hooks", "plugins"}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """One settings file of one agent. ``old``: without the events that an old version would not bear."""

    agent: str
    path: Path
    old: bool = False


def command(agent: str, event: str) -> str:
    """Return the hook's command line; if it could deny, no answer at all denies too."""
    if event not in _DENYING:
        return f"{PROGRAM} {agent}"
    said = "planfence gave no answer, so this is denied: install planfence, or ask a person to remove the hook"
    return f"{PROGRAM} {agent} || {{ echo '{said}' >&2; exit 2; }}"


def wanted(agent: str, *, old: bool = False) -> dict[str, Any]:
    """Return our entry for each event, in the agent's own shape."""
    found: dict[str, Any] = {}
    for event, matcher in _EVENTS[agent].items():
        if old and event in NEWER:
            continue
        entry: dict[str, Any] = {"matcher": matcher} if matcher else {}
        line, timeout = command(agent, event), _PATIENCE.get((agent, event), TIMEOUT_S)
        if agent == "cursor":
            found[event] = {"command": line, **entry, "timeout": timeout, "failClosed": event in _DENYING}
            continue
        if agent == "copilot":
            found[event] = {"type": "command", "command": line, "timeout": timeout}
            continue
        # Gemini CLI counts in milliseconds.
        limit = timeout * 1000 if agent == "gemini" else timeout
        entry["hooks"] = [{"type": "command", "command": line, "timeout": limit}]
        found[event] = entry
    return found


def is_ours(entry: object) -> bool:
    """Whether an entry of an event's list calls our program."""
    if not isinstance(entry, Mapping):
        return False
    return bool(_own(entry)) or _calls(entry)


def _calls(hook: object) -> bool:
    """Whether one hook calls our program."""
    line = hook.get("command") if isinstance(hook, Mapping) else None
    return isinstance(line, str) and line.split(" ")[0].rsplit("/")[-1] == PROGRAM


def _own(entry: Mapping[str, Any]) -> list[int]:
    """Return the places of our hooks in an entry, which may hold others beside them."""
    return [at for at, hook in enumerate(_items(entry.get("hooks"))) if _calls(hook)]


def settings(agent: str, top: Path, home: Path | None = None) -> Settings:
    """Return where this agent's hooks belong: in the project, or with ``home`` for all of the user's projects."""
    path = (home or top) / _PLACES[agent][home is not None]
    toml = path.with_name("config.toml")
    # Codex reads both; the one that is there is the team's own choice.
    return Settings(agent, toml if agent == "codex" and toml.exists() and not path.exists() else path)


def merged(text: str, agent: str, path: Path, *, old: bool = False) -> str:
    """Return the settings with our entries as they should be, and everything else as it is."""
    if path.suffix == ".js":
        if text.strip() and not _is_plugin(text):
            raise PlanfenceError("this is not a file of ours", hint="give it another name, then run this again")
        return plugin()
    entries = wanted(agent, old=old)
    if _are_right(text, path, entries):
        return text
    text = stripped(text, path)
    if path.suffix == ".toml":
        return _with_tables(text, entries, path)
    text = text if text.strip() else "{}\n"
    if agent in ("cursor", "copilot") and "version" not in _object(text).value:
        text = jsontext.insert(text, _object(text), "version", 1)
    if _object(text).member("hooks") is None:
        text = jsontext.insert(text, _object(text), "hooks", {})
    for event, entry in entries.items():
        hooks = _hooks(text)
        listed = hooks.member(event)
        if listed is None:
            text = jsontext.insert(text, hooks, event, [entry])
        elif listed.is_array:
            text = jsontext.insert(text, listed, None, entry)
        else:
            raise PlanfenceError(f"`hooks.{event}` in {path} is not a list", hint="fix the file, then run this again")
    return text


def stripped(text: str, path: Path) -> str:
    """Return the settings without our entries; what was made for them and is empty now goes too."""
    if path.suffix == ".toml":
        return _without_tables(text, path)
    if path.suffix == ".js":
        if _is_plugin(text) and text != plugin():
            raise PlanfenceError("it was changed since, or is of another version", hint="remove it by hand")
        return "" if _is_plugin(text) else text
    while text.strip() and (place := _first(text)) is not None:
        text = jsontext.remove(text, *place)
    return text


def _tables(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomlsource.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanfenceError(f"{path.name} is not TOML: {error}", hint="fix the file, then run this again") from error


def _table(event: str, entry: object) -> str:
    import tomlkit

    return "\n" + tomlkit.dumps({"hooks": {event: [entry]}})


def _with_tables(text: str, entries: Mapping[str, Any], path: Path) -> str:
    """Append our tables: TOML lets them stand anywhere, so nothing else moves."""
    _tables(text, path)
    whole = text if text.endswith("\n") or not text else text + "\n"
    whole += "".join(_table(event, entry) for event, entry in entries.items())
    try:
        tomlsource.loads(whole)
    except (ValueError, RecursionError) as error:
        hint = "write each of its events as `[[hooks.EVENT]]` tables"
        raise PlanfenceError(f"`hooks` is or holds an inline array or table: {error}", hint=hint) from error
    return whole


def _without_tables(text: str, path: Path) -> str:
    """Cut our tables out as they were written; those that were laid out anew since are left to tomlkit."""
    import tomlkit

    kept = _tables(text, path)
    hooks = kept.get("hooks")
    if not isinstance(hooks, dict):
        return text
    for event in list(hooks):
        for entry in _items(hooks[event]):
            if isinstance(entry, dict) and _own(entry) and len(_own(entry)) == len(_items(entry["hooks"])):
                text = text.replace(_table(event, entry), "", 1)
    comments, laid_out = text.count("#"), tomlkit.parse(text)
    for tables, exact in ((hooks, False), (laid_out.get("hooks", {}), True)):
        for event in list(tables):
            for index in reversed([at for at, entry in enumerate(_items(tables[event])) if is_ours(entry)]):
                own, entry = _own(tables[event][index]), tables[event][index]
                for place in reversed(own):
                    del entry["hooks"][place]
                if not entry.get("hooks"):
                    del tables[event][index]
                if not tables[event]:
                    del tables[event]
                text = tomlkit.dumps(laid_out) if exact else text
    # tomlkit takes the comments behind a table for the table's own.
    if {"hooks": {}} | _tables(text, path) != {"hooks": {}} | kept or text.count("#") != comments:
        raise PlanfenceError("our hooks can't be taken out of this file alone", hint="remove them by hand")
    return text


def _first(text: str) -> tuple[jsontext.Node, int] | None:
    """Return the container and the index of the first thing to take out, or None if nothing is ours."""
    root = _object(text)
    for whole, hooks in enumerate(root.children):  # a key may stand twice
        if root.keys[whole][0] == "hooks" and hooks.is_object and (found := _first_of(hooks)) is not None:
            return found if found[0] is not hooks or len(hooks.children) > 1 else (root, whole)
    return None


def _first_of(hooks: jsontext.Node) -> tuple[jsontext.Node, int] | None:
    for index, listed in enumerate(hooks.children):
        for at, child in enumerate(listed.children if listed.is_array else ()):
            if not is_ours(child.value):
                continue
            own, beside = _own(child.value), child.member("hooks")
            if beside is not None and 0 < len(own) < len(beside.children):
                return beside, own[0]
            return (listed, at) if len(listed.children) > 1 else (hooks, index)
    return None


def present(text: str, agent: str, path: Path) -> str:
    """Say how much of ours the settings hold: ``whole``, ``part`` or ``none``."""
    if path.suffix == ".js":
        return "whole" if text == plugin() else ("part" if _is_plugin(text) else "none")
    if _are_right(text, path, wanted(agent)) or (agent == "claude" and _are_right(text, path, wanted(agent, old=True))):
        return "whole"
    return (
        "part" if any(is_ours(entry) for listed in _listed(text, path).values() for entry in _items(listed)) else "none"
    )


def holds_newer(text: str, path: Path) -> bool:
    """Whether an entry, ours or not, is of an event that older versions of Claude Code do not bear."""
    return any(event in NEWER for event in _listed(text, path))


def _are_right(text: str, path: Path, entries: Mapping[str, Any]) -> bool:
    """Whether our entries are these, and no others."""
    found = {event: [each for each in _items(listed) if is_ours(each)] for event, listed in _listed(text, path).items()}
    return {event: ours for event, ours in found.items() if ours} == {event: [each] for event, each in entries.items()}


def _listed(text: str, path: Path) -> Mapping[str, Any]:
    value = _tables(text, path) if path.suffix == ".toml" else (_object(text).value if text.strip() else {})
    hooks = value.get("hooks")
    return hooks if isinstance(hooks, Mapping) else {}


def plugin() -> str:
    """Return OpenCode's plugin."""
    return (resources.files("planfence") / "setup" / "templates" / "opencode.js").read_text("utf-8")


def _is_plugin(text: str) -> bool:
    return text.startswith("// planfence: ")


def _items(listed: object) -> list[object]:
    return list(listed) if isinstance(listed, list) else []


def _object(text: str) -> jsontext.Node:
    root = jsontext.parse(text)
    if not root.is_object:
        raise PlanfenceError("the settings are not a JSON object", hint="fix the file, then run this again")
    return root


def _hooks(text: str) -> jsontext.Node:
    hooks = _object(text).member("hooks")
    if hooks is None or not hooks.is_object:
        raise PlanfenceError("`hooks` in the settings is not an object", hint="fix the file, then run this again")
    return hooks


def read(path: Path) -> str | None:
    """Return a settings file's text, or None if there is none."""
    try:
        return read_plain(path).decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotCheck(f"{path} can't be read: {reason(error)}") from error


def install(which: Settings, memory: Path) -> bool:
    """Merge our entries in; return whether anything changed. ``memory`` keeps what was there, for an exact way back."""
    note = memory / _key(which.path)

    def change(now: bytes | None) -> bytes | None:
        before = _text(which, now)
        after = told(which, lambda: merged(before or "", which.agent, which.path, old=which.old))
        if after == before:
            return None
        kept = _kept(note) if note.exists() else {}
        if kept.get("after") != _digest(before or ""):  # somebody's text since, or never ours
            back = None if before is None or _is_plugin(before) else _without(which, before)
            kept = {"path": str(which.path), "before": back}
        write_atomically(note, json.dumps(kept | {"after": _digest(after)}).encode(), 0o600)
        return after.encode()

    return edit(Path(os.path.realpath(which.path)), change)


def _kept(note: Path) -> dict[str, Any]:
    """What an earlier install noted of a file."""
    try:
        kept: dict[str, Any] = json.loads(read_plain(note))
        return {"after": kept["after"], "before": kept["before"], **kept}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        hint = f"rm {shlex.quote(str(note))}, and take planfence's entries out of the settings by hand"
        raise CouldNotCheck(f"{note} is not what an install wrote", hint=hint) from error


def uninstall(which: Settings, memory: Path) -> bool:
    """Take our entries out; return whether anything changed.

    A file that nobody touched since becomes byte for byte what it was, or goes if it was not there.
    """
    note = memory / _key(which.path)

    def change(now: bytes | None) -> bytes | None:
        if now is None:
            return None
        text = _text(which, now) or ""
        kept = _kept(note) if note.exists() else {}
        then = kept["before"] if kept.get("after") == _digest(text) else _without(which, text)
        return GONE if then is None else str(then).encode()

    if read(which.path) is None:
        note.unlink(missing_ok=True)
        return False
    changed = edit(Path(os.path.realpath(which.path)), change)
    note.unlink(missing_ok=True)
    for folder in which.path.parents[: len(which.path.parts) - 1] if not which.path.exists() else ():
        if folder.name not in _FOLDERS or any(folder.iterdir()):
            break
        folder.rmdir()
    return changed


def _without(which: Settings, text: str) -> str | None:
    """Return a file's text without our entries; None if nothing else was in it."""
    then = told(which, lambda: stripped(text, which.path))
    return None if then != text and then.strip() in ("", "{}") else then


def _text(which: Settings, data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CouldNotCheck(f"{which.path} can't be read: {reason(error)}") from error


def told(which: Settings, work: Callable[[], str]) -> str:
    """Do it; a fault that is found names the file."""
    try:
        return work()
    except PlanfenceError as error:
        raise PlanfenceError(f"{which.path}: {error.message}", hint=error.hint) from error


def _key(path: Path) -> str:
    return f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
