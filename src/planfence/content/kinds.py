"""The kind of each unit of a change, by a ladder of proofs, cheapest first.

Whatever is not proven is *behaviour*: an unknown language, a parse failure, a proof that the
deadline cut short. The order and the traps are in docs/themes.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from planfence.change.change import Mode
from planfence.change.hunks import Atom, FileDiff, Hunk, Unit
from planfence.change.pathclass import classify
from planfence.content.languages import Language, language_of
from planfence.content.lexing import PastDeadline, lex
from planfence.content.tokendiff import Likeness, Sides, compare_all, line_starts, offset
from planfence.content.unitkinds import ClassifiedUnit, UnitKind

#: How much text the lexer gets through in a second, at the least (bytes).
_BYTES_PER_SECOND = 10_000_000


def judge(
    units: Sequence[Unit],
    clock: Callable[[], float],
    budget_s: float,
    spared: Callable[[str], bool] = lambda _: False,
) -> tuple[ClassifiedUnit, ...]:
    """Give every unit its kind, in the same order.

    ``clock`` returns seconds; after ``budget_s`` of them no further proof is begun, those
    under way are given up, and what is left is behaviour. So are hunks of paths that are ``spared``.
    """
    end = clock() + budget_s
    kinds: dict[str, UnitKind] = {}
    certain: set[str] = set()
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.hunk is None:
            kinds[unit.id] = _atom_kind(unit)
            if kinds[unit.id] in (UnitKind.ADD, UnitKind.DELETE) and unit.lines and _is_code(unit.path):
                certain.add(unit.id)
        elif spared(unit.path):
            kinds[unit.id] = UnitKind.BEHAVIOUR
        else:
            by_file.setdefault(unit.path, []).append(unit)
    for group in sorted(by_file.values(), key=lambda group: _size(group[0].file)):
        found, gained = _file_kinds(group, clock, end)
        kinds.update(found)
        if gained:
            certain |= {unit.id for unit in group if kinds[unit.id] is UnitKind.BEHAVIOUR}
    rest = [unit for unit in units if kinds[unit.id] is UnitKind.BEHAVIOUR and unit.hunk is not None]
    if len(rest) > 1 and clock() < end:
        from planfence.content.crosshunk import relate  # loaded if there is something to relate

        for identity, relation in relate(rest, lambda: clock() >= end).items():
            kinds[identity] = UnitKind(relation)
    return tuple(ClassifiedUnit(unit, kinds[unit.id], classify(unit.path), unit.id in certain) for unit in units)


def _is_code(path: str) -> bool:
    language = language_of(path)
    return language is not None and language.program


def _size(file: FileDiff) -> int:
    return len(file.old or b"") + len(file.new or b"")


def _atom_kind(unit: Unit) -> UnitKind:
    file = unit.file
    if unit.atom is Atom.RENAME:
        return UnitKind.RENAME
    if unit.atom is Atom.MODE:
        return UnitKind.MODE
    if Mode.GITLINK in (file.old_mode, file.new_mode):
        return UnitKind.SUBMODULE
    if file.old_mode == 0:
        return UnitKind.ADD
    if file.new_mode == 0:
        return UnitKind.DELETE
    return UnitKind.BEHAVIOUR if file.type_changed or file.is_link else UnitKind.BINARY


def _file_kinds(units: Sequence[Unit], clock: Callable[[], float], end: float) -> tuple[dict[str, UnitKind], bool]:
    """The kinds of one file's hunks, and whether its code certainly gained a word or lost one."""
    file = units[0].file
    hunks = [unit.hunk for unit in units if unit.hunk is not None]
    try:
        found, gained = text_kinds(file.path, file.old or b"", file.new or b"", hunks, clock, end)
    except PastDeadline:
        found, gained = [UnitKind.BEHAVIOUR] * len(units), False
    return {unit.id: kind for unit, kind in zip(units, found, strict=True)}, gained


def text_kinds(
    path: str, old: bytes, new: bytes, hunks: Sequence[Hunk], clock: Callable[[], float], end: float
) -> tuple[list[UnitKind], bool]:
    """The kinds of hunks between two texts, and whether the code certainly gained a word or lost one.

    Raises :class:`PastDeadline` after ``end`` on the clock.
    """
    language = language_of(path)
    # One search of the lexer can't be interrupted, so what would not fit in the time left is not begun.
    if language is None or clock() + (len(old) + len(new)) / _BYTES_PER_SECOND >= end:
        return [UnitKind.BEHAVIOUR] * len(hunks), False
    if language.prose:
        return [_prose_kind(hunk) for hunk in hunks], False

    def late() -> bool:
        return clock() >= end

    sides = _sides(language, old.decode("latin-1"), new.decode("latin-1"), hunks, late)
    compared = compare_all(sides, hunks, late)
    open_groups = [group for group, one in compared if one.likeness in (Likeness.CANDIDATE, Likeness.TEXT)]
    proven: dict[int, bool] = {}
    if language.name == "python" and open_groups:
        from planfence.content.pyequal import Same  # loads `ast`
        from planfence.content.pyproof import prove

        found = prove(old, sides.old, hunks, open_groups, late, end - clock())
        proven = {index: how is Same.DOCSTRINGS for index, how in found.items()}
    kinds = []
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for group, one in compared:
        before.update({word: count for word, count, _ in one.words})
        after.update({word: count for word, _, count in one.words})
        for index in group:
            if index in proven:
                kinds.append(UnitKind.COMMENT if one.comments or proven[index] else UnitKind.FORMAT)
            else:
                kinds.append(_KIND_OF[one.likeness])
    # A word that is still there may stand once where it stood twice: `name: name` as `name`.
    gained = any(before[word] != after[word] and not (before[word] and after[word]) for word in before | after)
    return kinds, language.program and gained


def _sides(language: Language, old: str, new: str, hunks: Sequence[Hunk], late: Callable[[], bool]) -> Sides:
    """Lex both texts as far as the hunks go; what both share before the first hunk is lexed once."""
    before, after = line_starts(old), line_starts(new)
    first, last = hunks[0], hunks[-1]
    ends = (last.old_start + len(last.old), last.new_start + len(last.new))
    limits = [offset(starts, end, text) for starts, end, text in zip((before, after), ends, (old, new), strict=True)]
    one = lex(old, language, late, limit=limits[0])
    shared = offset(before, first.old_start, old)
    return Sides(one, lex(new, language, late, limit=limits[1], prior=one, shared=shared), before, after)


_KIND_OF = {
    Likeness.FORMAT: UnitKind.FORMAT,
    Likeness.COMMENT: UnitKind.COMMENT,
    Likeness.CANDIDATE: UnitKind.STYLE,
    Likeness.TEXT: UnitKind.BEHAVIOUR,
    Likeness.DIFFERENT: UnitKind.BEHAVIOUR,
}


def _prose_kind(hunk: Hunk) -> UnitKind:
    """In text that nothing runs, trailing white space is form, all else words."""
    old = [line.rstrip() for line in hunk.old if line.strip()]
    new = [line.rstrip() for line in hunk.new if line.strip()]
    return UnitKind.FORMAT if old == new else UnitKind.COMMENT
