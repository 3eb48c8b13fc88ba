"""Who is at work: the model that a run's environment names.

Order: ``PLANFENCE_MODEL``, then the variables that agents set for the commands that they run,
otherwise ``human``. The variables are those of Claude Code 2.1, Codex CLI 0.160, Gemini CLI and
Cursor's agent; none of them names the model's version, so the answer is the agent's name.
"""

from __future__ import annotations

from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.tables import agent

HUMAN = "human"

_SESSIONS = ("CODEX_THREAD_ID", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID")


def detect(environment: Environment) -> str:
    """Return who is committing: ``claude``, ``codex``, ``gemini``, ``cursor``, …, or ``human``.

    ``CLAUDECODE`` is believed last: older versions set nothing else, but terminals in an
    editor have it too; there a person says ``PLANFENCE_MODEL=human``. Raises
    :class:`PlanfenceError` where ``PLANFENCE_MODEL`` could not stand in a trailer or a log line.
    """
    named = environment.get("PLANFENCE_MODEL").strip()
    if named:
        return _checked(named)
    return agent(environment.variables) or HUMAN


def session(environment: Environment) -> str:
    """Return the agent session's id, or an empty string where no agent says one."""
    return next((value for name in _SESSIONS if (value := environment.get(name).strip())), "")


def _checked(name: str) -> str:
    if name.isprintable() and not any(char.isspace() or char == "," for char in name):
        return name
    raise PlanfenceError(
        f"PLANFENCE_MODEL={name!r} is no model's name: it has a space, a comma or a control character",
        hint="set it to a name that the plan's roles use, such as `codex`",
    )
