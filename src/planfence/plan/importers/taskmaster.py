"""Taskmaster's `tasks.json` (task-master-ai 0.10 to 0.43): `{"tasks": […]}`, or one such object for each tag.

A subtask is what our task is, so a task with open subtasks becomes those; what depended on it
depends on all of them. What is done or cancelled is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planfence.errors import PlanfenceError
from planfence.foreignjson import read_json
from planfence.plan.importers.draft import Draft, DraftTask, identifier, paths_in, unique
from planfence.records import replace

_CLOSED = frozenset({"done", "cancelled", "completed"})


def read(data: bytes, *, tag: str = "", **_: bytes) -> Draft:
    """Read the file; ``tag`` names one of several lists. Raises :class:`PlanfenceError` if it is none."""
    value = read_json(data, "it", "give .taskmaster/tasks/tasks.json")
    name, tasks, meta = _tagged(value, tag)
    open_tasks = [each for each in tasks if str(each.get("status", "")).lower() not in _CLOSED]
    names = {str(each.get("id")): tuple(_names(each)) for each in open_tasks}
    drafts = tuple(draft for each in open_tasks for draft in _drafts(each, names))
    # Its own files have subtasks with one id: the later ones get a number.
    drafts = tuple(replace(each, id=name) for each, name in zip(drafts, unique(d.id for d in drafts), strict=True))
    closed = tuple(f"task {e.get('id')} ({e.get('status')}): {e.get('title')}" for e in tasks if e not in open_tasks)
    goal = meta.get("description") if isinstance(meta.get("description"), str) else ""
    goal = "" if str(goal).lower().startswith(("tasks for", "tag created", "default")) else str(goal)
    return Draft(f"Taskmaster ({name})" if name else "Taskmaster", goal, drafts, left_out=closed)


def _tagged(value: object, tag: str) -> tuple[str, list[Mapping[str, Any]], Mapping[str, Any]]:
    lists: dict[str, Mapping[str, Any]] = {}
    if isinstance(value, dict):
        if isinstance(value.get("tasks"), list):
            lists[""] = value
        else:
            lists = {k: v for k, v in value.items() if isinstance(v, dict) and isinstance(v.get("tasks"), list)}
    if not lists:
        raise PlanfenceError("it has no list of tasks", hint="give .taskmaster/tasks/tasks.json")
    if tag and tag not in lists:
        raise PlanfenceError(f"it has no tag {tag}", hint=f"one of {', '.join(lists)}")
    name = tag or ("master" if "master" in lists else next(iter(lists)))
    if len(lists) > 1 and not tag and name != "master":
        raise PlanfenceError("it has several tags", hint=f"name one with --tag: {', '.join(lists)}")
    held = lists[name]
    meta = held.get("metadata")
    return name, [e for e in held["tasks"] if isinstance(e, dict)], meta if isinstance(meta, dict) else {}


def _open_subtasks(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = task.get("subtasks")
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [each for each in found if str(each.get("status", "")).lower() not in _CLOSED]


def _name(task: Mapping[str, Any]) -> str:
    return identifier(f"t{task.get('id')}")


def _names(task: Mapping[str, Any]) -> Iterator[str]:
    subtasks = _open_subtasks(task)
    yield from ([f"{_name(task)}-{identifier(str(each.get('id')))}" for each in subtasks] or [_name(task)])


def _drafts(task: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> Iterator[DraftTask]:
    before = tuple(name for wanted in _ids(task) for name in names.get(wanted, ()))
    subtasks = _open_subtasks(task)
    if not subtasks:
        yield _draft(task, _name(task), before, ())
        return
    own = {str(each.get("id")): name for each, name in zip(subtasks, _names(task), strict=True)}
    for each in subtasks:
        inside = tuple(own[wanted] for wanted in _ids(each) if wanted in own)
        yield _draft(each, own[str(each.get("id"))], (*before, *inside), (f"part of: {task.get('title', '')}",))


def _ids(task: Mapping[str, Any]) -> list[str]:
    listed = task.get("dependencies")
    return (
        [str(each).rpartition(".")[2] if isinstance(each, str) else str(each) for each in listed]
        if isinstance(listed, list)
        else []
    )


def _draft(task: Mapping[str, Any], name: str, depends_on: tuple[str, ...], notes: tuple[str, ...]) -> DraftTask:
    texts = [str(task.get(key) or "") for key in ("title", "description", "details", "testStrategy")]
    criteria = _lines(task.get("acceptanceCriteria")) or _lines(task.get("testStrategy"))
    numbered = tuple((f"A{number}", text) for number, text in enumerate(criteria, start=1))
    description = (texts[1],) if texts[1] else ()
    return DraftTask(name, texts[0], paths_in("\n".join(texts)), depends_on, numbered, (*notes, *description))


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    text = value if isinstance(value, str) else ""
    listed = [line.strip()[1:].strip() for line in text.splitlines() if line.strip()[:1] in ("-", "*")]
    return listed or ([text.strip()] if text.strip() else [])
