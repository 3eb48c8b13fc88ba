"""What a change is made of for a proof: tests apart from code, and the parts that are taken back one by one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from planfence.change.hunks import FileDiff, FileState, Unit, split_lines, state_after
from planfence.change.pathclass import PathClass, classify
from planfence.content import pyequal
from planfence.content.crosshunk import NOT_NAMES, related
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.prove.pythontext import import_lines, only_types
from planfence.records import dataclass

#: Classes of paths whose lines no test is meant to notice.
_NO_CODE = frozenset(
    (PathClass.LOCK, PathClass.GENERATED, PathClass.CI, PathClass.DOCS, PathClass.DEPS, PathClass.BUILD)
)
_TYPE_FILES = (".pyi", ".d.ts", ".d.mts", ".d.cts")
_NAME = re.compile(rb"[^\W\d]\w*")
#: So few characters may go here and come there by chance.
_BLOCK = 20
#: A line that brings a name or a block of its own into the world, in the usual languages.
_DEFINES = re.compile(
    rb"\s*+(?>(?:(?:export|default|pub(?:\([^)]*+\))?+|public|private|protected|static|async|abstract|final)\s++)*)"
    rb"(?:def|class|function|func|fn|struct|enum|interface|trait|type|module|impl)\b"
)
_IMPORT = re.compile(
    rb"\s*+(?:import\b|from\s++\S++\s++import\b|export\b.*\bfrom\b|#\s*+include\b|using\b|use\s|require\b|package\b|"
    rb"(?:const|let|var)\s++[\w{},\s]++=\s*+require\()"
)
_INLINE_TESTS = re.compile(rb"\s*+#\[cfg\((?:all\()?test\b")


@dataclass(frozen=True, slots=True)
class Part:
    """What one trial takes back.

    ``units`` are ids; ``cut`` are lines of the new file instead (0-based, end excluded), for a piece inside of what
    the change adds. ``first`` and ``last`` are the lines in the new file (from 1; 0 and 0: the whole file).
    """

    key: str
    units: frozenset[str]
    path: str
    first: int
    last: int
    lines: int
    cut: tuple[int, int] | None = None

    def holds(self, other: Part) -> bool:
        """Whether another piece lies inside of this one."""
        if self.path != other.path or self.cut is None or other.cut is None or self.cut == other.cut:
            return False
        return self.cut[0] <= other.cut[0] and other.cut[1] <= self.cut[1]


@dataclass(frozen=True, slots=True)
class Division:
    """A change, taken apart: unit ids of tests and of all else, the parts to ask about, and what was left out, why."""

    files: tuple[FileDiff, ...]
    units: Mapping[str, Unit]
    tests: frozenset[str]
    rest: frozenset[str]
    parts: tuple[Part, ...]
    left_out: Mapping[str, int]


def is_test(path: str, own: Callable[[str], bool]) -> bool:
    """Whether tests are kept at a path: by its name, or since the policy says so (``own``)."""
    return own(path) or classify(path) is PathClass.TEST or path.endswith(".snap")


def divide(
    judged: Sequence[ClassifiedUnit],
    own_tests: Callable[[str], bool],
    governs: Callable[[str], bool],
    risk: Mapping[str, int],
) -> Division:
    """Take a change apart; ``risk`` says how risky each unit is (by id), so that the riskiest parts come first."""
    units = {one.unit.id: one.unit for one in judged}
    files = tuple({one.unit.path: one.unit.file for one in judged}.values())
    tests = frozenset(one.unit.id for one in judged if _in_tests(one.unit, own_tests))
    rest = frozenset(one.unit.id for one in judged if one.unit.id not in tests and not governs(one.unit.path))
    asked: list[Unit] = []
    left_out: Counter[str] = Counter()
    for one in judged:
        if one.unit.id in rest:
            why = _left_out(one)
            if why:
                left_out[why] += 1
            else:
                asked.append(one.unit)
    parts = _grouped(asked, {one.unit.id: one.kind for one in judged}, left_out)
    order = sorted(parts, key=lambda part: (-max(risk.get(each, 0) for each in part.units), -part.lines, part.key))
    return Division(files, units, tests, rest, tuple(order), left_out)


def _in_tests(unit: Unit, own: Callable[[str], bool]) -> bool:
    if is_test(unit.path, own):
        return True
    if not unit.path.endswith(".rs") or unit.hunk is None:
        return False
    # Rust keeps a module's tests at the end of its own file.
    data, at = (unit.file.new, unit.hunk.new_start) if unit.hunk.new else (unit.file.old, unit.hunk.old_start)
    lines = split_lines(data or b"")
    begin = next((number for number, line in enumerate(lines) if _INLINE_TESTS.match(line)), len(lines))
    return at >= begin


def _left_out(one: ClassifiedUnit) -> str:
    """Why nobody is asked about a unit; empty if somebody is."""
    unit, path_class = one.unit, one.path_class
    if path_class in _NO_CODE or unit.path.endswith(_TYPE_FILES):
        return f"{path_class} files" if path_class in _NO_CODE else "types"
    if path_class is PathClass.CONFIG and (unit.path.rpartition("/")[2].startswith(".") or "/" not in unit.path):
        return "settings"
    if one.kind in (UnitKind.FORMAT, UnitKind.STYLE):
        return "formatting"
    if one.kind is UnitKind.COMMENT:
        return "comments"
    if unit.hunk is None:
        return "" if one.kind is UnitKind.ADD and unit.lines else "files as a whole"
    if _only_imports(unit):
        return "imports"
    return "types" if _only_types(unit) else ""


def _only_imports(unit: Unit) -> bool:
    hunk = unit.hunk
    assert hunk is not None
    if unit.path.endswith(".py"):
        sides = ((unit.file.old, hunk.old_start, hunk.old), (unit.file.new, hunk.new_start, hunk.new))
        return all(
            import_lines(data or b"").issuperset(
                at + number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(b"#")
            )
            for data, at, lines in sides
        )
    lines = [line for line in (*hunk.old, *hunk.new) if line.strip()]
    return all(_IMPORT.match(line) for line in lines)


def _only_types(unit: Unit) -> bool:
    hunk, old = unit.hunk, unit.file.old
    assert hunk is not None
    if not unit.path.endswith(".py") or old is None or unit.file.new is None:
        return False
    kept = [each for each in unit.file.hunks if each is not hunk]
    without = state_after(unit.file, kept, set(unit.file.atoms)).data
    return only_types(old if without is None else without, unit.file.new)


def _grouped(asked: Sequence[Unit], kinds: Mapping[str, UnitKind], left_out: Counter[str]) -> list[Part]:
    hunks = [unit for unit in asked if unit.hunk is not None]
    by_id = {unit.id: unit for unit in asked}
    parts: list[Part] = []
    taken: set[str] = set()
    for ids in _merged([*related(hunks), *_moved(hunks)]):
        own = [unit for unit in hunks if unit.id in ids]
        taken |= ids
        if _is_refactoring(own, {kinds[unit.id] for unit in own}):
            left_out["moved or renamed"] += len(own)
        else:
            parts.append(_part(own))
    return parts + [_part([unit]) for unit in by_id.values() if unit.id not in taken]


def _moved(hunks: Sequence[Unit]) -> Iterator[frozenset[str]]:
    """Lines that go in one place and come, with others, in another: taken back alone, they would be there twice."""
    added = [(unit, _lines(unit.hunk.new)) for unit in hunks if unit.hunk and unit.hunk.new]
    for unit in hunks:
        assert unit.hunk is not None
        gone = _lines(unit.hunk.old) if not unit.hunk.new else frozenset()
        if sum(len(line) for line in gone) < _BLOCK:
            continue
        for other, lines in added:
            if gone <= lines:
                yield frozenset((unit.id, other.id))
                break


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
    defined = any(_DEFINES.match(line) for unit in own if unit.hunk for line in unit.hunk.new)
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
            continue
        if state.path in wanted:
            raise NoTreeError(state.path)
        wanted[state.path] = state
    folders = {path[:at] for path in wanted for at in range(len(path)) if path[at] == "/"}
    if folders & wanted.keys():
        raise NoTreeError(min(folders & wanted.keys()))
    return {path: wanted.get(path) for path in dict.fromkeys((*after, *wanted)) if wanted.get(path) != after.get(path)}


def cut_out(division: Division, part: Part) -> tuple[FileState, FileState | None]:
    """The file of a part that cuts lines out, and once more with `pass` in their place where that reads better."""
    assert part.cut is not None
    file = next(each for each in division.files if each.path == part.path)
    lines = split_lines(file.new or b"")
    begin, end = part.cut
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    gone = b"".join((*lines[:begin], *lines[end:]))
    filled = b"".join((*lines[:begin], indent + b"pass\n", *lines[end:]))
    other = FileState(part.path, file.new_mode, filled) if part.path.endswith(".py") else None
    return FileState(part.path, file.new_mode, gone), other


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


# -- pieces inside of what a change adds --------------------------------------------------------------------------

#: A change of fewer lines than this has no pieces of its own.
_FEW = 3
#: Of one part, so many pieces are asked about at most: the conditions first.
MOST_PIECES = 8
_CONDITION = re.compile(rb"(?:if|for|foreach|while|unless|switch|match|with)\b")
_GOES_ON = re.compile(rb"\}?\s*+(?:else|elif|elsif|elseif|except|catch|finally|rescue|ensure|case|when)\b")
_STATEMENT = re.compile(
    rb"(?:return|raise|throw|yield|panic)\b|(?:self|this)\.[\w.]++\s*+[-+*/|&]?=[^=]|"
    rb"[\w.]++\[[^\]]++\]\s*+[-+*/|&]?=[^=]|(?:await\s++)?+[\w.]++\("
)
#: What a function returns anyway, or hands on.
_NOTHING = frozenset((b"", b"None", b"nil", b"null", b"undefined", b"err", b"Ok(())"))
_TALK = (b"log", b"print", b"debug", b"info", b"warn", b"console", b"super", b"fmt")
_CLOSERS = frozenset((b"end", b"fi", b"done", b"esac"))


def _is_statement(line: bytes) -> bool:
    """Whether a line, without its indentation, does something that could be noticed."""
    if not _STATEMENT.match(line):
        return False
    if line.startswith(b"return"):
        return line.removeprefix(b"return").strip(b" \t\r\n;") not in _NOTHING
    words = line.partition(b"(")[0].split(b".")
    return not any(word.startswith(_TALK) for word in (words[0], words[-1]))


def _is_closer(line: bytes) -> bool:
    word = line.strip()
    return word in _CLOSERS or (word.startswith(b"}") and not word.strip(b"};,) \t"))


def pieces(division: Division, part: Part) -> tuple[Part, ...]:
    """Conditions with all that hangs on them, and statements, inside of the lines that a part adds."""
    found: list[tuple[int, Part]] = []
    for each in sorted(part.units):
        unit = division.units[each]
        lines = split_lines(unit.file.new or b"")
        begin, end = (
            (0, len(lines)) if unit.hunk is None else (unit.hunk.new_start, unit.hunk.new_start + len(unit.hunk.new))
        )
        if unit.file.is_binary or unit.file.new is None or sum(bool(line.strip()) for line in lines[begin:end]) < _FEW:
            continue
        for weight, (first, last) in _spans(lines, begin, end):
            key = f"{unit.id}:{first - begin}-{last - begin}"
            found.append((weight, Part(key, part.units, unit.path, first + 1, last, last - first, (first, last))))
    found.sort(key=lambda one: (one[0], one[1].first))
    return tuple(piece for _, piece in found[:MOST_PIECES])


def _spans(lines: Sequence[bytes], begin: int, end: int) -> Iterable[tuple[int, tuple[int, int]]]:
    for at in range(begin, end):
        line = lines[at].lstrip()
        last = 0
        if _CONDITION.match(line):
            last, weight = _block_end(lines, at, end), 0
        elif _is_statement(line):
            last, weight = _statement_end(lines, at, end), 1
        if last and not (at == begin and last == end):
            yield weight, (at, last)


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip())


def _block_end(lines: Sequence[bytes], at: int, end: int) -> int:
    """Where the block that begins at a line ends (excluded); 0 if it goes on past the change or has other arms."""
    here = at + 1
    while here < len(lines) and (not lines[here].strip() or _depth(lines[here]) > _depth(lines[at])):
        here += 1
    while not lines[here - 1].strip():
        here -= 1
    if here < len(lines) and _GOES_ON.match(lines[here].lstrip()):
        return 0
    if here < len(lines) and _is_closer(lines[here]) and _depth(lines[here]) == _depth(lines[at]):
        here += 1
    return (
        here
        if at + 1 < here <= end or (here == at + 1 <= end and lines[at].count(b"{") == lines[at].count(b"}"))
        else 0
    )


def _statement_end(lines: Sequence[bytes], at: int, end: int) -> int:
    """Where a statement ends, by its brackets (excluded); 0 if it opens a block or goes on past the change."""
    open_ = 0
    for here in range(at, end):
        line = lines[here]
        open_ += sum(line.count(each) for each in (b"(", b"[", b"{")) - sum(
            line.count(each) for each in (b")", b"]", b"}")
        )
        if open_ < 0:
            return 0
        if open_ == 0:
            return here + 1 if not line.rstrip().endswith((b"\\", b"{", b"=>", b",", b":")) else 0
    return 0
