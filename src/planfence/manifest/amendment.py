"""Widens one task of a plan's text by a few paths, and keeps everything else as it was written."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from planfence.errors import PlanfenceError
from planfence.gitio import paths
from planfence.manifest.plan import Plan, Task
from planfence.manifest.planfile import load_plan, parse_plan
from planfence.manifest.tablereader import did_you_mean
from planfence.records import dataclass


def find_task(plan: Plan, task_id: str) -> Task:
    """Return the task of this id; raises :class:`PlanfenceError` if the plan has none."""
    task = plan.task(task_id)
    if task is None:
        hint = did_you_mean(task_id, [each.id for each in plan.tasks])
        raise PlanfenceError(f"the plan {plan.id} has no task {task_id}", hint=hint)
    return task


@dataclass(frozen=True, slots=True)
class Amendment:
    """What to add to a task: path patterns, why, and what may be done there (`add`, `modify`, `delete`; empty: any)."""

    task_id: str
    adds: Sequence[str]
    why: str
    change: str = ""


def amend(data: bytes, path: str, wanted: Amendment, protected: Sequence[str] = ()) -> bytes:
    """Return the plan's text with the paths in the task's `files` and `version` one higher.

    Comments, order and line ends stay. A path that only a pattern covers counts as missing
    where the policy protects it (``protected``): there a pattern is not enough.

    Raises :class:`PlanfenceError` if nothing would change or if the task denies the
    path, :class:`~planfence.errors.BadFile` for a plan that is wrong.
    """
    plan, source = load_plan(data, path)
    task = find_task(plan, wanted.task_id)
    change = {"change": wanted.change} if wanted.change else {}
    new = [{"path": each} | change | {"why": wanted.why} for each in _missing(task, wanted, protected)]
    number = plan.tasks.index(task)
    text = _edited(source.text, number, new, plan.version + 1)
    if b"\r\n" in data:
        text = text.replace("\n", "\r\n")
    amended = text.encode("utf-8")
    _check(amended, path, source.data, number, new, plan.version + 1)
    return amended


def _missing(task: Task, wanted: Amendment, protected: Sequence[str]) -> list[str]:
    missing: list[str] = []
    for pattern in dict.fromkeys(wanted.adds):
        problem = paths.fault(pattern)
        if problem is None and any("\udc80" <= char <= "\udcff" for char in pattern):
            problem = "a path that is not UTF-8", "TOML can't name it; write `?` for each such byte"
        if problem is not None:
            raise PlanfenceError(f"{problem[0]}: {pattern!r}", hint=problem[1])
        if paths.matches(task.deny, pattern) or pattern in task.deny:
            hint = "take it out of `deny` first, in the plan's own text"
            raise PlanfenceError(f"{task.id} denies {pattern}; adding it would allow nothing", hint=hint)
        covered = paths.is_literal(pattern) and not paths.matches(protected, pattern)
        listed = task.entries(pattern) if covered else [entry for entry in task.files if entry.path == pattern]
        if not any(entry.change is None or entry.change == wanted.change for entry in listed):
            missing.append(pattern)
    if not missing:
        raise PlanfenceError(f"{task.id} already allows {', '.join(wanted.adds)}", hint="nothing to amend")
    return missing


def _edited(text: str, number: int, new: list[dict[str, str]], version: int) -> str:
    import tomlkit
    from tomlkit.items import AoT, Array

    document = tomlkit.parse(text)
    document["version"] = version
    tasks: Any = document["tasks"]
    files = tasks[number]["files"]
    for entry in new:
        pairs = ", ".join(f"{key} = {tomlkit.string(value).as_string()}" for key, value in entry.items())
        item: Any = tomlkit.value(f"{{ {pairs} }}")
        if isinstance(files, AoT):
            item = tomlkit.table()
            item.update(entry)
        if isinstance(files, Array) and "\n" in files.as_string():
            files.add_line(item, indent=_indent(files.as_string()))
        else:
            files.append(item)
    return tomlkit.dumps(document)


def _indent(array: str) -> str:
    """The indentation of the array's last element, else two spaces."""
    lines = [line for line in array.split("\n")[1:] if line.strip() not in ("", "]")]
    return lines[-1][: len(lines[-1]) - len(lines[-1].lstrip())] if lines else "  "


def _check(
    amended: bytes, path: str, before: dict[str, Any], number: int, new: list[dict[str, str]], version: int
) -> None:
    """Make sure that the text says what was asked for, and nothing else."""
    parse_plan(amended, path)
    expected = before | {"version": version}
    tasks = list(before["tasks"])
    tasks[number] = tasks[number] | {"files": [*tasks[number]["files"], *new]}
    if tomllib.loads(amended.decode()) != expected | {"tasks": tasks}:
        hint = "add the path by hand, raise `version`, and commit the plan alone"
        raise PlanfenceError(f"{path} can't be amended without changing the rest of it", hint=hint)
