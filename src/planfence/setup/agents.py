"""Putting the hooks into agents' settings, and taking them out."""

from __future__ import annotations

from pathlib import Path

from planfence.agents import programs
from planfence.agents.payload import AGENTS
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.records import replace
from planfence.setup import agentsettings, guide
from planfence.setup.agentsettings import Settings

#: All that `--agents` may name.
EVERY = (*AGENTS, *guide.NAMES)

Rows = list[tuple[str, str, str]]

_TOLERANT = ".".join(map(str, agentsettings.TOLERANT))
_OLD_CLAUDE = f"Claude Code before {_TOLERANT} drops all hooks if one is of an event that it does not know: "
_REMARKS = {
    "codex": "Codex runs a hook only after you trust it: start codex, type /hooks, and trust planfence-agent",
    "copilot": "Copilot CLI runs a project's hooks only if the folder is trusted (`--trust-folder`)",
    "gemini": "Gemini CLI asks once before it runs a project's hooks; agree to planfence-agent",
}


def places(repository: Repository, wanted: str, *, user: bool) -> tuple[list[Settings], list[str]]:
    """Return the settings files of a comma-separated list of agents, and what else it names (`agents-md`, `skill`).

    Raises for an unknown name.
    """
    home = repository.environment.get("HOME")
    if user and not home:
        raise PlanfenceError("HOME is not set, so the user's settings can't be found", hint="leave --user out")
    found, pages = [], []
    for name in dict.fromkeys(name.strip() for name in wanted.split(",") if name.strip()):
        if name in guide.NAMES:
            if user:
                raise PlanfenceError(f"{name} belongs to one repository", hint="leave --user out")
            pages.append(name)
        elif name in AGENTS:
            found.append(agentsettings.settings(name, repository.top, Path(home) if user else None))
        else:
            raise PlanfenceError(f"{name} is not an agent with hooks", hint=f"one of {', '.join(EVERY)}")
    return found, pages


def memory(repository: Repository, *, user: bool) -> Path:
    """Where the way back is kept: with the repository, or with the user."""
    if user:
        return Path(repository.environment.get("HOME")) / ".local/state/planfence/agents"
    return repository.common_dir / "planfence" / "agents"


def install(repository: Repository, wanted: str, *, user: bool = False) -> tuple[Rows, list[str]]:
    """Merge our hooks in; return a row for each agent, and what is left to do."""
    rows: Rows = []
    remarks = []
    settings, pages = places(repository, wanted, user=user)
    for place in settings:
        which, said = (
            _for_claude(repository, place) if place.agent == "claude" else (place, _REMARKS.get(place.agent, ""))
        )
        changed = agentsettings.install(which, memory(repository, user=user))
        rows.append((which.agent, "merged" if changed else "already there", str(which.path)))
        remarks += [said] if said else []
    for name in pages:
        rows += guide.install(repository.top, name)
    if rows and not user:
        remarks.append("commit these files, so that the whole team's agents have the hooks")
    return rows, remarks


def _for_claude(repository: Repository, which: Settings) -> tuple[Settings, str]:
    """Leave out what the Claude Code that is installed here would not bear; say so."""
    version = programs.version("claude", repository.environment)
    if version is None or version >= agentsettings.TOLERANT:
        return which, _OLD_CLAUDE + "the team needs that version or a later one"
    left_out = ", ".join(agentsettings.NEWER)
    said = f"{'.'.join(map(str, version))} is installed here, so {left_out} are left out"
    return replace(which, old=True), _OLD_CLAUDE + said


def uninstall(repository: Repository, wanted: str, *, user: bool = False) -> tuple[Rows, list[str]]:
    """Take our hooks out; return a row for each agent."""
    rows: Rows = []
    settings, pages = places(repository, wanted, user=user)
    for which in settings:
        changed = agentsettings.uninstall(which, memory(repository, user=user))
        rows.append((which.agent, "taken out" if changed else "was not there", str(which.path)))
    for name in pages:
        rows += guide.uninstall(repository.top, name) or [(name, "was not there", "")]
    return rows, []


def take_pages_out(repository: Repository) -> Rows:
    """Take out what `init` wrote for agents to read; return a row for each file that held it."""
    return [row for name in guide.NAMES for row in guide.uninstall(repository.top, name)]
