"""What an agent is told at the start of a session and with every prompt: its task, in a few lines."""

from __future__ import annotations

from planfence.agents.scope import Fence
from planfence.env import Environment
from planfence.identity import detect

_MOST_FILES = 20


def text(here: Fence, environment: Environment) -> str:
    """Return the task, its files and its limits; without a task, how much may change without one."""
    policy = here.policy
    assert policy is not None
    if here.task is None or here.plan is None:
        missing = f"The task {here.task_name} is in no plan at HEAD. " if here.task_name else ""
        return (
            f"planfence: {missing}No task is active. At most {policy.unplanned.files} files may change without one; "
            "for more, a person runs `planfence start <plan>/<task>`."
        )
    task = here.task
    lines = [f"planfence: the task is {here.task_name}: {task.title} (theme {task.theme}, {task.estimate_min:g} min)."]
    lines.append("Only these files may change:")
    lines += [
        f"- {entry.path} ({entry.change.value if entry.change else 'any change'})"
        + (f": {entry.why}" if entry.why else "")
        for entry in task.files[:_MOST_FILES]
    ]
    if len(task.files) > _MOST_FILES:
        lines.append(f"- and {len(task.files) - _MOST_FILES} more: `planfence plan show {here.task_name}`")
    if task.deny:
        lines.append(f"Never: {', '.join(task.deny)}.")
    lines.append(f"At most {policy.limits.files} files and {policy.limits.lines} lines in one commit, of one theme.")
    lines += [f"{item.id}: {item.text}" + (f" (`{item.run}`)" if item.run else "") for item in task.acceptance]
    if here.plan.out_of_scope:
        lines.append(f"Out of scope: {', '.join(here.plan.out_of_scope)}.")
    holder, model = here.plan.model_for(task, "implement"), detect(environment)
    if holder and model not in (holder, "human"):
        lines.append(f"The plan gives this task to {holder}; commits by {model} in this stage are refused.")
    lines.append(
        "Commit with the hooks on; an edit outside these files is denied, and is asked for by `planfence plan amend`."
    )
    return "\n".join(lines)
