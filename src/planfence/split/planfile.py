"""The split as a file that people and agents edit: groups of unit ids in order, messages, cuts.

Format (JSON): `{"schema": 1, "base": commit, "tree": staged tree, "groups": [{"message", "task",
"units": [id, …]}, …], "cuts": [{"unit": id, "old": n, "new": m}, …], "units": {id: {…}}}`.
`units` only describes; what it says is not read back. A cut turns a hunk into `id.1` (its
first n old lines become its first m new ones) and `id.2` (the rest).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from planfence.change.hunks import Unit, ends_every_line
from planfence.content.unitkinds import ClassifiedUnit
from planfence.errors import PlanfenceError
from planfence.inert import dumps
from planfence.records import replace
from planfence.split.grouping import Group, SplitPlan, knots

SCHEMA = 1


def to_json(plan: SplitPlan, judged: Sequence[ClassifiedUnit]) -> str:
    """Write the plan, every unit described."""
    described = {one.unit.id: _describe(one) for one in judged}
    data = {
        "schema": SCHEMA,
        "base": plan.base,
        "tree": plan.tree,
        "groups": [
            {"message": group.message, "theme": group.theme, "task": group.task, "units": list(group.units)}
            for group in plan.groups
        ],
        "cuts": [{"unit": unit, "old": old, "new": new} for unit, old, new in plan.cuts],
        "units": described,
    }
    return dumps(data, 2) + "\n"


def _describe(one: ClassifiedUnit) -> dict[str, object]:
    facts: dict[str, object] = {"path": one.unit.path, "kind": str(one.kind), "class": str(one.path_class)}
    if one.unit.file.old_path != one.unit.path:
        facts["from"] = one.unit.file.old_path
    hunk = one.unit.hunk
    if hunk is None:
        return facts | {"atom": str(one.unit.atom)}
    shown = [("-", line) for line in hunk.old] + [("+", line) for line in hunk.new]
    text = [sign + line.decode("utf-8", "replace").rstrip("\r\n") for sign, line in shown]
    return facts | {
        "old": [hunk.old_start + 1, len(hunk.old)],
        "new": [hunk.new_start + 1, len(hunk.new)],
        "lines": text,
    }


def _fail(message: str, hint: str, more: Sequence[str] = ()) -> PlanfenceError:
    return PlanfenceError(f"the split plan {message}", hint=hint, more=tuple(more))


def from_json(text: str) -> SplitPlan:
    """Read a plan back.

    Raises :class:`PlanfenceError` if it is not of the format.
    """
    from planfence.foreignjson import read_json

    again = "begin again from `planfence split --json`"
    data = read_json(text, "the split plan", again)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise _fail(f"has no `schema` {SCHEMA}", again)
    try:
        groups = tuple(_group(entry) for entry in data["groups"])
        cuts = tuple((str(cut["unit"]), int(cut["old"]), int(cut["new"])) for cut in data.get("cuts", ()))
        return SplitPlan(str(data["base"]), str(data["tree"]), groups, cuts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _fail(f"lacks or misspells {error}", again) from error


def _group(entry: Mapping[str, object]) -> Group:
    message, units = entry["message"], entry["units"]
    if not isinstance(message, str) or not isinstance(units, list):
        raise TypeError("`message` (a string) and `units` (a list)")
    if not message.strip():
        raise ValueError("the message of a group: it is empty")
    return Group(tuple(str(unit) for unit in units), message, str(entry.get("theme", "")), str(entry.get("task", "")))


def cut(units: Sequence[Unit], cuts: Sequence[tuple[str, int, int]]) -> tuple[Unit, ...]:
    """Cut hunks in two where the plan says so; a part can be cut again by its own id.

    Raises :class:`PlanfenceError` if a hunk is not there, or can't be cut there.
    """
    found = {unit.id: unit for unit in units}
    for identity, old, new in cuts:
        unit = found.get(identity)
        if unit is None or unit.hunk is None:
            raise _fail(f"cuts {identity}: not a hunk of this change", "see the ids in `planfence split --json`")
        hunk = unit.hunk
        inside = 0 <= old <= len(hunk.old) and 0 <= new <= len(hunk.new) and 0 < old + new < hunk.lines
        if not inside:
            sizes = f"it has {len(hunk.old)} old and {len(hunk.new)} new lines"
            raise _fail(f"cuts {identity} outside it", sizes)
        if not ends_every_line(hunk):
            raise _fail(f"cuts {identity}, whose last line has no newline", "leave that hunk whole")
        first, second = hunk.cut(old, new)
        parts = (replace(unit, id=f"{identity}.1", hunk=first), replace(unit, id=f"{identity}.2", hunk=second))
        found = {part.id: part for other in found.values() for part in (parts if other is unit else (other,))}
    return tuple(found.values())


def check_complete(plan: SplitPlan, units: Sequence[Unit]) -> None:
    """Make sure that the groups hold every unit once.

    Raises :class:`PlanfenceError` that names what is lost, doubled or unknown.
    """
    count = Counter(unit for group in plan.groups for unit in group.units)
    known = {unit.id: unit for unit in units}
    faults = [f"{unit} is in {times} groups" for unit, times in count.items() if times > 1]
    faults += [f"{unit} is not a unit of this change" for unit in count if unit not in known]
    faults += [f"{unit} ({known[unit].path}) is in no group" for unit in known if unit not in count]
    if faults:
        raise _fail("does not hold every unit once:", "fix the groups' `units`", faults[:20])
    home = {unit: index for index, group in enumerate(plan.groups) for unit in group.units}
    for knot in knots([unit.path for unit in units], [unit.file.old_path for unit in units]):
        if len({home[units[index].id] for index in knot}) > 1:
            names = ", ".join(dict.fromkeys(units[index].path for index in knot))
            raise _fail(f"divides {names}", "a path that becomes a folder must change in one commit")
