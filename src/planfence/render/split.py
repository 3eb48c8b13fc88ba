"""A proposed split as text: what goes into which commit, and what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from planfence import POLICY_PATH
from planfence.change.pathclass import PathClass
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.inert import inert
from planfence.inert import lines as lines_of
from planfence.render.words import counted
from planfence.split.grouping import Group

#: Said of new commits that no rule looked at.
NOT_JUDGED = f"note: not judged, since there is no {POLICY_PATH} yet\n"
#: So many paths of a commit are told; the rest is counted.
_PATHS = 100
_WORDS = {UnitKind.BEHAVIOUR: "code", UnitKind.IDENTIFIER: "renamed names", UnitKind.STYLE: "style (unverified)"}


def render(groups: Sequence[Group], judged: Sequence[ClassifiedUnit], *, hunks: bool = False) -> str:
    """Show the groups in order; with ``hunks`` every hunk's id and first lines."""
    known = {one.unit.id: one for one in judged}
    lines: list[str] = []
    for number, group in enumerate(groups, 1):
        own = [known[identity] for identity in group.units]
        total = sum(one.unit.lines for one in own)
        theme = f", theme {inert(group.theme)}" if group.theme else ""
        task = f", task {inert(group.task)}" if group.task else ""
        lines.append(f"{number}. {inert(group.message.splitlines()[0])}")
        lines.append(f"   {counted(len(own), 'hunk')}, {counted(total, 'line')}{theme}{task}")
        of_path: dict[str, list[ClassifiedUnit]] = {}
        for one in own:
            of_path.setdefault(one.unit.path, []).append(one)
        for path, some in list(of_path.items())[: None if hunks else _PATHS]:
            lines.append(f"     {inert(path)}  {_what(some)}")
            if hunks:
                lines += [line for one in some for line in _hunk(one)]
        if len(of_path) > _PATHS and not hunks:
            lines.append(f"     and {len(of_path) - _PATHS} more; `--hunks` lists them")
    return "\n".join(lines) + "\n"


def next_lines(groups: int, option: str = "") -> str:
    """What to type next after a dry run; ``option`` names the commit that is split, if it is one."""
    if groups == 1:
        return "\nOne group: this change is not mixed by its paths or kinds. `--fine` looks closer.\n"
    line = f"planfence split{inert(option)}"
    return (
        "\nNothing was changed.\n"
        f"  make these commits:  {line} --apply\n"
        f"  edit them first:     {line} --json > split.json\n"
        f"  and then:            {line} --plan split.json --apply\n"
    )


def made(commits: Sequence[str], base: str) -> str:
    """What was made, and how to undo it; ``base`` is the commit before (empty: none)."""
    undo = base[:12] if base else "(there was no commit before)"
    return f"made {len(commits)} commits, up to {commits[-1][:12]}; undo: git reset --soft {undo}\n"


def _what(own: Sequence[ClassifiedUnit]) -> str:
    """The kinds of some units of one path, with their lines."""
    lines: Counter[str] = Counter()
    for one in own:
        lines[_word(one)] += one.unit.lines
    return ", ".join(f"{word} {count}" if count else word for word, count in lines.items())


def _word(one: ClassifiedUnit) -> str:
    if one.kind is UnitKind.COMMENT and one.path_class is PathClass.TEST:
        return str(one.kind)
    plain = one.kind in (UnitKind.BEHAVIOUR, UnitKind.COMMENT, UnitKind.STYLE)
    if plain and one.path_class is not PathClass.SRC:
        return str(one.path_class)
    if one.kind is UnitKind.RENAME:
        return f"renamed from {inert(one.unit.file.old_path)}"
    return _WORDS.get(one.kind, str(one.kind))


def _hunk(one: ClassifiedUnit) -> list[str]:
    unit = one.unit
    if unit.hunk is None:
        return [f"       {inert(unit.id)} {unit.atom}"]
    shown = [f"-{line!s}" for line in map(_text, unit.hunk.old[:2])] + [
        f"+{line}" for line in map(_text, unit.hunk.new[:2])
    ]
    return [f"       {inert(unit.id)} @{unit.hunk.new_start + 1}", *(f"         {line}" for line in shown)]


def _text(line: bytes) -> str:
    return lines_of(line.decode("utf-8", "surrogateescape").rstrip("\r\n"))[:100]
