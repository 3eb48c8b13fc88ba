"""Reads a plan (`plans/<id>.toml`): all faults at once, each with its place and fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from planfence.change.change import Action
from planfence.gitio import paths
from planfence.manifest.budget import read_budget
from planfence.manifest.plan import STAGES, Constraint, Criterion, FileEntry, Plan, Risk, Task, Theme
from planfence.manifest.tablereader import NAME, NAME_FIX, Faults, Table, did_you_mean, quoted
from planfence.manifest.tomlsource import Path, TomlSource, read_toml

#: The version of the plan's format.
SCHEMA = 1

#: A Conventional Commits type.
TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
#: Who holds a role: a model's name, or `human`.
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
_ACTIONS = tuple(action.value for action in Action)
#: Stages that somebody does; `done` has no role.
ROLE_STAGES = STAGES[:3]


def parse_plan(data: bytes, path: str) -> Plan:
    """Read a plan.

    ``path`` is where it stands (its stem is the plan's id). Raises
    :class:`~planfence.errors.BadFile` with every fault.
    """
    return load_plan(data, path)[0]


def load_plan(data: bytes, path: str) -> tuple[Plan, TomlSource]:
    """Read a plan as :func:`parse_plan` does, and return its source for the places of things."""
    source = read_toml(data, path)
    plan, faults = read_structure(source)
    _check_references(plan, faults, path)
    faults.finish()
    return plan, source


def read_structure(source: TomlSource) -> tuple[Plan, Faults]:
    """Read what the JSON Schema describes: keys, types, forms of single values."""
    faults = Faults(source)
    top = Table(faults, (), source.data)
    read_schema(top, SCHEMA)
    plan = Plan(
        id=top.name("id", required='"the-file-s-stem"'),
        version=top.integer("version", 1, least=1),
        goal=top.filled("goal", required='"what is true when the plan is done"'),
        out_of_scope=top.texts("out_of_scope"),
        risks=tuple(_risk(table) for table in top.tables("risks")),
        rollback=top.text("rollback"),
        budget=read_budget(top),
        constraints=tuple(_constraints(top)),
        themes={theme.name: theme for theme in _themes(top.table("themes"))},
        roles=_roles(top.table("roles")),
        tasks=tuple(_task(table) for table in top.tables("tasks", required="[{ id = …, title = …, … }]")),
    )
    top.close()
    return plan, faults


def read_schema(top: Table, newest: int) -> None:
    """Read the `schema` key, and refuse a format that this version does not know."""
    schema = top.integer("schema", newest, least=1, required=str(newest))
    if schema > newest:
        message = f"schema {schema} is newer than this Planfence reads ({newest})"
        top.faults.at_value(("schema",), message, "upgrade Planfence: `pip install -U planfence`", unknown=True)


def read_patterns(table: Table, key: str, *, required: str = "") -> tuple[str, ...]:
    """Read a list of path patterns (:mod:`planfence.gitio.paths`)."""
    good: list[str] = []
    for path, pattern in table.items(key, str, required=required):
        problem = paths.fault(pattern)
        if problem is None:
            good.append(pattern)
        else:
            table.faults.at_value(path, f"{problem[0]}: {quoted(pattern)}", problem[1])
    return tuple(good)


def _risk(table: Table) -> Risk:
    return Risk(table.filled("risk", required='"what could go wrong"'), table.text("mitigation"))


def _constraints(top: Table) -> Iterator[Constraint]:
    entries = top.raw("constraints")
    if not isinstance(entries, list):
        top.texts("constraints")  # notes the wrong type
        return
    for index, entry in enumerate(entries):
        path = (*top.path, "constraints", index)
        if isinstance(entry, str):
            if not entry.strip():
                top.faults.at_value(path, "a blank constraint", "write it, or take it out")
            yield Constraint(entry)
        elif isinstance(entry, dict):
            table = top.inner(path, entry)
            yield Constraint(table.filled("text", required='"what must hold"'), table.text("run"))
        else:
            top.faults.at_value(
                path, "a constraint is a string or a table", 'write `"…"` or `{ text = "…", run = "…" }`'
            )


def _themes(table: Table) -> Iterator[Theme]:
    for name in table.names():
        if not NAME.fullmatch(name):
            table.faults.at_key((*table.path, name), f"the theme's name is {quoted(name)}", NAME_FIX)
        inner = table.table(name)
        patterns = read_patterns(inner, "paths", required='["dir/**"]')
        types = inner.texts("types", form=TYPE, say='write a commit type: `"feat"`')
        yield Theme(name, patterns, types)


def _roles(table: Table) -> dict[str, str]:
    roles = {
        stage: table.text(stage, form=MODEL, say='write a model\'s name: `"claude"`, `"human"`')
        for stage in ROLE_STAGES
        if stage in table
    }
    for stage in ROLE_STAGES:
        table.raw(stage)  # known, so that a misspelt one is told its name
    return roles


def _task(table: Table) -> Task:
    return Task(
        id=table.name("id", required='"a-short-name"'),
        title=table.filled("title", required='"what the task does"'),
        theme=table.name("theme", required='"a name under [themes]"'),
        estimate_min=table.integer("estimate_min", 0, least=1),
        files=tuple(_file(entry) for entry in table.tables("files", required='[{ path = "…" }]')),
        acceptance=tuple(_criterion(entry) for entry in table.tables("acceptance")),
        depends_on=table.texts("depends_on", form=NAME, say=NAME_FIX),
        deny=read_patterns(table, "deny"),
        roles=_roles(table.table("roles")),
        budget=read_budget(table),
    )


def _file(table: Table) -> FileEntry:
    path = table.text("path", required='"src/…"')
    problem = paths.fault(path) if table.has("path", str) else None
    if problem is not None:
        table.faults.at_value((*table.path, "path"), f"{problem[0]}: {quoted(path)}", problem[1])
    change = table.choice("change", _ACTIONS, "") if "change" in table else ""
    table.raw("change")
    return FileEntry(path, Action(change) if change else None, table.text("why"))


def _criterion(table: Table) -> Criterion:
    return Criterion(
        id=table.name("id", required='"A1"'),
        text=table.filled("text", required='"what must be true"'),
        run=table.text("run"),
        review=table.flag("review", False),
    )


def _check_references(plan: Plan, faults: Faults, path: str) -> None:
    """Note what no single value shows: names that repeat, lead nowhere or go in circles."""
    stem = path.rpartition("/")[2].removesuffix(".toml")
    if plan.id and plan.id != stem:
        faults.at_value(("id",), f"the id is {quoted(plan.id)}, the file is {stem}.toml", f'write `id = "{stem}"`')
    ids = {task.id for task in plan.tasks}
    _check_repeats(faults, [task.id for task in plan.tasks], "task", ("tasks",))
    for number, task in enumerate(plan.tasks):
        if task.theme and task.theme not in plan.themes:
            fix = did_you_mean(task.theme, plan.themes) if plan.themes else f"add `[themes.{task.theme}]`"
            faults.at_value(("tasks", number, "theme"), f"no theme is named {quoted(task.theme)}", fix)
        for index, other in enumerate(task.depends_on):
            if other not in ids:
                fix = did_you_mean(other, ids - {task.id, ""})
                faults.at_value(("tasks", number, "depends_on", index), f"no task is named {quoted(other)}", fix)
        criteria = [criterion.id for criterion in task.acceptance]
        _check_repeats(faults, criteria, "criterion", ("tasks", number, "acceptance"))
    _check_cycles(plan, faults)


def _check_repeats(faults: Faults, names: list[str], what: str, path: Path) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if not name or name not in seen:
            seen.add(name)
        else:
            message = f"a second {what} with the id {quoted(name)}"
            faults.at_value((*path, index, "id"), message, "give each its own id")


def _check_cycles(plan: Plan, faults: Faults) -> None:
    known = {task.id: number for number, task in reversed(list(enumerate(plan.tasks)))}
    # Of two tasks with one id the first stands for both, here as in `known`.
    firsts = [plan.tasks[number] for number in sorted(known.values())]
    needs = {task.id: [other for other in task.depends_on if other in known] for task in firsts if task.id}
    for circle in circles(needs):
        number = known[circle[0]]
        closing = circle[1] if len(circle) > 1 else circle[0]
        index = plan.tasks[number].depends_on.index(closing)
        way = " → ".join([*circle, circle[0]])
        message = f"tasks depend on each other in a circle: {way}"
        faults.at_value(("tasks", number, "depends_on", index), message, "take one of these dependencies out")


def circles(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the circles of a dependency graph, none of which share a node.

    Nodes that depend on nothing left are taken away until only circles, and what leads into
    them, remain.
    """
    left = {name: {other for other in others if other in needs} for name, others in needs.items()}
    wanted_by: dict[str, list[str]] = {name: [] for name in left}
    for name, others in left.items():
        for other in others:
            wanted_by[other].append(name)

    def take(names: list[str]) -> None:
        """Take nodes away, and all that then depend on nothing."""
        for name in names:
            del left[name]
        for gone in names:
            for name in wanted_by[gone]:
                if name in left:
                    left[name].discard(gone)
                    if not left[name]:
                        del left[name]
                        names.append(name)

    take([name for name, others in left.items() if not others])
    found: list[list[str]] = []
    while left:
        last = next(iter(left))
        trail = {last: 0}
        while (last := next(other for other in needs[last] if other in left)) not in trail:
            trail[last] = len(trail)
        found.append(list(trail)[trail[last] :])
        take(found[-1][:])
    return found
