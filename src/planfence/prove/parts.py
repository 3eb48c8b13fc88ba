"""What a change is made of for a proof: tests apart from code, and the parts that are taken back one by one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from planfence.change.hunks import FileDiff, FileState, Hunk, Unit, split_lines, state_after
from planfence.content import pyequal
from planfence.content.crosshunk import NOT_NAMES, related
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.prove.leftout import defines, definition, is_dead, left_out
from planfence.prove.testcode import in_tests, inline_tests, may_choose
from planfence.records import dataclass

_NAME = re.compile(rb"[^\W\d]\w*")
#: So few characters may go here and come there by chance.
_BLOCK = 20
#: A variable that is declared, set or both.
_SETS = re.compile(
    rb"\s*+(?!(?:return|raise|throw|yield|delete|del|goto|await|else|break|continue)\b)(?:[\w*:<>]++\s++)*?\**+(\w++)\s*+"
    rb"(?:=(?!=).*|;\s*+)\Z",
    re.DOTALL,
)
#: So many lines below it the uses of a variable are looked for.
_NEAR = 120


@dataclass(frozen=True, slots=True)
class Part:
    """What one trial takes back.

    ``units`` are ids; ``cut`` are lines of the new file instead (0-based, end excluded), for a piece inside of what
    the change adds, and ``instead`` the texts that may stand in their place: the first that builds.
    ``first`` and ``last`` are the lines in the new file (from 1; 0 and 0: the whole file).
    """

    key: str
    units: frozenset[str]
    path: str
    first: int
    last: int
    lines: int
    cut: tuple[int, int] | None = None
    instead: tuple[bytes, ...] = ()

    def holds(self, other: Part) -> bool:
        """Whether another piece lies inside of this one."""
        if self.path != other.path or self.cut is None or other.cut is None:
            return False
        if self.cut == other.cut:  # one side of the whole line
            return other.key.startswith(f"{self.key}.")
        return self.cut[0] <= other.cut[0] and other.cut[1] <= self.cut[1]


@dataclass(frozen=True, slots=True)
class Division:
    """A change, taken apart: unit ids of tests and of all else, the parts to ask about, and what was left out, why.

    ``chooses`` are those of the tests that say which tests run: lines of build files and settings.
    """

    files: tuple[FileDiff, ...]
    units: Mapping[str, Unit]
    tests: frozenset[str]
    chooses: frozenset[str]
    rest: frozenset[str]
    parts: tuple[Part, ...]
    left_out: Mapping[str, int]


def divide(
    judged: Sequence[ClassifiedUnit],
    own_tests: Callable[[str], bool],
    governs: Callable[[str], bool],
    risk: Mapping[str, int],
) -> Division:
    """Take a change apart; ``risk`` says how risky each unit is (by id), so that the riskiest parts come first."""
    units = {one.unit.id: one.unit for one in judged}
    files = tuple({one.unit.path: one.unit.file for one in judged}.values())
    inline = frozenset(file.path for file in files if file.old is None and inline_tests(file.path, file.new))
    # What a submodule holds is in neither tree: nothing is learned by taking its commit back.
    within = [one for one in judged if one.kind is not UnitKind.SUBMODULE]
    tests = frozenset(one.unit.id for one in within if in_tests(one, own_tests, inline))
    chooses = frozenset(one.unit.id for one in judged if one.unit.id in tests and may_choose(one, own_tests))
    rest = frozenset(one.unit.id for one in within if one.unit.id not in tests and not governs(one.unit.path))
    words = frozenset(name for file in files for name in _NAME.findall(file.new or b""))
    asked: list[Unit] = []
    spared: Counter[str] = Counter()
    for one in judged:
        if one.unit.id in rest or one.kind is UnitKind.SUBMODULE:
            why = left_out(one) or ("removed and unused" if is_dead(one.unit, words) else "")
            if why:
                spared[why] += 1
            else:
                asked.append(one.unit)
    parts = _grouped(asked, {one.unit.id: one.kind for one in judged}, spared)
    order = sorted(parts, key=lambda part: (-max(risk.get(each, 0) for each in part.units), -part.lines, part.key))
    return Division(files, units, tests, chooses, rest, tuple(order), spared)


def _grouped(asked: Sequence[Unit], kinds: Mapping[str, UnitKind], spared: Counter[str]) -> list[Part]:
    hunks = [unit for unit in asked if unit.hunk is not None]
    by_id = {unit.id: unit for unit in asked}
    parts: list[Part] = []
    taken: set[str] = set()
    for ids in _merged([*related(hunks), *_moved(hunks)]):
        own = [unit for unit in hunks if unit.id in ids]
        taken |= ids
        if _is_refactoring(own, {kinds[unit.id] for unit in own}):
            spared["moved or renamed"] += len(own)
        else:
            parts.append(_part(own))
    return parts + [_part([unit]) for unit in by_id.values() if unit.id not in taken]


def _moved(hunks: Sequence[Unit]) -> Iterator[frozenset[str]]:
    """Lines that go in one place and come, with others, in another: taken back alone, they would be there twice.

    So would a definition that goes in one place and comes, written anew, in another of the same file. A variable that
    goes together with its uses does nothing without them.
    """
    added = [(unit, _lines(unit.hunk.new), _defined(unit, unit.hunk.new)) for unit in hunks if unit.hunk]
    for number, unit in enumerate(hunks):
        assert unit.hunk is not None
        names = _defined(unit, unit.hunk.old) - _defined(unit, unit.hunk.new)
        for other, _, own in added if names else ():
            if names & own and other is not unit and other.path == unit.path and names & own - _before(other):
                yield frozenset((unit.id, other.id))
        if variables := _set_alone(unit.hunk):
            # Hunks stand in the order of their files and lines.
            after = hunks[number + 1 : number + _NEAR]
            near = (each for each in after if each.path == unit.path and 0 < _below(each, unit) < _NEAR)
            yield frozenset((unit.id, *(each.id for each in near if _lose(each, variables))))
        gone = _lines(unit.hunk.old) if not unit.hunk.new else frozenset()
        if sum(len(line) for line in gone) < _BLOCK:
            continue
        for other, lines, _ in added:
            if gone <= lines:
                yield frozenset((unit.id, other.id))
                break


def _set_alone(hunk: Hunk) -> frozenset[bytes]:
    """The variables that a hunk no longer declares or sets, if that is all it does."""
    lines = [line for line in hunk.old if line.strip()]
    found = [each[1] for line in lines if (each := _SETS.match(line))]
    return frozenset(found) if len(found) == len(lines) and not b"".join(hunk.new).strip() else frozenset()


def _lose(unit: Unit, names: Collection[bytes]) -> bool:
    """Whether a hunk no longer names one of these."""
    assert unit.hunk is not None
    words = frozenset(_NAME.findall(b"".join(unit.hunk.old))) - frozenset(_NAME.findall(b"".join(unit.hunk.new)))
    return not words.isdisjoint(names)


def _below(unit: Unit, other: Unit) -> int:
    assert unit.hunk is not None
    assert other.hunk is not None
    return unit.hunk.old_start - other.hunk.old_start


def _defined(unit: Unit, lines: Iterable[bytes]) -> frozenset[bytes]:
    """Names that lines at the outer level of a file bring into the world."""
    return frozenset(
        name
        for line in lines
        if not line[:1].isspace() and (found := definition(unit.path, line))
        for name in found.groups()
        if name
    )


def _before(unit: Unit) -> frozenset[bytes]:
    return _defined(unit, unit.hunk.old if unit.hunk else ())


def _lines(lines: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(filter(None, (line.strip() for line in lines)))


def _merged(groups: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Put groups together that share a unit."""
    found: list[frozenset[str]] = []
    for group in groups:
        near = [each for each in found if each & group]
        found = [each for each in found if not each & group] + [group.union(*near)]
    return found


def _is_refactoring(own: Sequence[Unit], kinds: set[UnitKind]) -> bool:
    """Whether a definition is renamed with its uses, or moved: with all of it taken back the program is the same."""
    defined = any(defines(line) for unit in own if unit.hunk for line in unit.hunk.new)
    return defined and kinds <= {UnitKind.IDENTIFIER, UnitKind.MOVE}


def _part(own: Sequence[Unit]) -> Part:
    first = own[0]
    begin, end = span_of(first)
    return Part(first.id, frozenset(unit.id for unit in own), first.path, begin, end, sum(unit.lines for unit in own))


def span_of(unit: Unit) -> tuple[int, int]:
    """The lines of a unit in the new file, from 1; of a pure deletion the line before it."""
    if unit.hunk is None:
        return 0, 0
    begin = unit.hunk.new_start + 1 if unit.hunk.new else max(1, unit.hunk.new_start)
    return begin, max(begin, unit.hunk.new_start + len(unit.hunk.new))


# -- trees without a part -----------------------------------------------------------------------------------------


class NoTreeError(Exception):
    """There is no tree without this part: two files would be in one place."""


def without(division: Division, taken: Collection[str]) -> dict[str, FileState | None]:
    """What is other than after the change if some units are taken back: path → state (None: no file).

    Raises :class:`NoTreeError` if two files would be in one place.
    """
    touched = {division.units[each].path for each in taken}
    after = {
        file.path: FileState(file.path, file.new_mode, None, file.new_id) for file in division.files if file.new_mode
    }
    wanted = {path: state for path, state in after.items() if path not in touched}
    for file in division.files:
        if file.path not in touched:
            continue
        own = [unit for unit in division.units.values() if unit.path == file.path and unit.id not in taken]
        hunks = [unit.hunk for unit in own if unit.hunk is not None]
        state = state_after(file, hunks, {unit.atom for unit in own if unit.atom is not None})
        if not state.path:
            own_tests = inline_tests(file.path, file.new)
            if not own_tests or any(division.units[each].file is file for each in division.tests):
                continue
            # The file's own tests stay where its code is taken back.
            lines = split_lines(file.new or b"")
            state = FileState(file.path, file.new_mode, b"".join(lines[each] for each in sorted(own_tests)))
        if state.path in wanted:
            raise NoTreeError(state.path)
        wanted[state.path] = state
    folders = {path[:at] for path in wanted for at in range(len(path)) if path[at] == "/"}
    if folders & wanted.keys():
        raise NoTreeError(min(folders & wanted.keys()))
    return {path: wanted.get(path) for path in dict.fromkeys((*after, *wanted)) if wanted.get(path) != after.get(path)}


def surely_broken(division: Division, states: Mapping[str, FileState | None]) -> bool:
    """Whether a tree can't be built, as far as that is known without a run."""
    after = {file.path: file.new for file in division.files}
    return any(
        state is not None
        and state.data is not None
        and path.endswith(".py")
        and not pyequal.parses(state.data)
        and pyequal.parses(after.get(path) or b"")  # otherwise it uses words that this Python does not know
        for path, state in states.items()
    )


# -- parts that do not stand alone --------------------------------------------------------------------------------


def joined(division: Division, units: frozenset[str]) -> tuple[frozenset[str], ...]:
    """What to try if a tree without these units does not build: with what shares their names, with their files.

    The whole change is not among it: that is the first question.
    """
    names = _own_names(division.units[each] for each in units)
    near = units | {each for each in division.rest if each not in units and names & _words(_text(division.units[each]))}
    paths = {division.units[each].path for each in near}
    whole = near | {each for each in division.rest if division.units[each].path in paths}
    found = dict.fromkeys(each for each in (near, whole) if each not in (units, division.rest))
    return tuple(found)


def _text(unit: Unit) -> bytes:
    if unit.hunk is not None:
        return b"".join((*unit.hunk.old, *unit.hunk.new))
    return b"" if unit.file.is_binary else (unit.file.new or unit.file.old or b"")


def _words(text: bytes) -> set[bytes]:
    return {name for name in _NAME.findall(text) if name.decode("latin-1") not in NOT_NAMES}


def _own_names(units: Iterable[Unit]) -> set[bytes]:
    """Names that these units bring or take away."""
    names: set[bytes] = set()
    for unit in units:
        if unit.hunk is None:
            names |= _words(_text(unit)) | {unit.path.rpartition("/")[2].partition(".")[0].encode("utf-8", "replace")}
        else:
            names |= _words(b"".join(unit.hunk.old)) ^ _words(b"".join(unit.hunk.new))
    return names
