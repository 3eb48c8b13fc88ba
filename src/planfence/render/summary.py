"""A change's summary as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import classify
from planfence.inert import dumps, inert
from planfence.render.words import counted
from planfence.risks import RiskFound

#: Of one kind, this many places are told; the rest is counted.
_MOST = 12


def text(
    title: str,
    files: Iterable[PatchFile],
    found: Iterable[RiskFound],
    themes: Mapping[str, str],
    content: Iterable[str] = (),
) -> str:
    """The risky diffs first, then the files theme by theme; ``content`` are lines of :func:`kinds`."""
    files = tuple(files)
    lines = [f"{inert(title)}: {totals(files)}", *content, "", *risky(found), *_by_theme(files, themes)]
    return "\n".join(lines).rstrip() + "\n"


def kinds(lines: Iterable[tuple[str, int]], mixed: Iterable[str]) -> list[str]:
    """What the hunks do, in one line, and why they look like several changes."""
    counted = ", ".join(f"{kind} {count}" for kind, count in lines if count)
    return ([f"  by kind: {inert(counted)}"] if counted else []) + [
        f"  mixed: {inert(reason)} (planfence split)" for reason in mixed
    ]


def risky(found: Iterable[RiskFound]) -> list[str]:
    """The risky places, kind by kind, the heaviest kind first."""
    kinds: dict[str, list[RiskFound]] = {}
    for each in found:
        kinds.setdefault(each.risk.title, []).append(each)
    if not kinds:
        return ["No risky diffs seen (what this looks for: docs/agents.md).", ""]
    lines = ["Risky diffs:"]
    for title, places in kinds.items():
        lines.append(f"  {inert(title)}")
        for each in places[:_MOST]:
            place = inert(each.path) + (f":{each.hit.line}" if each.hit.line else "")
            lines.append(f"    {place}  {inert(each.hit.why)}")
        if len(places) > _MOST:
            lines.append(f"    and {len(places) - _MOST} more")
    return [*lines, ""]


def _by_theme(files: tuple[PatchFile, ...], themes: Mapping[str, str]) -> list[str]:
    groups: dict[str, list[PatchFile]] = {}
    for file in files:
        theme = themes.get(file.path, "")
        groups.setdefault(f"theme {inert(theme)}" if theme else f"in no theme: {classify(file.path).value}", []).append(
            file
        )
    lines = []
    for name in sorted(groups):
        lines += [f"{name} ({totals(groups[name])})", *(f"  {line}" for line in _stat(groups[name]))]
    return lines


def stat(files: Iterable[PatchFile]) -> str:
    """`--stat`: one line a file, then the totals."""
    files = tuple(files)
    return "\n".join([*_stat(files), totals(files)]) + "\n"


def names(files: Iterable[PatchFile]) -> str:
    """`--name-only`."""
    return "".join(f"{inert(file.path)}\n" for file in files)


def _stat(files: Iterable[PatchFile]) -> list[str]:
    return [f"{len(file.added):>6} + {len(file.removed):>6} -  {_name(file)}" for file in files]


def _name(file: PatchFile) -> str:
    name = inert(file.path)
    if file.old_path != file.path:
        name = f"{inert(file.old_path)} → {name}"
    mark = " (new)" if file.is_added else " (gone)" if file.is_deleted else ""
    return name + mark + (" (binary)" if file.binary else "")


def totals(files: Iterable[PatchFile]) -> str:
    """`3 files, 12 lines added, 4 removed`."""
    files = tuple(files)
    added, removed = sum(len(file.added) for file in files), sum(len(file.removed) for file in files)
    return f"{counted(len(files), 'file')}, {added} lines added, {removed} removed"


def to_json(
    title: str, files: Iterable[PatchFile], found: Iterable[RiskFound], themes: Mapping[str, str], weight: int
) -> str:
    """The same as JSON."""
    value = {
        "change": title,
        "risk": weight,
        "risky": [
            {"kind": each.risk.name, "path": inert(each.path), "line": each.hit.line, "why": each.hit.why}
            for each in found
        ],
        "files": [
            {
                "path": inert(file.path),
                "old_path": inert(file.old_path),
                "theme": themes.get(file.path, ""),
                "added": len(file.added),
                "removed": len(file.removed),
            }
            for file in files
        ],
    }
    return dumps(value, 2) + "\n"
