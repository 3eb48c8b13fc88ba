"""Tests apart from code: by where they lie, and inside of code files, as some languages have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from planfence.change.hunks import FileDiff, Hunk, Unit, ends_every_line, split_lines
from planfence.change.pathclass import PathClass, classify
from planfence.content.languages import language_of
from planfence.content.lexing import PastDeadline, lex
from planfence.content.unitkinds import ClassifiedUnit
from planfence.records import replace

#: Places of tests that are no purpose of a path elsewhere: what runs expects, and other runners' files.
_TEST_PLACE = re.compile(
    r"\.(?:snap|ambr|golden|bats|feature)\Z|\.approved\.\w+\Z|(?:\A|/)[^/]+\.(?:Unit|Integration)?Tests?/"
)
_VITEST = re.compile(rb"\A\s*+if\s*+\(\s*+import\.meta\.vitest\s*+\)")
#: What begins tests in a code file, by its extension.
_INLINE = {
    "rs": re.compile(rb"\A\s*+#!?+\[(?:cfg\((?:all\(\s*+)?+test\b|(?:\w++::)*+test\b)"),
    "zig": re.compile(rb"test\b\s*+(?:\"|\w++\s*+\{|\{)"),
    **dict.fromkeys(("js", "mjs", "jsx", "ts", "mts", "tsx"), _VITEST),
}
_MODULE = re.compile(rb"\s*+(?:pub(?:\([^)]*+\))?+\s++)?+mod\s++(\w++)\s*+;")
#: Attributes of Rust at the beginning of a line.
_ATTRIBUTES = re.compile(rb"\A\s*+(?:#!?+\[[^\n]*?\]\s*+)++")
#: Settings of a tool that are written as a program: `eslint.config.mjs`.
_TOOL = re.compile(r"\A[\w.-]+\.config\.[cm]?[jt]s\Z")
#: A line of a build file or of settings that may say which tests run.
_SELECTS = re.compile(rb"test|spec\b|addopts|deselect|ignore", re.IGNORECASE)


def is_test(path: str, own: Callable[[str], bool]) -> bool:
    """Whether tests are kept at a path: by its name, or since the policy says so (``own``)."""
    placed = _TEST_PLACE.search(path) is not None or (path.endswith(".t") and "/t/" in f"/{path}")
    return placed or own(path) or classify(path) is PathClass.TEST


def is_setting(one: ClassifiedUnit) -> bool:
    """Whether a unit belongs to a tool's settings, not to the program's own."""
    path = one.unit.path
    if "/" not in path and _TOOL.search(path):
        return True
    return one.path_class is PathClass.CONFIG and (path.rpartition("/")[2].startswith(".") or "/" not in path)


def in_tests(one: ClassifiedUnit, own: Callable[[str], bool], inline: Collection[str]) -> bool:
    """Whether a unit is tests, or what makes them run; ``inline`` are new files that bring tests of their own."""
    unit = one.unit
    if is_test(unit.path, own) or may_choose(one, own):
        return True
    if unit.hunk is None:
        return False
    if inline and unit.path.endswith(".rs") and _declares(unit, inline):
        return True
    return {inside for runs in _both(unit.file, unit.hunk) for inside, _ in runs} == {True}


def may_choose(one: ClassifiedUnit, own: Callable[[str], bool]) -> bool:
    """Whether a unit may say which tests run."""
    if one.unit.path.rpartition("/")[2] == "conftest.py":
        return True
    if is_test(one.unit.path, own) or not (is_setting(one) or one.path_class in (PathClass.BUILD, PathClass.DEPS)):
        return False
    return any(_SELECTS.search(line) for line in _changed(one.unit))


def _changed(unit: Unit) -> Iterable[bytes]:
    if unit.hunk is not None:
        return (*unit.hunk.old, *unit.hunk.new)
    return () if unit.file.is_binary else split_lines(unit.file.new or unit.file.old or b"")


# -- tests inside of code files -----------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def inline_tests(path: str, data: bytes | None) -> frozenset[int]:
    """The lines (from 0) of a code file that are tests: each item from what says so to its end, by indentation."""
    begins = _INLINE.get(path.rpartition(".")[2])
    if begins is None or not data:
        return frozenset()
    lines = split_lines(data)
    begun = [at for at, line in enumerate(lines) if begins.match(line)]
    plain = _in_plain_code(path, data, lines) if begun else None
    found: set[int] = set()
    for at in begun:
        if at not in found and (plain is None or at in plain):
            line = lines[at]
            found.update(range(at, len(lines) if line.lstrip().startswith(b"#!") else _item_end(lines, at)))
    return frozenset(found)


def _in_plain_code(path: str, data: bytes, lines: Sequence[bytes]) -> frozenset[int] | None:
    """The lines that begin neither in a comment nor in a string; None if nothing is known of the language."""
    language = language_of(path)
    if language is None:
        return None
    try:
        lexed = lex(data.decode("latin-1"), language)
    except PastDeadline:
        return frozenset()
    starts = accumulate(map(len, lines), initial=0)
    return frozenset(at for at, start in enumerate(starts) if lexed.state(start) is None)


def _item_end(lines: Sequence[bytes], at: int) -> int:
    """The line behind an item that begins with its attributes, if it has some."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    opened = begun = 0
    for here in range(at, len(lines)):
        text = _ATTRIBUTES.sub(b"", lines[here], count=1).strip()
        opened, begun = opened + text.count(b"{"), begun + bool(text)
        field = begun == 1 and text.endswith(b",") and text.count(b"(") == text.count(b")")
        ends = field or (text.endswith((b";", b"}")) and (not opened or text.count(b"{") == text.count(b"}") == opened))
        closes = here > at and text.startswith(b"}") and len(lines[here]) - len(lines[here].lstrip()) <= depth
        if ends or closes:
            return here + 1
    return len(lines)


def apart(files: Iterable[FileDiff]) -> tuple[FileDiff, ...]:
    """Cut hunks where code files' own tests begin and end, so that each hunk is code or tests."""
    return tuple(
        replace(file, hunks=tuple(cut for hunk in file.hunks for cut in _cut(file, hunk)))
        if file.hunks and file.path.rpartition(".")[2] in _INLINE
        else file
        for file in files
    )


def _cut(file: FileDiff, hunk: Hunk) -> Iterator[Hunk]:
    """A hunk in pieces, each with lines of code or of tests alone, as far as both sides have them in the same order."""
    if not ends_every_line(hunk):
        yield hunk
        return
    old, new = _both(file, hunk)
    rest = hunk
    while old or new:
        first = (new or old)[0][0]
        sizes = [runs.pop(0)[1] if runs and runs[0][0] == first else 0 for runs in (old, new)]
        if not (old or new):
            break
        head, rest = rest.cut(*sizes)
        yield head
    yield rest


def _both(file: FileDiff, hunk: Hunk) -> tuple[list[tuple[bool, int]], list[tuple[bool, int]]]:
    """The old and the new lines by turns: (whether they are tests, how many)."""
    return (
        _runs(inline_tests(file.path, file.old), hunk.old_start, hunk.old),
        _runs(inline_tests(file.path, file.new), hunk.new_start, hunk.new),
    )


def _runs(tests: Collection[int], at: int, lines: Sequence[bytes]) -> list[tuple[bool, int]]:
    """Lines by turns; blank ones go with those before them."""
    found: list[tuple[bool, int]] = []
    for number, line in enumerate(lines):
        inside = at + number in tests if line.strip() or not found else found[-1][0]
        if found and found[-1][0] == inside:
            found[-1] = (inside, found[-1][1] + 1)
        else:
            found.append((inside, 1))
    return found


def _declares(unit: Unit, inline: Collection[str]) -> bool:
    """Whether a hunk does nothing but bring new files with tests into the program."""
    assert unit.hunk is not None
    lines = [line for line in unit.hunk.new if line.strip()]
    names = [found[1].decode() for line in lines if (found := _MODULE.match(line))]
    known = {path.rpartition("/")[2].removesuffix(".rs") for path in inline}
    known |= {path.rpartition("/")[0].rpartition("/")[2] for path in inline if path.endswith("/mod.rs")}
    return not unit.hunk.old and bool(names) and len(names) == len(lines) and known.issuperset(names)
