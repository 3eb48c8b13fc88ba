"""What a change is made of for a proof: tests apart from code, and the parts that are taken back one by one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from planfence.change.hunks import FileDiff, FileState, Hunk, Unit, split_lines, state_after
from planfence.change.pathclass import PathClass, classify
from planfence.content import pyequal
from planfence.content.crosshunk import NOT_NAMES, related
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.prove.ctext import dead_lines, live, may_be_off
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
    rb"(?:def|class|function|func|fn|struct|enum|interface|trait|type|module|impl)\b(?:\s++(\w++))?+"
)
_IMPORT = re.compile(
    rb"\s*+(?:import\b|from\s++\S++\s++import\b|export\b.*\bfrom\b|#\s*+include\b|using\b|use\s|require\b|package\b|"
    rb"(?:const|let|var)\s++[\w{},\s]++=\s*+require\()"
)
_INLINE_TESTS = re.compile(rb"\s*+#\[cfg\((?:all\()?test\b")
_MODULE = re.compile(rb"\s*+(?:pub(?:\([^)]*+\))?+\s++)?+mod\s++(\w++)\s*+;")
#: Settings of a tool that are written as a program: `eslint.config.mjs`.
_TOOL = re.compile(r"\A[\w.-]+\.config\.[cm]?[jt]s\Z")
#: A line of a build file or of settings that may say which tests run.
_SELECTS = re.compile(rb"test|spec\b|addopts|deselect|ignore", re.IGNORECASE)
#: A function that C only announces.
_DECLARATION = re.compile(
    rb"(?!(?:return|else|throw|delete|if|while|for|switch|do|goto|case|sizeof)\b)[A-Za-z_](?:[\w*]*+[\s*]++|\w*+\([\w\s*]++\)\s++)[\w\s*]*+\([^;{}]*+"
)
_REST_OF_LINE = re.compile(rb"//[^\n]*+")
_INCLUDE = re.compile(rb"^[^\S\n]*+#[^\S\n]*+(?:include|pragma)\b[^\n]*+", re.MULTILINE)
#: Languages that the preprocessor of C reads first.
C_FILES = (".h", ".hh", ".hpp", ".hxx", ".c", ".cc", ".cpp", ".cxx")
#: A function of C, or a macro: a name that is there for others.
_C_DEFINES = re.compile(rb"#\s*+define\s++(\w++)|[A-Za-z_][\w\s*]*?\b(\w++)\([^;]*+$")
_REMARKS = (b"//", b"/*", b"* ", b"*/", b"@", b"# ", b"#[")
#: A variable that is declared, set or both.
_SETS = re.compile(
    rb"\s*+(?!(?:return|raise|throw|yield|delete|del|goto|await|else|break|continue)\b)(?:[\w*:<>]++\s++)*?\**+(\w++)\s*+"
    rb"(?:=(?!=).*|;\s*+)\Z",
    re.DOTALL,
)
#: So many lines below it the uses of a variable are looked for.
_NEAR = 120
#: What a function does that is there for others to write.
_STUB = re.compile(
    rb"\s*+(?:(?:raise|throw|panic)\b.*\bnot.?(?:yet.?)?implemented|(?:todo|unimplemented)!\(|TODO\(|\.\.\.\s*+(?:#|\Z))",
    re.IGNORECASE,
)
_REMARK_BEHIND = re.compile(rb"#|//")
_ON_ONE_LINE = re.compile(rb"\s*+(?:async\s++)?+def\b.*:\s*+(\.\.\.|raise\s++NotImplementedError\b.*)\s*+\Z")
_VERSION = re.compile(
    rb"\s*+(?:#\s*+define\s++)?+[\w.-]*?version\w*+[\"']?\s*+[=:]?\s*+[\"'(]?v?\d[\w.]*+[\"'),;]*+\s*+", re.IGNORECASE
)
#: A line that says a version is shorter, in bytes.
_LONG = 200
_QUOTES = (b'"""', b"'''")
_ENDS = frozenset((b"", b"}", b"};", b"end"))
_TYPED = (".ts", ".tsx", ".mts", ".cts")
_TYPE_BLOCK = re.compile(rb"\s*+(?:export\s++)?+(?:declare\b|interface\b|type\s++\w)")


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
        if self.path != other.path or self.cut is None or other.cut is None or self.cut == other.cut:
            return False
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


def defines(line: bytes) -> bool:
    """Whether a line brings a name or a block of its own into the world."""
    return _DEFINES.match(line) is not None


def is_stub(lines: Iterable[bytes]) -> bool:
    """Whether lines are nothing but functions that only say that they are not implemented."""
    stubs = begun = 0
    for line in lines:
        word = line.strip()
        says = _REMARK_BEHIND.split(line, 1)[0]
        if _ON_ONE_LINE.match(line):
            stubs, begun = stubs + 1, begun + 1
        elif _STUB.match(says):
            stubs += 1
        elif defines(line) and word.endswith((b":", b"{")):
            begun += 1
        elif not (word in _ENDS or word in (b"*", b"#") or word.startswith((*_REMARKS, *_QUOTES))):
            return False
    return min(stubs, begun) > 0


def is_silent(path: str, lines: Sequence[bytes]) -> bool:
    """Whether no test can notice that these lines are gone: stubs, or declarations of C."""
    return is_stub(lines) or (path.endswith(C_FILES) and _only_declares(b"".join(lines)))


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
    inline = frozenset(file.path for file in files if file.old is None and _first_inline_test(file) is not None)
    tests = frozenset(one.unit.id for one in judged if _in_tests(one, own_tests, inline))
    chooses = frozenset(one.unit.id for one in judged if one.unit.id in tests and _chooses(one, own_tests))
    rest = frozenset(one.unit.id for one in judged if one.unit.id not in tests and not governs(one.unit.path))
    words = frozenset(name for file in files for name in _NAME.findall(file.new or b""))
    asked: list[Unit] = []
    spared: Counter[str] = Counter()
    for one in judged:
        if one.unit.id in rest:
            why = left_out(one) or ("removed and unused" if _is_dead(one.unit, words) else "")
            if why:
                spared[why] += 1
            else:
                asked.append(one.unit)
    parts = _grouped(asked, {one.unit.id: one.kind for one in judged}, spared)
    order = sorted(parts, key=lambda part: (-max(risk.get(each, 0) for each in part.units), -part.lines, part.key))
    return Division(files, units, tests, chooses, rest, tuple(order), spared)


def _in_tests(one: ClassifiedUnit, own: Callable[[str], bool], inline: Collection[str]) -> bool:
    """Whether a unit is tests, or what makes them run; ``inline`` are new files that bring tests of their own."""
    unit = one.unit
    if is_test(unit.path, own):
        return True
    if _chooses(one, own):
        return True
    if not unit.path.endswith(".rs") or unit.hunk is None:
        return False
    if inline and _declares(unit, inline):
        return True
    # Rust keeps a module's tests at the end of its own file.
    data, at = (unit.file.new, unit.hunk.new_start) if unit.hunk.new else (unit.file.old, unit.hunk.old_start)
    begin = _inline_tests_at(data)
    return begin is not None and at >= begin


def _chooses(one: ClassifiedUnit, own: Callable[[str], bool]) -> bool:
    """Whether a unit may say which tests run."""
    if one.unit.path.rpartition("/")[2] == "conftest.py":
        return True
    if is_test(one.unit.path, own) or not (_is_setting(one) or one.path_class in (PathClass.BUILD, PathClass.DEPS)):
        return False
    return any(_SELECTS.search(line) for line in _changed(one.unit))


def _changed(unit: Unit) -> Iterable[bytes]:
    if unit.hunk is not None:
        return (*unit.hunk.old, *unit.hunk.new)
    return () if unit.file.is_binary else split_lines(unit.file.new or unit.file.old or b"")


def _inline_tests_at(data: bytes | None) -> int | None:
    """The line (from 0) at which Rust's tests of a file begin; None if it has none."""
    lines = split_lines(data or b"")
    return next((number for number, line in enumerate(lines) if _INLINE_TESTS.match(line)), None)


def _first_inline_test(file: FileDiff) -> int | None:
    return _inline_tests_at(file.new) if file.path.endswith(".rs") else None


def _declares(unit: Unit, inline: Collection[str]) -> bool:
    """Whether a hunk does nothing but bring new files with tests into the program."""
    assert unit.hunk is not None
    lines = [line for line in unit.hunk.new if line.strip()]
    names = [found[1].decode() for line in lines if (found := _MODULE.match(line))]
    known = {path.rpartition("/")[2].removesuffix(".rs") for path in inline}
    known |= {path.rpartition("/")[0].rpartition("/")[2] for path in inline if path.endswith("/mod.rs")}
    return not unit.hunk.old and bool(names) and len(names) == len(lines) and known.issuperset(names)


def _is_setting(one: ClassifiedUnit) -> bool:
    path = one.unit.path
    if "/" not in path and _TOOL.search(path):
        return True
    return one.path_class is PathClass.CONFIG and (path.rpartition("/")[2].startswith(".") or "/" not in path)


def left_out(one: ClassifiedUnit) -> str:
    """Why nobody is asked about a unit; empty if somebody is."""
    unit, path_class = one.unit, one.path_class
    if path_class in _NO_CODE or unit.path.endswith(_TYPE_FILES):
        return f"{path_class} files" if path_class in _NO_CODE else "types"
    if _is_setting(one):
        return "settings"
    if one.kind in (UnitKind.FORMAT, UnitKind.STYLE):
        return "formatting"
    if one.kind is UnitKind.COMMENT:
        return "comments"
    if unit.hunk is None:
        return "" if one.kind is UnitKind.ADD and unit.lines else "files as a whole"
    if all(len(line) < _LONG and _VERSION.fullmatch(line) for line in (*unit.hunk.old, *unit.hunk.new) if line.strip()):
        return "version numbers"
    if _only_imports(unit):
        return "imports"
    if not unit.hunk.old and is_stub(unit.hunk.new):
        return "stubs"
    if unit.path.endswith(C_FILES) and _is_switched_off(unit):
        return "comments"
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
    if unit.path.endswith(C_FILES):
        return all(_only_declares(b"".join(lines)) for lines in (hunk.old, hunk.new))
    if unit.path.endswith(_TYPED):
        sides = ((old, hunk.old_start, hunk.old), (unit.file.new, hunk.new_start, hunk.new))
        return all(_in_type(split_lines(data or b""), at, at + len(lines)) for data, at, lines in sides)
    if not unit.path.endswith(".py") or old is None or unit.file.new is None:
        return False
    return only_types(_file_without(unit), unit.file.new)


def _file_without(unit: Unit) -> bytes:
    """The new file with this hunk alone taken back."""
    kept = [each for each in unit.file.hunks if each is not unit.hunk]
    data = state_after(unit.file, kept, set(unit.file.atoms)).data
    return (unit.file.old or b"") if data is None else data


def _is_switched_off(unit: Unit) -> bool:
    """Whether nothing of a hunk is ever compiled: it stands under `#if 0`."""
    if not may_be_off(unit.file.old or b"") and not may_be_off(unit.file.new or b""):
        return False
    old, new = (split_lines(each or b"") for each in (unit.file.old, unit.file.new))
    if not old or not (dead_lines(old) or dead_lines(new)):
        return False
    return live(split_lines(_file_without(unit))) == live(new)


def _without_comments(text: bytes) -> bytes:
    kept, at = [], 0
    while (begin := text.find(b"/*", at)) >= 0:
        kept.append(text[at:begin])
        end = text.find(b"*/", begin + 2)
        at = end + 2 if end >= 0 else len(text)
    return _REST_OF_LINE.sub(b"", b"".join((*kept, text[at:])))


def _only_declares(text: bytes) -> bool:
    """Whether lines of C are nothing but comments, inclusions, and functions that are announced."""
    *told, rest = _INCLUDE.sub(b"", _without_comments(text)).split(b";")
    return not rest.strip() and all(_DECLARATION.fullmatch(each.lstrip(b"\r\n")) for each in told)


def _is_dead(unit: Unit, words: Collection[bytes]) -> bool:
    """Whether a definition is gone that nobody names any more: no test can notice that it comes back."""
    hunk = unit.hunk
    if hunk is None or b"".join(hunk.new).strip():
        return False
    remarks = _REMARKS if unit.path.endswith(C_FILES) else (*_REMARKS, b"#")
    begin = next((line for line in hunk.old if line.strip() and not line.lstrip().startswith(remarks)), b"")
    named = _definition(unit.path, begin)
    name = next(filter(None, named.groups()), b"") if named is not None else b""
    return bool(name) and name not in words


def _in_type(lines: Sequence[bytes], begin: int, end: int) -> bool:
    """Whether lines of TypeScript stand in interfaces and types, by their indentation: nothing of them runs."""
    above = begin
    while 0 < above < len(lines) and _is_inside(lines[above]):
        above -= 1
    return all(_is_inside(line) or _TYPE_BLOCK.match(line) for line in lines[above:end])


def _is_inside(line: bytes) -> bool:
    return not line.strip() or line.startswith((b" ", b"\t", b"}", b"|", b"&"))


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
        if not line[:1].isspace() and (found := _definition(unit.path, line))
        for name in found.groups()
        if name
    )


def _before(unit: Unit) -> frozenset[bytes]:
    return _defined(unit, unit.hunk.old if unit.hunk else ())


def _definition(path: str, line: bytes) -> re.Match[bytes] | None:
    return _DEFINES.match(line) or (_C_DEFINES.match(line.rstrip()) if path.endswith(C_FILES) else None)


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
            begin = _first_inline_test(file)
            if begin is None or any(unit.file is file for unit in map(division.units.get, division.tests) if unit):
                continue
            # The file's own tests stay where its code is taken back.
            state = FileState(file.path, file.new_mode, b"".join(split_lines(file.new or b"")[begin:]))
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
