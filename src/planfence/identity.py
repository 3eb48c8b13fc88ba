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

#: The longest name of a model, in characters: it stands in lines that people read.
_LONGEST = 100

_SESSIONS = ("CODEX_THREAD_ID", "CLAUDE_CODE_SESSION_ID", "GEMINI_SESSION_ID")


def detect(environment: Environment) -> str:
    """Return who is committing: ``claude``, ``codex``, ``gemini``, ``cursor``, …, or ``human``.

    ``CLAUDECODE`` is believed last: older versions set nothing else, but terminals in an
    editor have it too; there a person says ``PLANFENCE_MODEL=human``. Raises
    :class:`PlanfenceError` where ``PLANFENCE_MODEL`` could not stand in a trailer or a log line.
    """
    named = environment.get("PLANFENCE_MODEL").strip()
    if named:
        return checked(named, "PLANFENCE_MODEL")
    return agent(environment.variables) or HUMAN


def session(environment: Environment) -> str:
    """Return the agent session's id, or an empty string where no agent says one."""
    return next((value for name in _SESSIONS if (value := environment.get(name).strip())), "")


def checked_task(name: str, given: str) -> str:
    """Return a task's name (`<plan>/<task>`) if it can be one; see :func:`checked`."""
    if len(name) <= 2 * _LONGEST and name.isprintable() and not any(c.isspace() or c == "," for c in name):
        return name
    raise PlanfenceError(
        f"{given}={name[:_LONGEST]!r} is no task's name: it is long, or has a space, a comma or a control character",
        hint="give PLAN/TASK, as `planfence plan show` has them",
    )


def checked(name: str, given: str) -> str:
    """Return a model's name if it can stand in a trailer, a log line and a report.

    ``given`` says where it was given. Raises :class:`PlanfenceError` for any other.
    """
    if name and len(name) <= _LONGEST and name.isprintable() and not any(c.isspace() or c == "," for c in name):
        return name
    shown = repr(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…")
    raise PlanfenceError(
        f"{given}={shown} is no model's name: it is empty or long, or has a space, a comma or a control character",
        hint="give a name that the plan's roles use, such as `codex`",
    )
