"""What an agent's session leaves behind: its prompts, the paths it touched, its cost and its minutes."""

from __future__ import annotations

import json
import time
from pathlib import Path

from planfence import tables
from planfence.agents.payload import Event, Payload
from planfence.digests import sha1
from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.state import SESSIONS
from planfence.foreignjson import objects
from planfence.gitio.repository import Repository
from planfence.identity import session as session_id


def session_file(repository: Repository, session: str) -> Path:
    """Where a session's events are kept, one JSON object a line."""
    name = "".join(char if char.isalnum() or char in "-_" else "-" for char in session)[:100] or "unnamed"
    return repository.state_dir / SESSIONS / f"{name}.jsonl"


def was_told(repository: Repository, session: str, text: str) -> bool:
    """Whether this is the last text that the session was told of its task, so that it need not hear it again.

    A session without an id is told each time.
    """
    told = [entry["told"] for entry in read(repository, session) if "told" in entry] if session else []
    return told[-1:] == [_digest(text)]


def heard(repository: Repository, session: str, text: str) -> bool:
    """Whether the session was ever told this text; one without an id was not."""
    return bool(session) and any(entry.get("heard") == _digest(text) for entry in read(repository, session))


def note(repository: Repository, asked: Payload, text: str) -> None:
    """Keep that a session was told a text besides its task's."""
    _append(repository, asked.session, {"time": round(time.time(), 3), "heard": _digest(text)})


def know_transcript(repository: Repository, asked: Payload) -> None:
    """Keep if the session's own file is, if no hook has named it yet."""
    known = (entry.get("transcript") for entry in read(repository, asked.session))
    if asked.transcript and asked.transcript not in known:
        _append(repository, asked.session, {"time": round(time.time(), 3), "transcript": asked.transcript})


def _digest(text: str) -> str:
    return sha1(text.encode("utf-8", "surrogatepass")).hexdigest()


def keep(repository: Repository, asked: Payload, told: str = "") -> None:
    """Append what is kept of an event: a prompt whole, of a tool the paths it touched, of a text its digest.

    It decides nothing, so what can't be written is left out.
    """
    entry: dict[str, object] = {"time": round(time.time(), 3), "event": asked.event.value, "agent": asked.agent}
    if asked.model:
        entry["model"] = asked.model
    if asked.event is Event.PROMPT:
        entry["prompt"] = asked.prompt
    if asked.edits:
        entry["paths"] = [edit.path for edit in asked.edits]
    if asked.transcript and asked.event is Event.SESSION_START:
        entry["transcript"] = asked.transcript
    if told:
        entry["told"] = _digest(told)
    _append(repository, asked.session, entry)


def _append(repository: Repository, session: str, entry: dict[str, object]) -> None:
    path = session_file(repository, session)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
    except OSError:
        return


#: Where agents' models stand in their own configuration.
_MODEL_VARIABLES = ("ANTHROPIC_MODEL", "COPILOT_MODEL", "GEMINI_MODEL", "GOOSE_MODEL", "OPENAI_MODEL")


def names(repository: Repository, who: str) -> tuple[str, str]:
    """Return an agent's name and its model's (empty: nothing told it), if ``who`` commits.

    `PLANFENCE_MODEL` may name either; the model is also what the session's hooks were told.
    """
    environment = repository.environment
    agent = tables.agent(environment.variables) or tables.perhaps(environment.variables) or who
    if who not in (agent, tables.HUMAN):
        return agent, who
    told = [
        model for entry in read(repository, session_id(environment)) if isinstance(model := entry.get("model"), str)
    ]
    given = [environment.get(name) for name in _MODEL_VARIABLES]
    model = next((each for each in (*reversed(told), *given) if each and each.isprintable()), "")
    return agent, model.replace(" ", "-")


def read(repository: Repository, session: str) -> list[dict[str, object]]:
    """Return what was kept of a session, oldest first; a torn line is left out."""
    try:
        lines = read_plain(session_file(repository, session)).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CouldNotCheck(f"the session {session} can't be read: {error.strerror}") from error
    return list(objects(lines))
