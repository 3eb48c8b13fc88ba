"""`doctor`'s look at the agents: whether their hooks are merged, would run, and whom the plans name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planfence.agents import codexserver, programs
from planfence.agents.payload import AGENTS
from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.foreignjson import table
from planfence.identity import HUMAN, detect
from planfence.judge.sources import Sources
from planfence.manifest import tomlsource
from planfence.manifest.plan import Plan
from planfence.setup import agentsettings as installed
from planfence.setup import jsontext
from planfence.setup.doctor import Bench, Diagnosis, Health


def agents(bench: Bench) -> Iterator[Diagnosis]:
    """Whether each agent that is named, installed or set up here would call us before it edits."""
    planned = named(bench)
    for name in AGENTS:
        program = shutil.which(name, path=bench.environment.get("PATH"))
        held = [(place, _present(place)) for place in _places(bench, name)]
        faults = [state for _, state in held if state not in ("whole", "part", "none")]
        for fault in faults:
            yield Diagnosis(Health.BROKEN, f"{name}'s hooks", fault, f"fix it, then planfence install --agents {name}")
        if any(state == "whole" for _, state in held):
            yield from _would_run(bench, name, next(place for place, state in held if state == "whole"))
        elif any(state == "part" for _, state in held):
            place = next(place for place, state in held if state == "part")
            yield Diagnosis(
                Health.BROKEN,
                f"{name}'s hooks",
                f"{place.path} holds only some of them, or older ones",
                f"planfence install --agents {name}",
            )
        elif not faults and (program or name in planned):
            why = "a plan names it" if name in planned else "it is installed"
            yield Diagnosis(
                Health.ODD,
                f"{name}'s hooks",
                f"are not merged, though {why}: it hears of the plan at the commit alone",
                f"planfence install --agents {name}",
            )


def is_merged(bench: Bench, name: str) -> bool:
    """Whether all of an agent's hooks are in the project's settings, or in the user's."""
    return any(_present(place) == "whole" for place in _places(bench, name))


def _places(bench: Bench, name: str) -> list[installed.Settings]:
    places = [installed.settings(name, bench.repository.top)]
    if home := bench.environment.get("HOME"):
        places.append(installed.settings(name, bench.repository.top, Path(home)))
    return places


def _present(place: installed.Settings) -> str:
    """Say how much of ours a file holds (see `agentsettings.present`), or why that can't be told."""
    try:
        text = installed.read(place.path)
        return installed.told(place, lambda: installed.present(text or "", place.agent, place.path)) if text else "none"
    except PlanfenceError as error:
        return error.message


def _would_run(bench: Bench, name: str, place: installed.Settings) -> Iterator[Diagnosis]:
    faults = list(_faults(bench, name, place))
    if shutil.which(installed.PROGRAM, path=bench.environment.get("PATH")) is None:
        faults.append((f"{installed.PROGRAM} is not on PATH: every edit is denied", "pipx install planfence"))
    for seen, fix in faults:
        yield Diagnosis(Health.BROKEN, f"{name}'s hooks", seen, fix)
    if not faults:
        yield Diagnosis(Health.WELL, f"{name}'s hooks", str(place.path))


def _faults(bench: Bench, name: str, place: installed.Settings) -> Iterator[tuple[str, str]]:
    top, home = bench.repository.top, Path(bench.environment.get("HOME") or "/nonexistent")
    if name == "claude":
        yield from _too_old(bench, place)
        for path in (
            top / ".claude/settings.json",
            top / ".claude/settings.local.json",
            home / ".claude/settings.json",
        ):
            yield from _dropped(path)
            if _json(path).get("disableAllHooks") is True:
                yield f"`disableAllHooks` in {path} switches all hooks off", f"take it out of {path}"
    elif name == "codex":
        folder = Path(bench.environment.get("CODEX_HOME") or home / ".codex")
        told = codexserver.hooks(bench.environment, top)
        if told is not None:
            if skipped := codexserver.skipped(told):
                yield skipped, "start codex here, trust the folder, type /hooks, and trust planfence-agent"
            return
        yield from _codex(_toml(folder / "config.toml"), top, place)
    elif name == "gemini":
        for path in (top / ".gemini/settings.json", home / ".gemini/settings.json"):
            for key in ("hooksConfig", "hooks"):
                held = _json(path).get(key)
                if isinstance(held, dict) and held.get("enabled") is False:
                    yield f"`{key}.enabled` in {path} switches all hooks off", f"take it out of {path}"
        if place.path.is_relative_to(top):
            yield from _gemini_trust(bench, top, home)


#: Values of Claude Code's settings for which 2.1.332 drops the whole file, hooks with it, without a word in `-p`.
_TYPES: dict[str, type | tuple[type, ...]] = {
    **{f"permissions.{name}": list for name in ("allow", "ask", "deny", "additionalDirectories")},
    "permissions": dict,
    "hooks": dict,
    "env": dict,
    "model": str,
    "disableAllHooks": bool,
    "cleanupPeriodDays": (int, float),
}
_MODES = ("acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "manual", "plan")


def _dropped(path: Path) -> Iterator[tuple[str, str]]:
    """What Claude Code would drop a settings file for."""
    text = installed.read(path)
    if text is None or not text.strip():
        return
    try:
        value = json.loads(text.removeprefix("\ufeff"))  # a comment or a comma too many is too much for it
    except (ValueError, RecursionError) as error:
        yield f"{path} is not JSON, so Claude Code drops all hooks in it: {error}", f"fix {path}"
        return
    if not isinstance(value, dict):
        yield f"{path} is no JSON object, so Claude Code drops all hooks in it", f"fix {path}"
        return
    for name, wanted in _TYPES.items():
        outer, _, key = name.rpartition(".")
        held = (table(value.get(outer)) if outer else value).get(key)
        if held is not None and not isinstance(held, wanted):
            yield f"`{name}` in {path} has a value of the wrong kind: Claude Code drops all hooks in it", f"fix {path}"
    mode = table(value.get("permissions")).get("defaultMode")
    if mode is not None and mode not in _MODES:
        yield f"`permissions.defaultMode` in {path} is unknown: Claude Code drops all hooks in it", f"fix {path}"


def _gemini_trust(bench: Bench, top: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Gemini CLI 0.61 runs no hook in a folder that it does not trust (`trustedFolders.json`), and does not say so."""
    trust = table(table(_json(home / ".gemini/settings.json").get("security")).get("folderTrust"))
    if trust.get("enabled") is False or bench.environment.get("GEMINI_CLI_TRUST_WORKSPACE") == "true":
        return
    told = _json(home / ".gemini/trustedFolders.json")
    trusted = [Path(folder) for folder, how in told.items() if how == "TRUST_FOLDER"]
    trusted += [Path(folder).parent for folder, how in told.items() if how == "TRUST_PARENT"]
    if told.get(str(top)) == "DO_NOT_TRUST" or not any(top.is_relative_to(folder) for folder in trusted):
        yield f"Gemini CLI does not trust {top}, so it runs no hooks there", "start gemini there, and trust the folder"


def _too_old(bench: Bench, place: installed.Settings) -> Iterator[tuple[str, str]]:
    version = programs.version("claude", bench.environment)
    text = installed.read(place.path) or "{}"
    if version is not None and version < installed.TOLERANT and installed.holds_newer(text, place.path):
        told, needed = (".".join(map(str, each)) for each in (version, installed.TOLERANT))
        yield (
            f"Claude Code {told} drops all hooks of {place.path}: it may not know the event of one",
            f"install Claude Code {needed} or later, or run planfence install --agents claude",
        )


def _codex(config: dict[str, Any], top: Path, place: installed.Settings) -> Iterator[tuple[str, str]]:
    """Codex skips a hook silently that is not trusted by its hash (`[hooks.state."FILE:event:n:n"]`, CLI 0.169)."""
    if table(config.get("features")).get("hooks") is False:
        yield "`features.hooks = false` in Codex's config.toml switches all hooks off", "take it out"
    if table(table(config.get("projects")).get(str(top))).get("trust_level") != "trusted":
        yield f"Codex does not trust {top}, so it reads no settings there", "start codex there, and trust the folder"
    states = table(table(config.get("hooks")).get("state"))
    ours = [
        key for key, value in states.items() if key.startswith(f"{place.path}:pre_tool_use") and isinstance(value, dict)
    ]
    if not any(states[key].get("trusted_hash") for key in ours):
        yield "Codex skips them silently until they are trusted", "start codex, type /hooks, and trust planfence-agent"
    elif any(states[key].get("enabled") is False for key in ours):
        yield "they are switched off in Codex", "start codex, type /hooks, and switch planfence-agent on"


def _json(path: Path) -> dict[str, Any]:
    text = installed.read(path)
    if text is None or not text.strip():
        return {}
    try:
        return table(jsontext.parse(text).value)
    except (PlanfenceError, json.JSONDecodeError):
        return {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomlsource.loads(installed.read(path) or "")
    except (ValueError, RecursionError):
        return {}


def model(bench: Bench) -> Iterator[Diagnosis]:
    """Whether the plans' roles know the name that a commit from here would bear."""
    name = detect(bench.environment, bench.policy.identity)
    planned = named(bench)
    if name != HUMAN and planned and name not in planned:
        named_so = bench.environment.get("PLANFENCE_MODEL").strip() == name
        source = "PLANFENCE_MODEL" if named_so else "the agent's own variables or process"
        yield Diagnosis(
            Health.ODD,
            "model",
            f"{name} (by {source}) holds no role in any plan; the plans name {', '.join(sorted(planned))}",
            f"a person gives {name} a role in the plan{', or sets PLANFENCE_MODEL to the name in it' * named_so}",
        )


def named(bench: Bench) -> frozenset[str]:
    """Return every model that a readable plan at HEAD gives a role."""
    sources = Sources(bench.repository.objects)
    try:
        governing = sources.at(reader.head(bench.repository))
    except PlanfenceError:
        return frozenset()
    found: set[str] = set()
    for path in governing.plans:
        plan_id = bench.policy.plan_id(path)
        try:
            plan = sources.plan(governing, plan_id) if plan_id else None
        except PlanfenceError:
            continue
        found |= _roles(plan)
    return frozenset(found)


def _roles(plan: Plan | None) -> set[str]:
    if plan is None:
        return set()
    return {*plan.roles.values(), *(name for task in plan.tasks for name in task.roles.values())}
