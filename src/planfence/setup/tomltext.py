"""Hooks in a TOML file (Codex's `config.toml`): added and removed with comments and order kept."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from planfence.errors import PlanfenceError


def load(text: str, path: Path) -> dict[str, Any]:
    """Read the file as plain data; raises :class:`PlanfenceError` where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanfenceError(f"{path.name} is no TOML: {error}", hint="mend the file, then run this again") from error


def add_hooks(text: str, wanted: Mapping[str, Any]) -> str:
    """Append our tables (`[[hooks.EVENT]]`) at the end of the text: tables may stand anywhere, so nothing moves.

    Events that the file holds as inline arrays are refused, because TOML forbids to extend those.
    """
    held = load(text, Path("config.toml")).get("hooks", {})
    parts = [text if text.endswith("\n") or not text else text + "\n"]
    for event, entry in wanted.items():
        if isinstance(held.get(event), list) and f"[[hooks.{event}]]" not in text.replace(" ", ""):
            raise PlanfenceError(f"`hooks.{event}` is an inline array", hint=f"write it as `[[hooks.{event}]]` tables")
        parts.append(_table(event, entry))
    whole = "".join(parts)
    load(whole, Path("config.toml"))
    return whole


def _table(event: str, entry: Mapping[str, Any]) -> str:
    lines = ["", f"[[hooks.{event}]]"]
    if "matcher" in entry:
        lines.append(f"matcher = {_string(entry['matcher'])}")
    for hook in entry["hooks"]:
        lines += ["", f"[[hooks.{event}.hooks]]"]
        lines += [f"{key} = {value if isinstance(value, int) else _string(value)}" for key, value in hook.items()]
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def remove_hooks(text: str, is_ours: Callable[[object], bool]) -> str:
    """Return the text without our tables, cut out line by line; raises where that would change anything else."""
    wanted = load(text, Path("config.toml"))
    hooks = wanted.get("hooks")
    if not isinstance(hooks, dict):
        return text
    kept: list[str] = []
    for block in _blocks(text):
        if not _is_hook(block) or not any(is_ours(entry) for entry in _entries(block)):
            kept.append(block)
        elif kept and kept[-1].endswith("\n\n"):
            kept[-1] = kept[-1][:-1]
    for event, listed in list(hooks.items()):
        if isinstance(listed, list) and any(is_ours(entry) for entry in listed):
            hooks[event] = [entry for entry in listed if not is_ours(entry)]
            if not hooks[event]:
                del hooks[event]
    if not hooks and "[hooks]" not in text.replace(" ", ""):
        del wanted["hooks"]
    after = "".join(kept)
    if load(after, Path("config.toml")) != wanted:
        raise PlanfenceError("our hooks can't be taken out of this file alone", hint="remove them by hand")
    return after


def _blocks(text: str) -> Iterator[str]:
    """Yield the text before the first table, then each table; a hook's own sub-tables stay with it."""
    block: list[str] = []
    for line in text.splitlines(keepends=True):
        opens = line.lstrip().startswith("[")
        nested = opens and _is_hook("".join(block)) and line.replace(" ", "").startswith(_header("".join(block)))
        if opens and not nested:
            yield "".join(block)
            block = []
        block.append(line)
    yield "".join(block)


def _is_hook(block: str) -> bool:
    return block.lstrip().replace(" ", "").startswith("[[hooks.")


def _header(block: str) -> tuple[str, str]:
    """Return what the headers of a hook's sub-tables begin with."""
    name = block.lstrip().replace(" ", "").partition("]]")[0].removeprefix("[[")
    return f"[[{name}.", f"[{name}."


def _entries(block: str) -> list[object]:
    try:
        hooks = load(block, Path("config.toml")).get("hooks", {})
    except PlanfenceError:
        return []
    return [entry for listed in hooks.values() if isinstance(listed, list) for entry in listed]
