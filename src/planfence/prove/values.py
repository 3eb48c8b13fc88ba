"""What a value may be instead: another one of its type, or one side of it if it has two.

A test that asserts no more than a type, or that there is something, can't tell a value from another one of its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from planfence.prove.leftout import C_FILES
from planfence.records import dataclass

FUNCTION = re.compile(
    rb"(?>(?:(?:export|default|pub(?:\([^)]*+\))?+|public|private|protected|static|async|abstract|final)\s++)*)"
    rb"(?:def|class|function|func|fn)\b"
)
_BINDS = re.compile(rb"\s*+(?:export\s++)?+(?:const|let|var)\s++[\w$]++")
#: What a function returns anyway, or hands on.
NOTHING = frozenset((b"", b"None", b"nil", b"null", b"NULL", b"nullptr", b"undefined", b"err", b"Ok(())"))
_OPPOSITE = {b"True": b"False", b"False": b"True", b"true": b"false", b"false": b"true"}
_SCRIPTS = frozenset(("js", "mjs", "cjs", "jsx"))
_TYPED = frozenset(("ts", "tsx", "mts", "cts"))
_DEFAULTS = ("cc", "cpp", "cxx", "hpp", "hh")
SHELLS = ("sh", "bash")
#: What may be returned instead, in languages that want something of a fitting type; the first that builds.
_SOME_VALUE = {
    "c": (b"return 0;",),
    "h": (b"return 0;",),
    **dict.fromkeys(_DEFAULTS, (b"return {};", b"return 0;")),
    **dict.fromkeys(
        ("java", "cs", "kt", "scala", "dart"), (b'return "";', b"return null;", b"return 0;", b"return false;")
    ),
    "swift": (b"return nil", b"return 0", b"return false"),
    "rs": (b"return Default::default();",),
    **dict.fromkeys(_TYPED, (b"", b"return undefined as any;")),
}
#: What another value would be the same as, if zero is the one that is known.
_ZERO = frozenset(
    (
        *(b"0", b"0.0", b'""', b"''", b"()", b"[]", b"{}", b"false", b"nil", b"None", b"set()", b"dict()", b"list()"),
        *(b"Vec::new()", b"String::new()", b"std::nullopt"),
    )
)
#: A function that gives another value of the same type, as far as that is plain; what is not finite becomes 0.
_ANOTHER_SCRIPT = (
    b"((it%s) => typeof it === 'number' ? (Number.isFinite(it) ? it + 1 + Math.abs(it) : 0) : "
    b"typeof it === 'boolean' ? !it : "
    b"typeof it === 'string' && it ? '' : Array.isArray(it) && it.length ? [] : it && it.constructor === Object && "
    b"Object.keys(it).length ? {} : undefined%s)"
)
_ANOTHER = {
    "py": b"(lambda it: not it if type(it) is bool else "
    b"(0 if it - it else it + 1 + abs(it)) if type(it) in (int, float) else "
    b"type(it)() if type(it) in (str, bytes, list, tuple, dict, set) and it else None)",
    **dict.fromkeys(_SCRIPTS, _ANOTHER_SCRIPT % (b"", b"")),
    **dict.fromkeys(_TYPED, _ANOTHER_SCRIPT % (b": any", b" as any")),
}
_NO_VALUE = {
    "py": b"None",
    "rb": b"nil",
    **dict.fromkeys(_SCRIPTS, b"undefined"),
    **dict.fromkeys(_TYPED, b"undefined as any"),
}
#: Lines above a value are looked at so far.
_ABOVE = 240


@dataclass(frozen=True, slots=True)
class Text:
    """The new file of a part, by lines, with what kind of file it is."""

    lines: Sequence[bytes]
    extension: str

    @property
    def is_python(self) -> bool:
        """Whether an empty block needs a word."""
        return self.extension == "py"

    def fill(self, at: int) -> bytes:
        """What stands in an empty block, indented like a line; nothing where blocks may be empty."""
        return indent(self.lines[at]) + b"pass\n" if self.is_python else b""


def depth(line: bytes) -> int:
    """How far a line is indented."""
    return len(line) - len(line.lstrip())


def indent(line: bytes) -> bytes:
    """What a line is indented with."""
    return line[: depth(line)]


def opened(line: bytes, brackets: bytes) -> int:
    """How many of these brackets a line has."""
    return sum(map(line.count, brackets))


# -- another value ------------------------------------------------------------------------------------------------


def without_statement(text: Text, at: int, last: int) -> tuple[bytes, ...]:
    """What may stand in the place of a statement."""
    line = text.lines[at]
    word = line.lstrip()
    if word.startswith(b"return"):
        value = returned(b"".join(text.lines[at:last]))
        return tuple(indent(line) + each + b"\n" if each else b"" for each in _returns(text, at, value))
    if text.is_python and word.startswith(b"yield"):
        return (indent(line) + b"if False: " + b"".join((word, *text.lines[at + 1 : last])),)
    return (b"", text.fill(at)) if text.is_python else (b"",)


def returned(line: bytes) -> bytes:
    """What a `return` gives."""
    return line.strip().removeprefix(b"return").strip(b" \t\r\n;")


def _returns(text: Text, at: int, value: bytes) -> tuple[bytes, ...]:
    """What may stand in the place of a `return`: nothing where that means another value, otherwise another value."""
    end = b";" if text.extension not in ("py", "rb", "go", "kt", "swift", "scala") else b""
    if value in _OPPOSITE:
        return (b"return " + _OPPOSITE[value] + end,)
    if another := _ANOTHER.get(text.extension):
        # A remark may stand behind the value; if one stands behind its semicolon, this does not build.
        return b"return " + another + b"((\n" + value + b"\n))" + end, *_SOME_VALUE.get(text.extension, (b"",))
    if text.extension == "go":
        return () if _ZERO.issuperset(map(bytes.strip, value.split(b","))) else _go_returns(text, at)
    if value == b"0" and b"return 0;" in _SOME_VALUE.get(text.extension, ()):
        return (b"return 1;",)
    if value in _ZERO and text.extension in ("rs", *_DEFAULTS):
        return ()
    return tuple(each for each in _SOME_VALUE.get(text.extension, (b"",)) if each != b"return " + value + end)


def _go_returns(text: Text, at: int) -> tuple[bytes, ...]:
    """Zero values, by the types that the nearest function above names (`*new(T)` is the zero of any type)."""
    for above in range(at, max(-1, at - _ABOVE), -1):
        line, _, whole = text.lines[above].partition(b"{ return ")
        if b"func" not in line or (depth(line) >= depth(text.lines[at]) and not (whole and above == at)):
            continue
        types = line.rstrip().removesuffix(b"{").rpartition(b")")
        results = types[2].strip() or types[0].rpartition(b"(")[2]
        return (
            b"return " + b", ".join(b"*new(%s)" % each.split()[-1] for each in results.split(b",") if each.strip()),
        )
    return ()


def other_value(text: Text, at: int) -> tuple[bytes, ...]:
    """A whole function in one line, or what a function's last line is worth, with another value in its place."""
    line, another = text.lines[at], _ANOTHER.get(text.extension, b"")
    if opened(line, b"([{") != opened(line, b")]}"):
        return ()
    end = b"\n" if line.endswith(b"\n") else b""
    if b"=>" in line and _BINDS.match(line) and text.extension in _SCRIPTS | _TYPED:
        head, _, tail = line.partition(b"=>")
        if not tail.lstrip().startswith(b"{"):
            value = tail.strip(b" \t\r\n;")
            return (head + b"=> " + another + b"((" + value + b"));" + end, head + b"=> undefined;" + end)
    if text.is_python and b"= lambda" in line:
        head, _, tail = line.partition(b"lambda")
        names, _, value = tail.partition(b":")
        head += b"lambda" + names + b": "
        return (head + another + b"((" + value.strip() + b"))" + end, head + b"None" + end)
    if text.extension == "rb":
        head, sign, _ = line.partition(b" = " if line.lstrip().startswith(b"def ") else b"{")
        if sign == b" = " and opened(head, b"(") == opened(head, b")"):
            return (head + b" = nil" + end,)
        return (head + b"{ nil }" + end,) if sign and b"->" in head and line.rstrip().endswith(b"}") else ()
    if b"{ return " in line and line.rstrip().endswith(b"}"):
        head, _, tail = line.partition(b"{ return ")
        value = tail.rpartition(b"}")[0].strip(b" ;")
        return tuple(head + b"{ " + each + b" }" + end for each in _returns(text, at, value))
    return _rust_value(text, at)


def _rust_value(text: Text, at: int) -> tuple[bytes, ...]:
    """The last expression of a Rust function is what it returns."""
    lines, line = text.lines, text.lines[at].strip()
    if text.extension != "rs" or not line or line in _ZERO - {*_OPPOSITE} or line.endswith((b";", b"{", b"}", b",")):
        return ()
    if at + 1 >= len(lines) or lines[at + 1].strip() != b"}" or depth(lines[at + 1]) >= depth(lines[at]):
        return ()
    above = [lines[here] for here in range(at - 1, max(-1, at - _ABOVE), -1) if lines[here].strip()]
    outer = next((each.lstrip() for each in above if depth(each) <= depth(lines[at + 1])), b"")
    before = above[0].strip() if above else b""
    if not before.endswith((b";", b"{", b"}")) or not (FUNCTION.match(outer) or outer.startswith(b")")):
        return ()
    return (indent(lines[at]) + _OPPOSITE.get(line, b"Default::default()") + b"\n",)


# -- one side -----------------------------------------------------------------------------------------------------

_WORDS = (
    rb"\"(?:\\.|[^\"\\])*+\"?+|'(?:\\.|[^'\\])*+'?+|`(?:\\.|[^`\\])*+`?+|[^\W\d][\w$]*+|\?\?=?+|\?\.(?!\d)|\|\|=?+|&&=?+|"
    rb"=>|[=!<>:]=++|[-+*/%|&^]=|(?<=\s)\?(?=\s)|[()\[\]{},;=:]|"
)
_BY_HASH, _BY_SLASHES = re.compile(_WORDS + rb"#.*+", re.DOTALL), re.compile(_WORDS + rb"//.*+|/\*.*+", re.DOTALL)
_OPEN, _CLOSE = (b"(", b"[", b"{"), (b")", b"]", b"}")
_ENDS = frozenset((b",", b";", b"=", b":", b"=>", b"return", b"yield", b"for", b"+=", b"-=", b"|=", b"??=", b"||="))
_OR, _AND = (b"or", b"||", b"??"), (b"and", b"&&")
_CHOICES = frozenset((*_OR, *_AND, b"if", b"?", b"?.", b"="))
_TWO_SIDED = frozenset(("py", "rb", "java", "cs", *_SCRIPTS, *_TYPED, *(each[1:] for each in C_FILES)))
_SHELL_DEFAULT = re.compile(rb"\$\{(\w++):?[-=][^{}]++\}")
_NO_HEADER = re.compile(rb"(?:for|while|if|switch|catch|return)\b|.*[;,]\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word or sign of a line; ``inside`` is in how many brackets it stands, of which the line opens."""

    text: bytes
    begin: int
    end: int
    inside: int


def sides(text: Text, at: int, *, header: bool) -> Iterator[bytes]:
    """A line with one side alone of what has two: `a if c else b`, `c ? a : b`, `a or b`, `a?.b`, a default.

    ``header`` says that it goes on with a function's parameters.
    """
    line = text.lines[at]
    if text.extension in SHELLS:
        for found in _SHELL_DEFAULT.finditer(line):
            yield line[: found.start()] + b"${" + found[1] + b"}" + line[found.end() :]
    if text.extension not in _TWO_SIDED:
        return
    words = _split(line, by_hash=text.extension in ("py", "rb"))
    if _CHOICES.isdisjoint(each.text for each in words):
        return
    starts = (FUNCTION.match(line.lstrip()) is not None and not line.lstrip().startswith(b"class")) or (
        text.extension in _SCRIPTS | _TYPED and b") {" in line and not _NO_HEADER.match(line.lstrip())
    )
    arrow = next((each.begin for each in words if each.text == b"=>"), 0)
    last = len(line.rstrip())
    for here, word in enumerate(words):
        if word.text in _OR or word.text in _AND:
            stops = _ENDS | {*_OR, b"if", b"else", b"?"} | (set(_AND) if word.text in _AND else set())
            yield line[: word.begin] + line[_reach(words, here, 1, stops, last) :]
        elif word.text == b"?.":
            yield line[: word.begin] + (b"" if line[word.end : word.end + 1] in _OPEN else b".") + line[word.end :]
        elif word.text in (b"?", b"if"):
            yield from _either(line, words, here, last)
        elif word.text == b"=" and (header or (word.inside > 0 and (starts or word.begin < arrow))):
            end, none = _reach(words, here, 1, _ENDS, last), _NO_VALUE.get(text.extension, b"")
            value = line[word.end : end].strip()
            other = _OPPOSITE.get(value, none)
            if none and value not in NOTHING and (value not in _ZERO or value in _OPPOSITE):
                yield line[: word.end] + b" " + other + line[end:]


def _either(line: bytes, words: Sequence[_Word], here: int, last: int) -> Iterator[bytes]:
    """Both choices of a conditional expression, each without its condition."""
    word = words[here]
    between = b":" if word.text == b"?" else b"else"
    middle = next((each for each in words[here + 1 :] if each.inside <= word.inside and each.text == between), None)
    begin = _reach(words, here, -1, _ENDS, depth(line))
    if middle is None or middle.inside != word.inside or not line[begin : word.begin].strip():
        return
    end = _reach(words, words.index(middle), 1, _ENDS, last)
    first = line[word.end : middle.begin] if word.text == b"?" else line[begin : word.begin]
    for choice in (first, line[middle.end : end]):
        yield line[:begin] + b" " * (begin > depth(line)) + choice.strip() + line[end:]


def _split(line: bytes, *, by_hash: bool) -> list[_Word]:
    found: list[_Word] = []
    inside = 0
    for each in (_BY_HASH if by_hash else _BY_SLASHES).finditer(line):
        word = each[0]
        inside -= word in _CLOSE
        if not word.startswith((b"#", b"//", b"/*")):
            found.append(_Word(word, each.start(), each.end(), inside))
        inside += word in _OPEN
    return found


def _reach(words: Sequence[_Word], here: int, step: int, stops: frozenset[bytes], else_: int) -> int:
    """How far an expression goes from one of its words, to the right (1) or to the left (-1)."""
    inside = words[here].inside
    there = here + step
    while 0 <= there < len(words):
        word = words[there]
        if word.inside < inside or (word.inside == inside and word.text in stops):
            return word.begin if step > 0 else word.end
        there += step
    return else_
