"""Spec Kit's `tasks.md` (its `tasks-template.md`, 0.0.20 to 1.1).

An item is `- [ ] T012 [P] [US1] Create … in src/models/entity.py (depends on T010)`. One item is one
task of ours; only a dependency that is written counts. A phase's independent test becomes a criterion of
its last item. What is ticked is left out.
"""

from __future__ import annotations

import re

from planfence.errors import PlanfenceError
from planfence.plan.importers.draft import Draft, DraftTask, identifier, paths_in

_ITEM = re.compile(r"^\s*[-*]\s+\[(?P<mark>[ xX])\]\s+(?P<id>T\d+)\b[\s:.]*(?P<text>.*)$")
_MARK = re.compile(r"^\[(?:P|US\d+|[A-Z]+)\]\s*")
_DEPENDS = re.compile(r"\(\s*depends\s+on:?\s([^)]*)\)?", re.IGNORECASE)
_TEST = re.compile(r"^\*\*Independent Test\*\*:\s*(.+)$")


def read(data: bytes, **_: bytes) -> Draft:
    """Read the file. Raises :class:`PlanfenceError` if it has no items."""
    goal, phase, test = "", "", ""
    tasks: list[DraftTask] = []
    left_out: list[str] = []
    waiting: dict[str, str] = {}
    last_of: dict[str, int] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if line.startswith("# "):
            goal = goal or line.removeprefix("# ").removeprefix("Tasks:").strip()
        elif line.startswith("## "):
            phase, test = line.removeprefix("## ").strip(), ""
        elif (found := _TEST.match(line.strip())) is not None:
            test = found[1].strip()
            waiting[phase] = test
        elif (item := _ITEM.match(line)) is not None:
            if item["mark"] != " ":
                left_out.append(f"{item['id']} is done")
                continue
            tasks.append(_task(item["id"], item["text"], phase))
            last_of[phase] = len(tasks) - 1
    if not tasks and not left_out:
        raise PlanfenceError("it has no items such as `- [ ] T001 …`", hint="give specs/<feature>/tasks.md")
    for name, index in last_of.items():
        if name in waiting:
            criterion = ("checkpoint", waiting[name])
            last = tasks[index]
            tasks[index] = DraftTask(
                last.id, last.title, last.files, last.depends_on, (*last.criteria, criterion), last.notes
            )
    known = {task.id for task in tasks}
    kept = [
        DraftTask(t.id, t.title, t.files, tuple(d for d in t.depends_on if d in known), t.criteria, t.notes)
        for t in tasks
    ]
    return Draft("Spec Kit", "" if "[" in goal else goal, tuple(kept), left_out=tuple(left_out))


def _task(name: str, text: str, phase: str) -> DraftTask:
    while (marker := _MARK.match(text)) is not None:
        text = text[marker.end() :]
    depends = _DEPENDS.search(text)
    names = re.findall(r"T\d+", depends[1]) if depends else []
    title = _DEPENDS.sub("", text).strip()
    notes = (phase,) if phase else ()
    return DraftTask(identifier(name), title, paths_in(title), tuple(identifier(each) for each in names), (), notes)
