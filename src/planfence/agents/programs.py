"""Agents' non-interactive modes: how they are started, and what their output says.

`claude -p --output-format json` ends with one JSON object that has its cost (Claude Code 2.0 to
2.1); `codex exec --json` writes a line an event, with tokens and no cost (Codex CLI 0.153 to 0.169).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from planfence.env import Environment
from planfence.foreignjson import objects
from planfence.records import dataclass

#: Seconds that a program has to say its version.
_VERSION_S = 15

#: What Claude Code may run without asking anybody: it commits, and tests, as the prompt asks it to.
_COMMITS = "Bash(git add:*),Bash(git commit:*),Bash(git status:*),Bash(planfence:*)"
_LOOKS = "Bash(git diff:*),Bash(git log:*),Bash(git show:*),Bash(planfence:*)"
#: Stands for the shared git directory, which Codex's sandbox keeps read-only unless it is named.
_GIT_DIR = ".git"
#: Arguments after the program of an executor; the prompt comes on standard input.
ARGUMENTS = {
    "claude": (*("-p", "--output-format", "json", "--permission-mode", "acceptEdits"), "--allowedTools", _COMMITS),
    "codex": ("exec", "--json", "--sandbox", "workspace-write", "--add-dir", _GIT_DIR, "-"),
}
#: Those of a planner and of a reviewer, who change nothing.
_ONLY_LOOKS = {
    "claude": ("-p", "--output-format", "json", "--permission-mode", "default", "--allowedTools", _LOOKS),
    "codex": ("exec", "--json", "--sandbox", "read-only", "-"),
}


def arguments(agent: str, stage: str, git_dir: str, more: Sequence[str] = ()) -> list[str]:
    """Return the arguments for a stage; ``git_dir`` is the shared one, ``more`` are the user's own."""
    words = list((ARGUMENTS if stage == "implement" else _ONLY_LOOKS)[agent])
    at = len(words) - 1 if words[-1] == "-" else len(words)
    return [git_dir if word == _GIT_DIR else word for word in words[:at]] + [*more, *words[at:]]


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent said of its own run. ``cost`` in dollars and counts are None if it does not say."""

    text: str = ""
    session: str = ""
    failed: bool = False
    cost: float | None = None
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None


def version(agent: str, environment: Environment) -> tuple[int, ...] | None:
    """Return the version of the program that is installed (`2.1.332 (Claude Code)`); None: not told."""
    found = shutil.which(agent, path=environment.get("PATH"))
    if found is None:
        return None
    try:
        done = subprocess.run(
            [found, "--version"], env=environment.for_child(), stdin=subprocess.DEVNULL, capture_output=True,
            check=False, timeout=_VERSION_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.decode("utf-8", "replace").split()
    told = next((word for word in words if word.replace(".", "").isdigit() and word.count(".") == 2), "")
    return tuple(map(int, told.split("."))) if told else None


def read(agent: str, output: bytes) -> Told:
    """Read an agent's standard output; what can't be read is left empty, never guessed."""
    said = list(objects(output.decode("utf-8", "replace").split("\n")))
    return _codex(said) if agent == "codex" else _claude(said)


def _claude(said: Sequence[Mapping[str, Any]]) -> Told:
    result: Mapping[str, Any] = next((each for each in reversed(said) if each.get("type") == "result"), {})
    used = result.get("modelUsage")
    models = [each for each in used.values() if isinstance(each, dict)] if isinstance(used, dict) else []
    return Told(
        text=str(result.get("result") or ""),
        session=str(result.get("session_id") or ""),
        failed=bool(result.get("is_error")) or not result,
        cost=_number(result.get("total_cost_usd")),
        tokens_in=_sum(models, "inputTokens"),
        tokens_cached=_sum(models, "cacheReadInputTokens"),
        tokens_out=_sum(models, "outputTokens"),
    )


def _codex(said: Sequence[Mapping[str, Any]]) -> Told:
    texts = [
        item.get("text")
        for each in said
        if each.get("type") == "item.completed" and isinstance(item := each.get("item"), dict)
        if item.get("type") == "agent_message"
    ]
    usages = [
        each["usage"] for each in said if each.get("type") == "turn.completed" and isinstance(each.get("usage"), dict)
    ]
    return Told(
        text=str(texts[-1]) if texts else "",
        session=next((str(each["thread_id"]) for each in said if each.get("thread_id")), ""),
        failed=any(each.get("type") in ("turn.failed", "error") for each in said) or not usages,
        tokens_in=_sum(usages, "input_tokens"),
        tokens_cached=_sum(usages, "cached_input_tokens"),
        tokens_out=_sum(usages, "output_tokens"),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _sum(items: Sequence[Mapping[str, Any]], name: str) -> int | None:
    found = [value for each in items if isinstance(value := each.get(name), int)]
    return sum(found) if found else None
