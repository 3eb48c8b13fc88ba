"""What Codex says of its hooks: `hooks/list`, asked of `codex app-server` (Codex CLI 0.153 to 0.171).

Its answer alone knows a hook that was changed since it was trusted, one that a managed `requirements.toml` brings, and
whose settings a linked worktree has.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from planfence.env import Environment
from planfence.foreignjson import objects
from planfence.records import dataclass

#: Seconds that the server has for its answer.
_PATIENCE_S = 15
_ID = 2


@dataclass(frozen=True, slots=True)
class CodexHook:
    """One hook of ours: its event as Codex spells it, what its trust is (`trusted`, `untrusted`, …), if it is on."""

    event: str
    trust: str
    enabled: bool

    @property
    def runs(self) -> bool:
        """Whether Codex would run it."""
        return self.enabled and self.trust in ("trusted", "managed")


def hooks(environment: Environment, folder: Path, program: str = "codex") -> tuple[CodexHook, ...] | None:
    """Return our hooks as Codex sees them in a folder; None: it is not installed, or does not tell."""
    found = shutil.which(program, path=environment.get("PATH"))
    if found is None:
        return None
    answer = _asked([found, "app-server"], environment, folder)
    if answer is None:
        return None
    listed = [each for place in _items(answer.get("data")) for each in _items(place.get("hooks"))]
    return tuple(
        CodexHook(str(each.get("eventName")), str(each.get("trustStatus")), each.get("enabled") is not False)
        for each in listed
        if "planfence-agent" in str(each.get("command"))
    )


def skipped(found: tuple[CodexHook, ...] | None) -> str:
    """Say why Codex would not run our hooks; empty: it would, or nobody can tell."""
    if found is None:
        return ""
    if not found:
        return "Codex runs none of planfence's hooks here: the folder is not trusted, or they are not installed"
    idle = sorted({each.trust if each.enabled else "off" for each in found if not each.runs})
    return f"Codex skips planfence's hooks without a word: they are {', '.join(idle)}" if idle else ""


def _asked(words: list[str], environment: Environment, folder: Path) -> Mapping[str, Any] | None:
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "planfence", "version": "1"}}},
        {"method": "initialized"},
        {"id": _ID, "method": "hooks/list", "params": {"cwds": [str(folder)]}},
    ]
    pipe = subprocess.PIPE
    try:
        server = subprocess.Popen(
            words, cwd=folder, env=environment.for_child(), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
    patience = threading.Timer(_PATIENCE_S, server.kill)
    patience.start()
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        with suppress(BrokenPipeError):
            server.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in messages))
            server.stdin.flush()
        return next(_answers(server.stdout), None)
    finally:
        patience.cancel()
        server.kill()
        server.stdout.close()
        with suppress(BrokenPipeError):
            server.stdin.close()
        server.wait()


def _answers(lines: Any) -> Iterator[Mapping[str, Any]]:
    for value in objects(lines):
        if value.get("id") == _ID:
            yield from [result] if isinstance(result := value.get("result"), dict) else []
            return


def _items(listed: object) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
