"""Who is at work: the model that a run's environment names.

Order: a model that ``PLANFENCE_MODEL`` names, the policy's own variables (`[identity]`), the processes above this one
(`ancestry`), the variables that agents set for the commands that they run (`tables`), and last what people's terminals
have too. An agent's name in ``PLANFENCE_MODEL`` counts for whom only a sign tells, and ``human`` before the last alone.
Few variables name the model's version, so the answer is the agent's name; who has only an agent's signs is ``agent``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from planfence import tables
from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.tables import HUMAN, SESSIONS

__all__ = ["HUMAN", "checked", "checked_task", "detect", "how_to_start", "session", "worktree_maker"]

#: Agents whose programs make worktrees of their own.
_MAKERS = ("claude", "codex", "cursor", "gemini")

#: The longest name of a model, in characters: it stands in lines that people read.
_LONGEST = 100


def detect(environment: Environment, own: Mapping[str, str] | None = None) -> str:
    """Return who is committing: ``claude``, ``codex``, ``gemini``, ``cursor``, …, ``agent``, or ``human``.

    ``own`` are the policy's variables, each with its model. Raises :class:`PlanfenceError` if ``PLANFENCE_MODEL``
    could not stand in a trailer or a log line.
    """
    named = environment.get("PLANFENCE_MODEL").strip()
    if named:
        checked(named, "PLANFENCE_MODEL")
    return tables.who(environment.variables, environment.above, own)


def session(environment: Environment) -> str:
    """Return the agent session's id, or an empty string if no agent says one."""
    return next((value for name in SESSIONS if (value := environment.get(name).strip())), "")


def worktree_maker(top: str) -> str:
    """Return which agent's program made the worktree at ``top``, by where it stands; empty: not told.

    `claude -w` makes them in `.claude/worktrees`, Codex in `$CODEX_HOME/worktrees` (`~/.codex`), others alike.
    """
    parts = top.split("/")
    pairs = ((one[1:], other) for one, other in pairwise(parts) if one[:1] == ".")
    return next((name for name, other in pairs if other == "worktrees" and name in _MAKERS), "")


def how_to_start(top: str) -> str:
    """Say how the worktree at ``top`` gets a task."""
    maker = worktree_maker(top)
    if not maker:
        return "name one: `planfence start PLAN/TASK`"
    return (
        f"{maker} made this worktree: `planfence start PLAN/TASK` in it gives it its task, and so does "
        f"PLANFENCE_TASK=PLAN/TASK before `{maker}`"
    )


def checked_task(name: str, given: str) -> str:
    """Return a task's name (`<plan>/<task>`) if it can be one; see :func:`checked`."""
    if len(name) <= 2 * _LONGEST and name.isprintable() and not any(c.isspace() or c == "," for c in name):
        return name
    raise PlanfenceError(
        f"{given}={name[:_LONGEST]!r} is not a task's name: it is long, or has a space, a comma or a control character",
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
        f"{given}={shown} is not a model's name: it is empty or long, or has a space, a comma or a control character",
        hint="give a name that the plan's roles use, such as `codex`",
    )
