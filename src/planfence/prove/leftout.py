"""What nobody is asked about, since no test is meant to notice it, or could: the kinds of it, and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from planfence.change.hunks import Hunk, Unit, split_lines, state_after
from planfence.change.pathclass import PathClass
from planfence.content.languages import language_of
from planfence.content.lexing import Lexed, PastDeadline, lex
from planfence.content.unitkinds import ClassifiedUnit, UnitKind
from planfence.prove.ctext import dead_lines, live, may_be_off
from planfence.prove.pythontext import import_lines, only_types
from planfence.prove.scripttext import what_runs
from planfence.prove.testcode import is_setting

#: Classes of paths whose lines no test is meant to notice.
_NO_CODE = frozenset(
    (PathClass.LOCK, PathClass.GENERATED, PathClass.CI, PathClass.DOCS, PathClass.DEPS, PathClass.BUILD)
)
_TYPE_FILES = (".pyi", ".d.ts", ".d.mts", ".d.cts")
#: A line that brings a name or a block of its own into the world, in the usual languages.
_DEFINES = re.compile(
    rb"\s*+(?>(?:(?:export|default|pub(?:\([^)]*+\))?+|public|private|protected|static|async|abstract|final)\s++)*)"
    rb"(?:def|class|function|func|fn|struct|enum|interface|trait|type|module|impl)\b(?:\s++(\w++))?+"
)
_IMPORT = re.compile(
    rb"\s*+(?:import\b|from\s++\S++\s++import\b|export\b.*\bfrom\b|#\s*+include\b|using\b|use\s|require\b|package\b|"
    rb"(?:const|let|var)\s++[\w{},\s]++=\s*+require\()"
)
#: A function that C only announces.
_DECLARATION = re.compile(
    rb"(?!(?:return|else|throw|delete|if|while|for|switch|do|goto|case|sizeof)\b)[A-Za-z_](?:[\w*]*+[\s*]++|\w*+\([\w\s*]++\)\s++)[\w\s*]*+\([^;{}]*+"
)
_C_REMARK = re.compile(rb"//[^\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL)
#: Inclusions, and what headers stand in.
_INCLUDE = re.compile(
    rb"^[^\S\n]*+#[^\S\n]*+(?:(?:include|pragma|endif)\b[^\n]*+|"
    rb"ifndef[^\S\n]++(\w+_H\w*+)[^\S\n]*+\n#[^\S\n]*+define[^\S\n]++\1[^\S\n]*+$|"
    rb"ifdef[^\S\n]++__cplusplus[^\S\n]*+\n(?:extern[^\S\n]++\"C\"[^\S\n]*+\{|\})[^\n]*+\n#[^\S\n]*+endif\b[^\n]*+)",
    re.MULTILINE,
)
#: Words that change nothing if it builds without them, in a line's code; `static` in front of a function alone.
_QUALIFIERS = re.compile(r"\b(?:const|inline|restrict|register)\b|\Astatic(?= [^=;{}]*\)(?: \{)?\Z)")
_MAY_QUALIFY = re.compile(rb"const|let|inline|restrict|register|static")
_BINDS = re.compile(r"(?<!\. )\b(?:const|let)\b(?= (?:\w++ (?:[=:]|(?:of|in)\b)|[{\[]))")
_CONSTANT = re.compile(rb"\bconst\s++(\w++)")
#: A declaration that takes a value apart, and its brackets.
_TAKES_APART = re.compile(rb"\b(?:const|let|var)\s*+(?=[{\[])")
_BRACKET = re.compile(rb"[{}\[\]]")
_LONGEST = 4096
#: Where a variable may be given another value, its declaration apart.
_SET_AGAIN = re.compile(
    rb"(?:\+\+|--)\s*+(\w++)|\(\s*+(\w++)\s++(?:of|in)\b|[\[{]([^\[\]{}]*+)[\]}]\s*+=(?![=>])|"
    rb"(?<![\w$.])(?<!let )(?<!const )(?<!var )(\w++)[^\S\n]*+(?:\+\+|--|(?:[-+*/%&|^?]|<<|>>)*+=(?![=>]))"
)
_SCRIPTS = (".js", ".mjs", ".cjs")
#: (how an import of several lines begins, how it ends)
_LISTS = (
    (re.compile(rb"\A(?:import|export)\b[^=;{]*+\{\s*+\Z"), re.compile(rb"\}\s*+from\b")),
    (re.compile(rb"\A(?:pub(?:\([^)]*+\))?+\s++)?+use\b[^;{]*+\{\s*+\Z"), re.compile(rb"\};")),
    (re.compile(rb"import\s*+\(\s*+\Z"), re.compile(rb"\)")),
)
#: Lines that are comments in files whose language is not known otherwise.
_SAID = dict.fromkeys(("po", "pot"), (b"#:", b"#.", b"#|", b"#~", b"# ", b"#\n"))
#: What PHP reads as one: text outside of its tags, comments (the group), strings.
_PHP = re.compile(
    rb"(?:\A|\?>).*?<\?|\?>.*|((?://|#(?!\[)).*?(?=\n|\?>|\Z)|/\*.*?(?:\*/|\Z))|'(?:\\.|[^'\\])*+'?|\"(?:\\.|[^\"\\])*+\"?|`(?:\\.|[^`\\])*+`?",
    re.DOTALL,
)
_SPACE = b"\0 \t\r\n"
#: Languages that the preprocessor of C reads first.
C_FILES = (".h", ".hh", ".hpp", ".hxx", ".c", ".cc", ".cpp", ".cxx")
#: A function of C, or a macro: a name that is there for others.
_C_DEFINES = re.compile(rb"#\s*+define\s++(\w++)|[A-Za-z_][\w\s*]*?\b(\w++)\([^;]*+$")
_REMARKS = (b"//", b"/*", b"* ", b"*/", b"@", b"# ", b"#[")
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
_CALCULATED = (".ts", ".mts", ".cts")
#: What of a `.tsx` file runs is not told: its markup holds plain text.
_TYPED = (*_CALCULATED, ".tsx")
_TYPE_BLOCK = re.compile(rb"\A\s*+(?:export\s++)?+(?:declare\b|interface\b|type\s++\w)")
#: So many lines around a hunk of TypeScript show in which brackets it stands.
_NEAR = 40
_INTERFACE = re.compile(rb"\Atype\s++\w++(?:\[[^\]]*+\])?+\s++interface\b")


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


def left_out(one: ClassifiedUnit) -> str:
    """Why nobody is asked about a unit; empty if somebody is."""
    unit, path_class = one.unit, one.path_class
    if one.kind is UnitKind.SUBMODULE:
        return "submodules"
    if path_class in _NO_CODE or unit.path.endswith(_TYPE_FILES):
        return f"{path_class} files" if path_class in _NO_CODE else "types"
    if is_setting(one):
        return "settings"
    if one.kind in (UnitKind.FORMAT, UnitKind.STYLE):
        return "formatting"
    if one.kind is UnitKind.COMMENT or _only_says(unit):
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
    if not unit.path.endswith(".py") and all(_IMPORT.match(line) for line in (*hunk.old, *hunk.new) if line.strip()):
        return True
    brought, remark = (import_lines, (b"#",)) if unit.path.endswith(".py") else (_list_lines, ())
    return all(
        brought(data or b"").issuperset(
            at + number for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(remark)
        )
        for data, at, lines in _sides(unit)
    )


@lru_cache(maxsize=4)
def _list_lines(data: bytes) -> frozenset[int]:
    """The lines (from 0) that are names which an import of several lines brings."""
    lines, begin = split_lines(data), 0
    found: set[int] = set()
    for at, line in enumerate(lines):
        if not line[:1].isspace():
            if at > begin + 1 and any(one.match(lines[begin]) and other.match(line) for one, other in _LISTS):
                found.update(range(begin + 1, at))
            begin = at
    return frozenset(found)


def _sides(unit: Unit) -> tuple[tuple[bytes | None, int, Sequence[bytes]], ...]:
    """(file, first line of the hunk, its lines): before and after."""
    hunk = unit.hunk
    assert hunk is not None
    return (unit.file.old, hunk.old_start, hunk.old), (unit.file.new, hunk.new_start, hunk.new)


def _span(data: bytes, at: int, lines: Sequence[bytes]) -> tuple[int, int]:
    """Where lines begin and end in a file, in bytes."""
    begin = sum(map(len, _lines(data)[:at]))
    return begin, begin + sum(map(len, lines))


def _only_says(unit: Unit) -> bool:
    if unit.hunk is None:
        return False
    if unit.path.endswith(".php"):
        ends = [_says_php(data or b"", *_span(data or b"", at, lines)) for data, at, lines in _sides(unit)]
        return ends[0] is not None and ends[0] == ends[1]
    signs = _SAID.get(unit.path.rpartition(".")[2])
    if signs is None:
        return False
    return all(line.lstrip().startswith(signs) for line in (*unit.hunk.old, *unit.hunk.new) if line.strip())


def _says_php(data: bytes, begin: int, end: int) -> bool | None:
    """Whether a span of PHP ends inside a comment; None if it is more than comments, or may be text."""
    code = _php_code(data)
    return None if b"<<<" in data or code[begin:end].strip(_SPACE) else code[max(0, end - 1) : end] == b"\0"


@lru_cache(maxsize=4)
def _php_code(data: bytes) -> bytes:
    """A file of PHP, with zeros for its comments."""
    return _PHP.sub(lambda found: b"\0" * len(found[0]) if found[1] else found[0], data)


def _only_types(unit: Unit) -> bool:
    hunk, old, new = unit.hunk, unit.file.old, unit.file.new
    assert hunk is not None
    path = unit.path
    if path.endswith(C_FILES):
        return _alike(unit, _QUALIFIERS, "") or all(_only_declares(b"".join(lines)) for lines in (hunk.old, hunk.new))
    if path.endswith((*_CALCULATED, *_SCRIPTS)) and _alike(unit, _BINDS, "let"):
        names = _CONSTANT.findall(b"".join(hunk.new))
        begin, end = _span(new or b"", hunk.new_start, hunk.new)
        for start, stop in _taken_apart(new or b""):
            names += re.findall(rb"\w+", (new or b"")[start:stop]) if begin <= start < end else []
        return _set_again(new or b"").isdisjoint(names)
    if path.endswith((*_TYPED, ".go")):
        begins = _INTERFACE if path.endswith(".go") else _TYPE_BLOCK
        if all(_in_type(_lines(data or b""), at, at + len(lines), begins) for data, at, lines in _sides(unit)):
            return True
    if path.endswith(_CALCULATED):
        before, after = _around(_lines(new or b""), hunk)
        return what_runs(before) == what_runs(after)
    return path.endswith(".py") and old is not None and new is not None and only_types(_file_without(unit), new)


@lru_cache(maxsize=4)
def _set_again(data: bytes) -> frozenset[bytes]:
    """The names of a script that may be given another value."""
    ends = [0, *(at for span in _taken_apart(data) for at in span), len(data)]
    rest = b"".join(data[begin:end] for begin, end in zip(ends[::2], ends[1::2], strict=True))
    return frozenset(re.findall(rb"\w+", b" ".join(map(b" ".join, _SET_AGAIN.findall(rest)))))


@lru_cache(maxsize=4)
def _taken_apart(data: bytes) -> list[tuple[int, int]]:
    """Where what declarations take apart begins and ends: `{ a, b: [c] }`."""
    found: list[tuple[int, int]] = []
    for match in _TAKES_APART.finditer(data):
        if found and match.start() < found[-1][1]:
            continue
        depth = 0
        for bracket in _BRACKET.finditer(data, match.end(), match.end() + _LONGEST):
            depth += 1 if bracket[0] in b"{[" else -1
            if not depth:
                found.append((match.end(), bracket.end()))
                break
    return found


def _around(lines: Sequence[bytes], hunk: Hunk) -> tuple[bytes, bytes]:
    """What a hunk stands in, by indentation, as far as that is near: without the hunk, and as it is."""
    begin = first = hunk.new_start
    end = last = first + len(hunk.new)
    while max(0, first - _NEAR) < begin < len(lines) and _is_inside(lines[begin]):
        begin -= 1
    while end < min(len(lines), last + _NEAR) and _is_inside(lines[end]):
        end += 1
    above, below = lines[begin:first], lines[last:end]
    return b"".join((*above, *hunk.old, *below)), b"".join((*above, *hunk.new, *below))


def _alike(unit: Unit, words: re.Pattern[str], instead: str) -> bool:
    """Whether both sides of a hunk differ in some words, and in nothing else but comments and spaces."""
    hunk = unit.hunk
    assert hunk is not None
    if _MAY_QUALIFY.findall(b"".join(hunk.old)) == _MAY_QUALIFY.findall(b"".join(hunk.new)):
        return False
    one, other = (_code(unit.path, data or b"", at, lines) for data, at, lines in _sides(unit))
    if one is None or other is None or one == other:
        return False
    (first, *rest), (second, *others) = one, other
    code = ([words.sub(instead, line).split() for line in lines] for lines in (first, second))
    return rest == others and next(code) == next(code)


def _code(path: str, data: bytes, at: int, lines: Sequence[bytes]) -> tuple[list[str], object, object] | None:
    """Lines of a file without comments, their strings, and what they end in; None if that can't be told."""
    lexed = _lexed(path, data)
    if lexed is None:
        return None
    begin, end = _span(data, at, lines)
    code: list[str] = []
    strings: list[str] = []
    line: list[str] = []
    for token in lexed.tokens(begin, end):
        if token.kind == "newline":
            code.append(" ".join(line))
            line = []
        elif token.kind == "string":
            strings.append(token.text)
            line.append('""')
        elif token.kind != "comment":
            line += ["", token.text] if token.spaced and not line else [token.text]
    return [*code, " ".join(line)], strings, lexed.state(end)


@lru_cache(maxsize=4)
def _lexed(path: str, data: bytes) -> Lexed | None:
    language = language_of(path)
    try:
        return lex(data.decode("latin-1"), language) if language else None
    except PastDeadline:
        return None


@lru_cache(maxsize=4)
def _lines(data: bytes) -> Sequence[bytes]:
    return split_lines(data)


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


def _only_declares(text: bytes) -> bool:
    """Whether lines of C are nothing but comments, inclusions, and functions that are announced."""
    *told, rest = _INCLUDE.sub(b"", _C_REMARK.sub(b"", text)).split(b";")
    return not rest.strip() and all(_DECLARATION.fullmatch(each.lstrip(b"\r\n")) for each in told)


def is_dead(unit: Unit, words: Collection[bytes]) -> bool:
    """Whether a definition is gone that nobody names any more: no test can notice that it comes back."""
    hunk = unit.hunk
    if hunk is None or b"".join(hunk.new).strip():
        return False
    remarks = _REMARKS if unit.path.endswith(C_FILES) else (*_REMARKS, b"#")
    begin = next((line for line in hunk.old if line.strip() and not line.lstrip().startswith(remarks)), b"")
    named = definition(unit.path, begin)
    name = next(filter(None, named.groups()), b"") if named is not None else b""
    return bool(name) and name not in words


def _in_type(lines: Sequence[bytes], begin: int, end: int, begins: re.Pattern[bytes]) -> bool:
    """Whether lines stand in interfaces and types, by their indentation: nothing of them runs."""
    above = begin
    while 0 < above < len(lines) and _is_inside(lines[above]):
        above -= 1
    inside = lines[above:end]
    return not inside or (
        begins.match(inside[0]) is not None and all(_is_inside(line) or begins.match(line) for line in inside)
    )


def _is_inside(line: bytes) -> bool:
    return not line.strip() or line.startswith((b" ", b"\t", b"}", b")", b"|", b"&"))


def definition(path: str, line: bytes) -> re.Match[bytes] | None:
    """A line that brings a name into the world; the name is one of its groups."""
    return _DEFINES.match(line) or (_C_DEFINES.match(line.rstrip()) if path.endswith(C_FILES) else None)
