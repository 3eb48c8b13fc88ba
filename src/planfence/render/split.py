"""A proposed split as text: what goes into which commit, and what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from planfence import POLICY_PATH
from planfence.change.pathclass import PathClass
from planfence.content.judged import Judged, Kind
from planfence.split.grouping import Group

#: Said of new commits that no rule looked at.
NOT_JUDGED = f"note: not judged, since there is no {POLICY_PATH} yet\n"
_WORDS = {Kind.BEHAVIOUR: "code", Kind.IDENTIFIER: "renamed names", Kind.STYLE: "style (unverified)"}


def render(groups: Sequence[Group], judged: Sequence[Judged], *, hunks: bool = False) -> str:
    """Show the groups in order; with ``hunks`` every hunk's id and first lines."""
    known = {one.unit.id: one for one in judged}
    lines: list[str] = []
    for number, group in enumerate(groups, 1):
        own = [known[identity] for identity in group.units]
        total = sum(one.unit.lines for one in own)
        theme = f", theme {group.theme}" if group.theme else ""
        task = f", task {group.task}" if group.task else ""
        lines.append(f"{number}. {group.message.splitlines()[0]}")
        lines.append(f"   {_count(len(own), 'hunk')}, {_count(total, 'line')}{theme}{task}")
        for path in dict.fromkeys(one.unit.path for one in own):
            lines.append(f"     {printable(path)}  {_what([one for one in own if one.unit.path == path])}")
            if hunks:
                lines += [line for one in own if one.unit.path == path for line in _hunk(one)]
    return "\n".join(lines) + "\n"


def next_lines(groups: int, option: str = "") -> str:
    """What to type next after a dry run; ``option`` names the commit that is split, where it is one."""
    if groups == 1:
        return "\nOne group: this change is not mixed by its paths or kinds. `--fine` looks closer.\n"
    line = f"planfence split{option}"
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _what(own: Sequence[Judged]) -> str:
    """The kinds of some units of one path, with their lines."""
    lines: Counter[str] = Counter()
    for one in own:
        lines[_word(one)] += one.unit.lines
    return ", ".join(f"{word} {count}" if count else word for word, count in lines.items())


def _word(one: Judged) -> str:
    if one.kind is Kind.COMMENT and one.path_class is PathClass.TEST:
        return str(one.kind)
    plain = one.kind in (Kind.BEHAVIOUR, Kind.COMMENT, Kind.STYLE)
    if plain and one.path_class is not PathClass.SRC:
        return str(one.path_class)
    if one.kind is Kind.RENAME:
        return f"renamed from {printable(one.unit.file.old_path)}"
    return _WORDS.get(one.kind, str(one.kind))


def _hunk(one: Judged) -> list[str]:
    unit = one.unit
    if unit.hunk is None:
        return [f"       {unit.id} {unit.atom}"]
    shown = [f"-{line!s}" for line in map(_text, unit.hunk.old[:2])] + [
        f"+{line}" for line in map(_text, unit.hunk.new[:2])
    ]
    return [f"       {unit.id} @{unit.hunk.new_start + 1}", *(f"         {line}" for line in shown)]


def _text(line: bytes) -> str:
    return printable(line.decode("utf-8", "replace").rstrip("\r\n"))[:100]


def printable(text: str) -> str:
    """The text with what a terminal would obey or choke on made visible."""
    clean = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in clean)
