"""One reading of what agents send to their hooks on standard input.

Claude Code 2.1 and Codex CLI 0.153 to 0.171 share one shape; Gemini CLI has its own event and
tool names in the same shape; Cursor 2 puts tools' fields at the top level. Copilot CLI 1.0 has Claude's
shape if the hooks are written with Claude's event names, and otherwise a camelCase one that names no
event; VS Code mixes both. OpenCode's plugin sends Claude's shape. The reading is tolerant of what is new
or missing, except if a missing field would hide an edit.
"""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from planfence.agents import patch
from planfence.agents.patch import Edit
from planfence.errors import PlanfenceError
from planfence.records import dataclass, field

#: Those whose hooks we install.
AGENTS = ("claude", "codex", "gemini", "cursor", "copilot", "opencode")
#: Those whose payloads we read; if Antigravity's hooks stand is not known well enough to write there.
READ = (*AGENTS, "antigravity")


class Event(StrEnum):
    """The moments that matter here, in Claude's words; ``OTHER`` is answered with silence."""

    BEFORE_TOOL = "PreToolUse"
    AFTER_TOOL = "PostToolUse"
    SESSION_START = "SessionStart"
    SESSION_END = "SessionEnd"
    PROMPT = "UserPromptSubmit"
    STOP = "Stop"
    SUBAGENT_START = "SubagentStart"
    SUBAGENT_STOP = "SubagentStop"
    CONFIG = "ConfigChange"
    OTHER = "other"


def _plain(name: str) -> str:
    """Return a name as it is looked for: each agent and each server has its own way with signs and with capitals."""
    return name.replace("_", "").replace("-", "").lower()


_EVENTS = {
    **{_plain(event): event for event in Event},
    **dict.fromkeys(
        ("preskillshellcommand", "beforetool", "beforeshellexecution", "beforemcpexecution"), Event.BEFORE_TOOL
    ),
    **dict.fromkeys(("posttoolusefailure", "aftertool", "afterfileedit", "aftershellexecution"), Event.AFTER_TOOL),
    **dict.fromkeys(("userpromptsubmitted", "beforeagent", "beforesubmitprompt"), Event.PROMPT),
    **dict.fromkeys(("agentstop", "afteragent"), Event.STOP),
}

#: VS Code's and Copilot's spelling of the fields.
_SNAKE = {
    "hookEventName": "hook_event_name",
    "sessionId": "session_id",
    "transcriptPath": "transcript_path",
    "toolName": "tool_name",
    "toolInput": "tool_input",
    "toolArgs": "tool_input",
    "stopHookActive": "stop_hook_active",
    "conversationId": "session_id",
}

#: Tools that write the one file that they name, and the fields that name it, as :func:`_plain` writes them.
WRITERS = frozenset(
    {"write", "edit", "multiedit", "notebookedit", "writefile", "replace", "editfile", "strreplace", "delete"}
    | {"createfile", "editfiles", "replacestringinfile", "multireplacestringinfile", "inserteditintofile"}
    | {"editnotebookfile", "createnewjupyternotebook", "create", "strreplaceeditor", "strreplacebasededittool"}
    | {"writetofile", "replacefilecontent", "multireplacefilecontent", "editnotebook"}
)
PATH_FIELDS = frozenset(
    {"filepath", "notebookpath", "path", "targetfile", "absolutepath", "relativepath", "pathinproject", "filename"}
    | {"dirpath", "uri", "fileuri", "olduri", "newuri", "file", "targetpath", "source", "sourcepath", "dest"}
    | {"destination", "destinationpath", "destpath", "oldpath", "newpath", "relativeworkspacepath", "outputpath"}
    | {"targetnotebook", "localpath", "linkpath", "outputfile", "outfile", "savepath"}
)
#: Those that name what is written whatever the tool is called; and those that do in tools that give files other names,
#: since branches, messages and objects of a store are moved as well.
_OUTPUTS = frozenset({"outputpath", "outputfile", "outfile", "savepath"})
_GIVES = frozenset({"from", "to", "src", "dst", "link"})
_SHELLS = frozenset(
    {"bash", "shell", "localshell", "execcommand", "runshellcommand", "powershell", "runinterminal", "runcommands"}
    | {"runcommand", "writebash", "writepowershell", "createandruntask"}
)
_PATCHERS = frozenset({"applypatch", "patch"})
#: Where a shell's tool has its command line.
_COMMANDS = ("command", "cmd", "CommandLine", "commandLine", "shell_command", "shellCommand", "argv", "program",
             "executable", "input")  # fmt: skip
#: Tools that only look, make a folder, of which git keeps nothing, or start others that are asked about themselves.
_READERS = frozenset(
    {"read", "glob", "grep", "ls", "list", "view", "webfetch", "websearch", "todowrite", "todoread", "task", "agent"}
    | {"skill", "toolsearch", "readfile", "readbash", "listbash", "stopbash", "listdir", "grepsearch", "filesearch"}
    | {"viewfile", "readagent", "listagents", "reportintent", "updatetodo", "managetodolist", "geterrors"}
    | {"fetchwebpage", "searchfilecontent", "listdirectory", "readmanyfiles", "googlewebsearch", "codebasesearch"}
    | {"createdirectory"}
)
_KNOWN = WRITERS | _SHELLS | _PATCHERS | _READERS
#: What a tool is given to write, and words in its name that say that it writes.
_CONTENTS = frozenset(
    {"content", "contents", "newstring", "newtext", "newstr", "filecontent", "filecontents", "filetext"}
)
_DIFFS = ("patch", "diff", "patchText", "unified_diff", "unifiedDiff")
#: By which a tool that commits is told to leave the hooks out, unless it is told not to.
_UNSEEN = frozenset({"noverify", "skiphooks", "skipverify", "bypasshooks", "nohooks"})
_UNTRUE = (False, None, 0, "", "false", "False")
#: Where one of several operations says what it does.
_OPERATIONS = ("action", "op", "operation")
_GIVING_WORDS = ("move", "rename", "copy", "symlink", "hardlink")
_FILE_WORDS = ("file", "path", "dir", "folder", "link")
_TYPING_WORDS = ("shell", "bash", "terminal", "tmux", "console")
_WRITING_WORDS = (
    *("save", "update", "copy", "push", "remove", "apply"),
    *("write", "edit", "create", "delete", "move", "rename", "patch", "replace", "insert", "append"),
)


@dataclass(frozen=True, slots=True)
class Payload:
    """What an agent says is about to happen, or did.

    ``name`` is the event as the agent spells it. ``edits`` are the paths that a tool is about to
    write, as written; ``command`` is a shell command line. ``unread`` says why an edit could not
    be told from the payload, which is a denial. ``unknown`` is a tool of which nobody can say what it
    writes but by looking at the worktree afterwards. Empty fields were not sent.
    """

    agent: str
    event: Event
    name: str
    session: str = ""
    cwd: str = ""
    transcript: str = ""
    model: str = ""
    tool: str = ""
    edits: tuple[Edit, ...] = ()
    command: str = ""
    prompt: str = ""
    stop_hook_active: bool = False
    unread: str = ""
    unknown: bool = False
    other: Mapping[str, Any] = field(default_factory=dict)


def read(agent: str, data: bytes) -> Payload:
    """Read one payload. Raises :class:`PlanfenceError` if it is not a JSON object or names no event."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PlanfenceError(f"the hook's input is not JSON: {error}", hint="see docs/agents.md") from error
    if not isinstance(raw, dict):
        raise PlanfenceError("the hook's input is not a JSON object", hint="see docs/agents.md")
    raw = {**{_SNAKE[name]: value for name, value in raw.items() if name in _SNAKE}, **raw}
    call = raw.get("toolCall")
    if isinstance(call, dict):  # Antigravity's
        raw = {"tool_name": call.get("name"), "tool_input": call.get("args"), **raw}
    name = _text(raw, "hook_event_name") or _unnamed(raw)
    if not name:
        raise PlanfenceError("the hook's input names no event", hint="see docs/agents.md")
    if agent == "claude" and "timestamp" in raw:
        agent = "copilot"  # Copilot CLI and VS Code run a project's Claude settings too; Claude Code sends no time
    event = _EVENTS.get(_plain(name), Event.OTHER)
    tool, arguments = _tool(name, raw)
    edits, command, unread = _touches(tool, arguments) if tool else ((), "", "")
    roots = raw.get("workspace_roots", raw.get("workspacePaths"))
    root = roots[0] if isinstance(roots, list) and roots and isinstance(roots[0], str) else ""
    return Payload(
        agent=agent,
        event=event,
        name=name,
        session=_text(raw, "session_id") or _text(raw, "conversation_id"),
        cwd=_directory(arguments, _text(raw, "cwd") or root),
        transcript=_text(raw, "transcript_path"),
        model=_text(raw, "model"),
        tool=tool,
        edits=edits,
        command=command,
        prompt=_text(raw, "prompt"),
        stop_hook_active=raw.get("stop_hook_active") is True or _count(raw.get("loop_count")) > 0,
        unread=unread,
        unknown=bool(tool) and _plain(tool) not in _KNOWN,
        other=raw,
    )


def _unnamed(raw: Mapping[str, Any]) -> str:
    """Return the event of a payload that names none, as Copilot's camelCase ones do: its fields tell it."""
    signs = (
        ("toolResult", Event.AFTER_TOOL),
        ("tool_name", Event.BEFORE_TOOL),
        ("agentName", Event.SUBAGENT_STOP if "stopReason" in raw else Event.SUBAGENT_START),
        ("stopReason", Event.STOP),
        ("initialPrompt", Event.SESSION_START),
        ("prompt", Event.PROMPT),
        ("source", Event.SESSION_START),
        ("reason", Event.SESSION_END),
    )
    return next((event.value for sign, event in signs if sign in raw), "")


_DIRECTORIES = (
    *("repo_path", "repoPath", "dir_path", "workdir", "Cwd", "cwd"),
    *("working_directory", "workingDirectory", "directory"),
)


def _directory(arguments: Mapping[str, Any], cwd: str) -> str:
    """Return where a tool works: Gemini CLI's shell calls name it by `dir_path`, others by `workdir`, `Cwd`, …"""
    given = next((text for name in _DIRECTORIES if (text := _text(arguments, name))), "")
    return posixpath.join(cwd, given) if given else cwd


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _tool(event: str, raw: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the tool's name and its arguments, which Cursor's older events have at the top level."""
    if event in ("beforeShellExecution", "afterShellExecution"):
        return "Shell", raw
    if event == "PreSkillShellCommand":
        given = raw.get("tool_input")
        return "Bash", given if isinstance(given, dict) else raw
    if event == "afterFileEdit":
        return "Edit", raw
    arguments = raw.get("tool_input")
    if isinstance(arguments, str):
        parsed = _parsed(arguments)  # Cursor sends an MCP tool's arguments, Codex a custom tool's input, as text
        arguments = parsed if isinstance(parsed, dict) else {"command": arguments}
    return _text(raw, "tool_name"), arguments if isinstance(arguments, dict) else {}


def _touches(tool: str, arguments: Mapping[str, Any]) -> tuple[tuple[Edit, ...], str, str]:
    """Return (edits, shell command, why nothing could be told) of a tool call."""
    plain = _plain(tool)
    if plain in _PATCHERS:
        text = _patch_text(arguments)
        found = patch.edits(text)
        return found, "", "" if found else f"{tool} came without a patch that names a file"
    if plain in _SHELLS:
        task = arguments.get("task") if plain == "createandruntask" else None
        given = task if isinstance(task, dict) else arguments  # VS Code's tasks
        command = "\n".join(_commands(tool, given, _COMMANDS))
        return (), command, "" if command else f"{tool} came without a command"
    if plain in WRITERS and arguments.get("command") == "view":
        return (), "", ""  # an editor that looks
    if plain in WRITERS:
        found = _named(_layers(arguments))
        return found, "", "" if found else f"{tool} came without a path"
    return ((), "", "") if plain in _READERS else _foreign(tool, arguments)


#: Fields that hold what a tool is given, and those that hold several of it.
_LAYERS = ("arguments", "args", "params", "input", "target", "textDocument", "edit", "document")
_MANY = (
    *("files", "paths", "edits", "replacements", "changes", "operations", "file_edits", "fileEdits"),
    *("documentChanges", "actions", "ops", "file"),
)


def _layers(given: object, *, plainly: bool = True) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the objects in what a tool is given, each with whether its field's name says what it is."""
    if isinstance(given, dict):
        yield given, plainly
        for name, value in given.items():
            held = _parsed(value) if name in _LAYERS and isinstance(value, str) else value
            yield from _layers(held, plainly=plainly and name in (*_LAYERS, *_MANY))
    elif isinstance(given, list):
        for each in given:
            yield from _layers(each, plainly=plainly)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _holds(layer: Mapping[str, Any]) -> bool:
    """Whether an object holds what is to be written."""
    return any(_plain(name) in _CONTENTS for name in layer)


def _foreign(tool: str, arguments: Mapping[str, Any]) -> tuple[tuple[Edit, ...], str, str]:
    """Read another server's tool by the shape of what it is given: what it writes, and the command it runs."""
    layers = [*_layers(arguments)]
    objects = [layer for layer, _ in layers]
    command = "\n".join(line for layer, _ in layers for line in _commands(tool, layer))
    if any(isinstance(layer.get("owner"), str) and isinstance(layer.get("repo"), str) for layer, _ in layers):
        return (), command, ""  # another repository's files
    own = tool.lower().rpartition("__")[2]
    of_files = own in _GIVING_WORDS or any(word in tool.lower() for word in _FILE_WORDS)
    gives = _GIVES if of_files and any(word in own for word in _GIVING_WORDS) else frozenset[str]()
    named, diffs = (
        _named(layers, PATH_FIELDS | gives),
        (text for layer, _ in layers for name in _DIFFS if (text := _text(layer, name))),
    )
    diffed = [edit for text in diffs for edit in (*patch.edits(text), *map(Edit, patch.diffed(text)))]
    said = [tool, *(_text(layer, name) for layer, _ in layers for name in _OPERATIONS)]
    writes = any(word in each.lower() for word in _WRITING_WORDS for each in said) or any(map(_holds, objects))
    if not writes:
        return _named(layers, _OUTPUTS), command, ""
    return tuple(dict.fromkeys((*named, *diffed))), command, ""


def _commands(tool: str, arguments: Mapping[str, Any], fields: Sequence[str] = _COMMANDS[:-1]) -> Iterator[str]:
    """Yield the command lines that a tool is given."""
    types = any(word in tool.lower() for word in _TYPING_WORDS) or tool.lower().endswith("exec")
    more = ("script", "input", "keys", "args") if types else ("script",) if "exec" in tool.lower() else ()
    for command in map(arguments.get, dict.fromkeys((*fields, *more))):
        words = command if isinstance(command, list) and all(isinstance(word, str) for word in command) else []
        if line := command if isinstance(command, str) else shlex.join(words):
            yield _with_words(line, [] if words else arguments.get("args", arguments.get("arguments")))
    for lines in map(arguments.get, ("commands", "lines")):
        yield from (line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ()
    server, git, name = tool.lower().rpartition("git")
    is_git = git and not server[-1:].isalnum() and not name.startswith(("hub", "lab"))
    if is_git and (words := [*_git_words(arguments)]):
        yield " ".join(["git", *filter(None, [_plain(name)]), *words])


def _git_words(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a tool that is named after a command of git gives it, as far as the fence is concerned."""
    for name in ("command", "subcommand", "key", "value", "args", "options", "flags"):
        value = arguments.get(name)
        if isinstance(value, str):
            yield shlex.quote(value) if name in ("key", "value") else value
        elif isinstance(value, list):
            yield from (shlex.quote(word) for word in value if isinstance(word, str))
    yield from ("--no-verify" for name, value in arguments.items() if _plain(name) in _UNSEEN and value not in _UNTRUE)


def _with_words(command: str, words: object) -> str:
    """Return a command line with the words that were given apart from it."""
    if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
        return f"{command} {shlex.join(words)}"
    return command


def _patch_text(arguments: Mapping[str, Any]) -> str:
    for name in ("command", "input", "patch", "patchText"):
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return "\n".join(value)
    return ""


def _named(layers: Iterable[tuple[Mapping[str, Any], bool]], fields: frozenset[str] = PATH_FIELDS) -> tuple[Edit, ...]:
    """Return the files that a writing tool's arguments name, in lists and maps of them too."""
    found: list[str] = []
    for layer, plainly in layers:
        if not plainly and not _holds(layer) and "text" not in layer:
            continue
        for name, value in layer.items():
            plain = _plain(name)
            if plain == "source" and _is_of_cell([*map(_plain, layer)]):
                continue
            if isinstance(value, str):
                found += [_local(value)] if plain in fields else []
            elif plain in fields or (fields is not _OUTPUTS and (name in _MANY or plain.endswith(("files", "paths")))):
                texts = [each for each in value if isinstance(each, str)] if isinstance(value, (list, dict)) else []
                described = isinstance(value, dict) and any(
                    _plain(each) in {*PATH_FIELDS, *_CONTENTS} for each in texts
                )
                found += [] if described else map(_local, texts)
    return tuple(Edit(value) for value in dict.fromkeys(found) if value)


def _is_of_cell(fields: Sequence[str]) -> bool:
    """Whether the source is what is written in a notebook's cell, and no file that is moved."""
    moves = any(each.startswith(("dest", "target", "to")) for each in fields)
    return not moves and any("cell" in each or "notebook" in each for each in fields)


def _local(text: str) -> str:
    """Return the path that a URI names (`file:///a%20b`, `vscode-remote://wsl/a`), or what is none as it is."""
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.replace("-", "").isalnum():
        return text
    from urllib.parse import unquote  # only a URI needs it

    return unquote(rest if rest[:1] == "/" else f"/{rest.partition('/')[2]}")
