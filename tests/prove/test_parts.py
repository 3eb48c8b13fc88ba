# ruff: noqa: E501 - one program a line
"""Tests apart from code, and what is not asked about."""

from __future__ import annotations

from functools import partial

import pytest
from support.dividing import changed, division, file
from support.steps import lines_run

from planfence.change.change import Mode
from planfence.change.hunks import compose, split_lines
from planfence.prove import scripttext
from planfence.prove.ctext import dead_lines
from planfence.prove.leftout import _only_declares, is_stub
from planfence.prove.parts import NoTreeError, joined, surely_broken, without
from planfence.prove.scripttext import what_runs
from planfence.prove.testcode import apart, inline_tests, is_test
from planfence.records import replace


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/test_a.py", True), ("pkg/a_test.go", True), ("src/a.spec.ts", True), ("src/AppTest.java", True),
        ("src/__snapshots__/a.snap", True), ("conftest.py", True), ("checks/a.sh", True),
        ("t/a.t", True), ("a.bats", True), ("features/a.feature", True), ("src/App.Tests/A.cs", True),
        ("src/a.approved.txt", True), ("src/a.golden", True), ("src/a.t", False), ("src/attests/a.cs", False),
        ("src/a.py", False), ("src/latest.py", False), ("docs/testing.md", False),
    ],
)  # fmt: skip
def test_what_a_test_is(path: str, test: bool) -> None:
    assert is_test(path, lambda each: each.startswith("checks/")) == test


def test_rust_keeps_its_tests_in_the_file() -> None:
    old = b"fn a() -> i32 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n"
    old += b"    fn t() { assert_eq!(super::a(), 1) }\n}\n"
    new = old.replace(b"    1\n", b"    2\n").replace(b"super::a(), 1", b"super::a(), 2")
    found = division(file("src/lib.rs", old, new, (2, 1, 2, 1), (8, 1, 8, 1)))
    assert (len(found.tests), len(found.rest)) == (1, 1)
    assert without(found, found.rest)["src/lib.rs"].data == old.replace(b"super::a(), 1", b"super::a(), 2")


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("a.rs", b"#[cfg(test)]\nmod tests;\n\npub fn a() {}\n", {0, 1}),
        ("a.rs", b"#[cfg(test)] mod tests;\nmod b;\n", {0}),
        ("a.rs", b"#[cfg(test)]\nuse a::{\n    B,\n};\nfn c() {\n}\n", {0, 1, 2, 3}),
        ("a.rs", b"#[cfg(all(test, feature = \"b\"))]\n#[allow(x)]\nmod t {\n    fn d() {\n    }\n}\nfn e() {}\n", {0, 1, 2, 3, 4, 5}),
        ("a.rs", b"struct A {\n    #[cfg(test)]\n    seen: u8,\n    b: u8,\n}\n", {1, 2}),
        ("a.rs", b"impl A {\n    #[cfg(test)]\n    fn a(\n        b: u8,\n    ) {\n        c();\n    }\n    fn d() {}\n}\n", {1, 2, 3, 4, 5, 6}),
        ("a.rs", b"fn a() {}\n#[tokio::test]\nasync fn b()\n{\n    a();\n}\nfn c() {}\n", {1, 2, 3, 4, 5}),
        ("a.rs", b"#![cfg(test)]\nfn a() {}\nfn b() {}\n", {0, 1, 2}),
        ("a.rs", b"#[cfg(any(test, unix))]\nmod a;\n#[cfg(not(test))]\nmod b;\n#[test_only]\nfn c() {}\n", set()),
        ("a.ts", b"export const a = 1;\nif (import.meta.vitest) {\n  b();\n}\nc();\n", {1, 2, 3}),
        ("a.ts", b"a();\nif (import.meta.vitest === undefined) {\n  b();\n}\nif (import.meta.vitest || c) {\n  b();\n}\n", set()),
        ("a.ts", b"a(`\nif (import.meta.vitest) {\n  ${b()}\n}`);\n", set()),
        ("a.rs", b"fn a() {}\n/*\n#[cfg(test)]\n*/\nfn b() {}\n", set()),
        ("a.rs", b"const A: &str = r#\"\n#[cfg(test)]\n\"#;\nfn b() {}\n", set()),
        ("a.rs", b"fn a() {}\n/* it */\n#[cfg(test)]\nmod b;\n", {2, 3}),
        ("a.zig", b"fn a() void {}\ntest \"a\" {\n    a();\n}\ntesting();\n", {1, 2, 3}),
        ("a.py", b"#[cfg(test)]\nmod tests;\n", set()),
    ],
)  # fmt: skip
def test_which_lines_of_a_code_file_are_tests(path, text, lines) -> None:
    assert inline_tests(path, text) == lines


def test_a_hunk_that_brings_code_and_its_tests_is_two() -> None:
    old = b"fn a() {}\n"
    code, tests = b"fn b() -> u8 {\n    1\n}\n\n", b"#[cfg(test)]\nmod tests {\n    fn t() {}\n}\n"
    found = division(file("src/lib.rs", old, old + code + tests, (1, 0, 2, 8)))
    assert (len(found.tests), len(found.rest), len(found.parts)) == (1, 1, 1)
    assert without(found, found.rest)["src/lib.rs"].data == old + tests
    assert without(found, found.tests)["src/lib.rs"].data == old + code


@pytest.mark.parametrize("tail", [b"fn z() {}\n", b""])
@pytest.mark.parametrize("old", [b"", b"fn c() {}\n", b"#[test]\nfn u() {}\n", b"#[test]\nfn u() {}\nfn c() {}\n"])
def test_a_cut_hunk_makes_the_same_file(old, tail) -> None:
    new = b"fn b() {}\n#[test]\nfn t() {}\n\nfn d() {}\n#[test]\nfn v() {}\n" + tail
    size, other = old.count(b"\n"), new.count(b"\n")
    (cut,) = apart([file("src/a.rs", old + b"x\n", new + b"x\n", (1 if size else 0, size, 1, other))])
    assert compose(split_lines(cut.old), cut.hunks) == cut.new
    assert len(cut.hunks) >= 4


TYPING = b"import typing as t\nfrom typing import Union\n"
CODE = b"import os\n\n\ndef a(x):\n    return x\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "why"),
    [
        ("src/a.py", CODE, CODE.replace(b"import os", b"import re"), 1, "imports"),
        ("src/a.py", CODE, CODE.replace(b"a(x)", b"a(x: int) -> int"), 4, "types"),
        ("src/a.py", TYPING + b"A = Union[B, t.Optional[C]]\n", TYPING + b"A = B | (C | None)\n", 3, "types"),
        ("src/a.py", CODE, CODE.replace(b"return x", b"return x  # it"), 5, "comments"),
        ("src/a.py", CODE, CODE.replace(b"return x", b"return  x"), 5, "formatting"),
        ("src/a.pyi", CODE, CODE.replace(b"a(x)", b"a(y)"), 4, "types"),
        ("src/a.py", b'__all__ = ["a"]\n', b'__all__ = ["a", "b"]\n', 1, "imports"),
        ("src/a.js", b"import a from 'a'\n", b"import b from 'b'\n", 1, "imports"),
        ("Cargo.lock", b"a\n", b"b\n", 1, "lock files"),
        ("README.md", b"a\n", b"b\n", 1, "docs files"),
        ("setup.py", b"a\n", b"b\n", 1, "build files"),
        ("src/a.py", b'__version__ = "1.0"\n', b'__version__ = "1.1"\n', 1, "version numbers"),
        ("src/a.h", b"#define A_VERSION_MINOR 3\n", b"#define A_VERSION_MINOR 4\n", 1, "version numbers"),
        (".editorconfig", b"a\n", b"b\n", 1, "settings"),
        ("eslint.config.mjs", b"a\n", b"b\n", 1, "settings"),
    ],
)
def test_nobody_is_asked_about_what_does_nothing(path, old, new, line, why) -> None:
    found = division(file(path, old, new, (line, 1, line, 1)))
    assert found.parts == ()
    assert dict(found.left_out) == {why: 1}


def test_policy_and_plans_are_no_code() -> None:
    found = division(file("planfence.toml", b"a\n", b"b\n", (1, 1, 1, 1)))
    assert not found.rest


@pytest.mark.parametrize("path", ["vendor/lib", "tests/data"])
@pytest.mark.parametrize("old", [b"a\n", None])
def test_what_a_submodule_holds_is_in_no_tree_and_is_not_asked_about(path, old) -> None:
    plain = file(path, old, b"b\n", (1, 1, 1, 1))
    modes = {"old_mode": Mode.GITLINK if old else Mode.ABSENT, "new_mode": Mode.GITLINK}
    bump = replace(plain, **modes, old=None, new=None, hunks=())
    found = division(bump, file("src/a.py", b"a = 1\n", b"a = 2\n", (1, 1, 1, 1)))
    assert (len(found.parts), dict(found.left_out)) == (1, {"submodules": 1})
    assert set(without(found, found.rest)) == {"src/a.py"}
    assert not found.tests


def test_a_renamed_definition_is_no_behaviour_but_another_call_is() -> None:
    renamed = division(
        file("src/a.py", b"def price(x):\n    return x\n", b"def cost(x):\n    return x\n", (1, 1, 1, 1)),
        file("src/b.py", b"y = price(1)\n", b"y = cost(1)\n", (1, 1, 1, 1)),
    )
    assert (renamed.parts, dict(renamed.left_out)) == ((), {"moved or renamed": 2})
    other = division(
        file("src/a.py", b"x = first(1)\n", b"x = second(1)\n", (1, 1, 1, 1)),
        file("src/b.py", b"y = first(1)\n", b"y = second(1)\n", (1, 1, 1, 1)),
    )
    (part,) = other.parts
    assert len(part.units) == 2


def test_a_line_that_moves_with_others_is_one_part_with_them() -> None:
    gap = b"\n" * 6
    old = b"def a():\n    pass\n" + gap + b"def b():\n    remember(name, source)\n    pass\n"
    new = b"def a():\n    check(name)\n    remember(name, source)\n    pass\n" + gap + b"def b():\n    pass\n"
    (part,) = division(file("src/a.py", old, new, (1, 0, 2, 2), (10, 1, 11, 0))).parts
    assert len(part.units) == 2


def test_the_riskiest_part_comes_first() -> None:
    files = [
        file(f"src/{name}.py", b"a = 1\n", b"a = 2\n" * size, (1, 1, 1, size)) for name, size in (("a", 1), ("b", 3))
    ]
    by_path = {part.path: part for part in division(*files).parts}
    assert [part.path for part in division(*files).parts] == ["src/b.py", "src/a.py"]
    (small,) = by_path["src/a.py"].units
    assert [part.path for part in division(*files, risk={small: 5}).parts] == ["src/a.py", "src/b.py"]


def test_a_tree_without_a_renamed_file() -> None:
    found = division(file("src/b.py", CODE, CODE.replace(b"return x", b"return 2"), (5, 1, 5, 1), was="src/a.py"))
    back = without(found, found.rest)
    assert back["src/b.py"] is None
    assert back["src/a.py"].path == "src/a.py"


def test_two_files_in_one_place_are_no_tree() -> None:
    found = division(file("a", b"x\n", None), file("a/b.py", None, b"y\n"))
    deleted = {unit.id for unit in found.units.values() if unit.path == "a"}
    with pytest.raises(NoTreeError):
        without(found, deleted)


def test_a_part_that_does_not_stand_alone_is_joined_with_what_shares_its_names() -> None:
    old = b"def a():\n    return 1\n\n\n\n\n\nx = a()\n\n\n\n\n\n\ny = 1\n"
    new = old.replace(b"def a():", b"def a(size):").replace(b"x = a()", b"x = a(size=2)").replace(b"y = 1", b"y = 2")
    found = division(file("src/a.py", old, new, (1, 1, 1, 1), (8, 1, 8, 1), (15, 1, 15, 1)))
    first = next(part for part in found.parts if part.first == 1)
    assert [sorted(found.units[each].hunk.new_start for each in ids) for ids in joined(found, first.units)] == [[0, 7]]


def test_what_python_can_not_read_is_known_without_a_run() -> None:
    old = b"if a:\n    b()\n"
    found = division(file("src/a.py", old, b"if a:\n    c()\n", (2, 1, 2, 1)))
    states = without(found, found.rest)
    assert not surely_broken(found, states)
    assert surely_broken(found, {"src/a.py": replace(states["src/a.py"], data=b"if a:\n")})
    newer = division(file("src/a.py", b"match:\n", b"match x y:\n", (1, 1, 1, 1)))
    assert not surely_broken(newer, {"src/a.py": replace(states["src/a.py"], data=b"match z:\n")})


def test_new_rust_code_goes_and_its_own_tests_stay() -> None:
    new = b"pub fn a() -> i32 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"
    old = b"pub mod old;\n\nfn main() {}\n"
    found = division(
        file("src/new.rs", None, new),
        file("src/lib.rs", old, old.replace(b"old;\n", b"old;\npub mod new;\n"), (1, 0, 2, 1)),
    )
    back = without(found, found.rest)
    assert set(back) == {"src/new.rs"}
    assert back["src/new.rs"].data == b"#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "chooses"),
    [
        ("Makefile", b"check: a_test\n", b"check: a_test || true\n", True),
        ("pytest.ini", b"[pytest]\n", b"addopts = --ignore tests/test_a.py\n", True),
        ("package.json", b'"test": "node --test"\n', b'"test": "node --test a/"\n', True),
        ("Makefile", b"CFLAGS = -O0\n", b"CFLAGS = -O2\n", False),
        ("pyproject.toml", b'version = "1"\n', b'version = "2"\n', False),
        ("src/a.py", b"test = 1\n", b"test = 2\n", False),
    ],
)
def test_what_says_which_tests_run_belongs_to_the_tests(path, old, new, chooses) -> None:
    found = division(file(path, old, new, (1, 1, 1, 1)))
    assert (bool(found.chooses), bool(found.tests)) == (chooses, chooses)


@pytest.mark.parametrize(
    ("path", "old", "new", "types"),
    [
        ("src/a.h", b"int a(int b);\n", b"int a(int b, const char *name);\n", True),
        ("src/a.c", b"/* One\n two. */\nstatic int a(int b);\n", b"", True),
        ("src/a.h", b"API(char *) a(int b);\n", b"API(char *) a(int b, int c);\n", True),
        ("src/a.c", b"RUN(a);\n", b"RUN(b);\n", False),
        ("src/a.h", b"#define A 1\n", b"#define A 2\n", False),
        ("src/a.c", b"call(a);\n", b"call(b);\n", False),
        ("src/a.cpp", b"int a(int b);\n", b"int a(int c);\n", True),
        ("src/a.cpp", b"    Lock held(one);\n", b"    Lock held(other);\n", False),
        ("src/a.h", b"static int a(int b) { return b; }\n", b"static int a(int b) { return 1; }\n", False),
        ("src/a.ts", b"interface A {\n  a: string;\n}\n", b"interface A {\n  b: string;\n}\n", True),
        ("src/a.ts", b"const A = {\n  a: 'a',\n}\n", b"const A = {\n  b: 'a',\n}\n", False),
    ],
)
def test_what_is_only_declared_is_types(path, old, new, types) -> None:
    line = 2 if path.endswith(".ts") else 1
    count = 3 if not new else 1
    found = division(file(path, old, new, (line, count, line if new else 0, 1 if new else 0)))
    assert (dict(found.left_out) == {"types": 1}, not found.parts) == (types, types)


@pytest.mark.parametrize(
    ("gone", "use", "instead", "parts"),
    [
        (b"    found = []\n", b"    found.append(1)\n", b"    yield 1\n", 1),
        (b"    size_t *i;\n", b"    i = a(1);\n", b"    a(1);\n", 1),
        (b"    const found = []\n", b"    found.push(1)\n", b"    other()\n", 1),
        (b"    found = []\n", b"    found.append(1)\n", b"    found.append(2)\n", 2),
        (b"    return found\n", b"    found.append(1)\n", b"    yield 1\n", 2),
        (b"    call(found);\n", b"    found.append(1)\n", b"    yield 1\n", 2),
    ],
)
def test_a_variable_that_goes_with_its_uses_is_one_part_with_them(gone, use, instead, parts) -> None:
    middle = b"    a = a(1)\n    b = 2\n"
    found = division(file("src/a.js", gone + middle + use, middle + instead, (1, 1, 0, 0), (4, 1, 3, 1)))
    assert len(found.parts) == parts


@pytest.mark.parametrize(
    ("path", "new", "stub"),
    [
        ("src/a.py", b'@abstract\ndef a(self):\n    """It."""\n    raise NotImplementedError(\'a\')\n', True),
        ("src/a.py", b"def a(self): ...\ndef b(self): raise NotImplementedError\n", True),
        ("src/a.rs", b"pub fn a() -> i32 {\n    todo!()\n}\n", True),
        ("src/a.ts", b"function a() {\n  throw new Error('not implemented yet')\n}\n", True),
        ("src/a.py", b"def a(n):\n    if n:\n        raise NotImplementedError\n", False),
        ("src/a.py", b"def a(n): return n\ndef b(n): raise NotImplementedError\n", False),
        ("src/a.py", b"def a(n):\n    raise ValueError(n)\n", False),
    ],
)
def test_nobody_is_asked_about_what_is_not_implemented(path, new, stub) -> None:
    count = new.count(b"\n")
    found = division(file(path, b"x\n", b"x\n" + new, (1, 0, 2, count)))
    assert (dict(found.left_out) == {"stubs": 1}, not found.parts) == (stub, stub)


@pytest.mark.parametrize(
    ("path", "gone", "come", "parts"),
    [
        ("src/a.c", b"#define A(n) n\n", b"#define A(n) (n)\n", 1),
        ("src/a.c", b"static int a(int n) {\n    return n;\n}\n", b"int a(int n) {\n    return 1;\n}\n", 1),
        ("src/a.py", b"def a(n):\n    return n\n", b"def a(n):\n    return 1\n", 1),
        ("src/a.py", b"def a(n):\n    return n\n", b"def b(n):\n    return 1\n", 2),
        ("src/a.py", b"    def a(n):\n        return n\n", b"    def a(n):\n        return 1\n", 2),
    ],
)
def test_a_definition_that_is_written_anew_elsewhere_is_one_part(path, gone, come, parts) -> None:
    size, other = gone.count(b"\n"), come.count(b"\n")
    middle = b"a = a(1)\nb = 2\n"
    found = division(file(path, gone + middle, middle + come, (1, size, 0, 0), (size + 2, 0, 3, other)))
    assert len(found.parts) == parts


@pytest.mark.parametrize(
    ("old", "new", "place", "off"),
    [
        (b"#ifdef A\n{\n#endif\n", b"#ifdef A\n{\n#endif\n#if 0\n}\n#endif\n", (3, 0, 4, 3), True),
        (b"#ifdef A\n{\n#endif\n", b"#ifdef A\n{\n#endif\n#if 0\n}\n#endif\n", (2, 0, 3, 3), True),
        (b"#if 0 /* later */\n#if B\na();\n#else\nb();\n#endif\n#endif\n",
         b"#if 0 /* later */\n#if B\na();\n#else\nb(1);\n#endif\n#endif\n", (5, 1, 5, 1), True),
        (b"#if 0\na();\n#else\nb();\n#endif\n", b"#if 0\na();\n#else\nb(1);\n#endif\n", (4, 1, 4, 1), False),
        (b"a();\n", b"#if 0\na();\n", (0, 0, 1, 1), False),
        (b"#if 0\na();\n#endif\n", b"#if 1\na();\n#endif\n", (1, 1, 1, 1), False),
    ],
)  # fmt: skip
def test_nobody_is_asked_about_what_is_never_compiled(old, new, place, off) -> None:
    found = division(file("src/a.c", old, new, place))
    assert (dict(found.left_out) == {"comments": 1}, not found.parts) == (off, off)


@pytest.mark.parametrize(
    ("path", "old", "kept", "dead"),
    [
        ("src/a.py", b"def gone(n):\n    return n\n", b"x = 1\n", True),
        ("src/a.py", b"def gone(n):\n    return n\n", b"x = gone\n", False),
        ("src/a.py", b"x = 2\ndef gone(n): pass\n", b"y = 1\n", False),
        ("src/a.c", b"#define GONE(n) \\\n    n\n", b"int a;\n", True),
        ("src/a.c", b"static int gone(int n) {\n}\n", b"int a;\n", True),
        ("src/a.c", b"    gone(n);\n    b(n);\n", b"int a;\n", False),
    ],
)
def test_nobody_is_asked_about_a_definition_that_is_gone_and_unused(path, old, kept, dead) -> None:
    found = division(file(path, old + kept, kept, (1, 2, 0, 0)))
    assert (dict(found.left_out) == {"removed and unused": 1}, not found.parts) == (dead, dead)


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        (b"#if 0\nx\n#endif\n", {0, 1, 2}),
        (b"/*\n#if 0\n*/\nint f(void);\n/*\n#endif\n*/\n", set()),
        (b"/* as #if 0\n#if 0\n*/\nx\n", set()),
        (b'char *s = "/*";\n#if 0\nx\n#endif\n', {1, 2, 3}),
        (b"#define A \\\n#if 0\nx\n#endif\n", set()),
        (b"#if 0\nx\n#elifdef A\ny\n#endif\n", {0, 1}),
        (b"// /*\n#if 0 // x\nx\n#endif\n", {1, 2, 3}),
    ],
)
def test_what_the_preprocessor_leaves_out(text, dead):
    assert dead_lines(text.splitlines(keepends=True)) == dead


@pytest.mark.parametrize(
    "text",
    [
        b"fn a(x: &mut i32) {\n*x += 5;\n}\nfn b() {\ntodo!()\n}\n",
        b"    raise PermissionError(user)  # not implemented for guests\n",
        b'    panic(fmt.Sprintf("feature not implemented: %s", name))\n',
        b"#define MAX 5\ndef f():\n    raise NotImplementedError\n",
    ],
)
def test_what_is_no_stub(text):
    assert not is_stub(text.splitlines(keepends=True))


@pytest.mark.parametrize("line", [b"if(n) abort();\n", b"while (n) step(n);\n", b"if (n > max)\n        abort();\n"])
def test_a_statement_declares_nothing(line):
    assert not _only_declares(line)


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        ("src/a.ts", "import {\n  a,\n} from './a'\n", "import {\n  a,\n  b,\n} from './a'\n", "imports"),
        ("src/a.ts", "export {\n  a,\n} from './a'\n", "export {\n  a,\n  b,\n} from './a'\n", "imports"),
        ("src/a.rs", "use a::{\n    B,\n};\n", "use a::{\n    B,\n    C,\n};\n", "imports"),
        ("a.go", 'import (\n\t"fmt"\n)\n', 'import (\n\t"fmt"\n\t"os"\n)\n', "imports"),
        ("src/a.ts", "export {\n  a,\n} from './a'\nb({\n  c,\n})\n", "export {\n  a,\n} from './a'\nb({\n  d,\n})\n", ""),
        ("src/a.js", "export default {\n  a,\n}\n", "export default {\n  a,\n  b,\n}\n", ""),
        ("a.go", "type A interface {\n\tB()\n}\n", "type A interface {\n\tB()\n\tC()\n}\n", "types"),
        ("a.go", "var A = []B{\n\tC,\n}\n", "var A = []B{\n\tC,\n\tD,\n}\n", ""),
        ("src/a.ts", "a(b)\n", "a<string>(b as unknown as string)\n", "types"),
        ("src/a.js", "let a = 1\n", "const a = 1\n", "types"),
        ("src/a.js", "let a = 1\n", "const a = 2\n", ""),
        ("src/a.js", "let a = 1\nb.a = 2\nif (a == 3 || a >= 4) c(a => a)\n", "const a = 1\nb.a = 2\nif (a == 3 || a >= 4) c(a => a)\n", "types"),
        ("src/a.js", "let a = 1\na = 2\n", "const a = 1\na = 2\n", ""),
        ("src/a.js", "let { a: { b }, c: [d = 1, ...e] } = f\n", "const { a: { b }, c: [d = 1, ...e] } = f\n", "types"),
        ("src/a.js", "let { a: { b } } = f\nb = 2\n", "const { a: { b } } = f\nb = 2\n", ""),
        ("src/a.js", "let {\n  a: { b = 1 },\n} = f\n", "const {\n  a: { b = 1 },\n} = f\n", "types"),
        ("src/a.js", "let {\n  a: { b = 1 },\n} = f\n++b\n", "const {\n  a: { b = 1 },\n} = f\n++b\n", ""),
        ("src/a.js", "let { a } = f\n({ a } = g)\n", "const { a } = f\n({ a } = g)\n", ""),
        ("src/a.js", "let { a = 1 } = f\n", "const { a = 2 } = f\n", ""),
        ("src/a.js", "for (let [a, { b }] of c) d(a)\n", "for (const [a, { b }] of c) d(a)\n", "types"),
        ("src/a.ts", "for (let a of b) c(a)\n", "for (const a of b) c(a)\n", "types"),
        ("src/a.js", "for (let a in b) a++\n", "for (const a in b) a++\n", ""),
        ("src/a.js", "let a = 1\na ??= 2\n", "const a = 1\na ??= 2\n", ""),
        ("src/a.ts", "let a: A = 1\n--a\n", "const a: A = 1\n--a\n", ""),
        ("src/a.js", "let a = 1\n;[a, b] = [b, a]\n", "const a = 1\n;[a, b] = [b, a]\n", ""),
        ("src/a.js", "let a = 1\nfor (a of b) c()\n", "const a = 1\nfor (a of b) c()\n", ""),
        ("src/a.c", "int a(char *b) {\n", "static int a(const char *b) {\n", "types"),
        ("src/a.c", "    int a = 1;\n", "    static int a = 1;\n", ""),
        ("src/a.c", "int a(int b)\n{\n", "static int a(int b) // it\n{\n", "types"),
        ("src/a.c", "int a(void) {\nint n = 0;\n", "int a(void) {\nstatic int n = 0;\n", ""),
        ("src/a.c", "  emit(\"const int x;\");\n", "  emit(\"int x;\");\n", ""),
        ("src/a.c", "  const int a = b(\"a,b\");\n", "  int a = b(\"a, b\");\n", ""),
        ("src/a.c", "  puts(\"a,b\");\n", "  puts(\"a, b\");\n", ""),
        ("src/a.c", "  // const a(b);\n", "  // const\n  a(b);\n", ""),
        ("src/a.c", "  a = b + +c;\n  const int d;\n", "  a = b ++c;\n  int d;\n", ""),
        ("src/a.c", "  const int a;\n  b();\n  /* */\n", "  int a; /*\n  b();\n  /* */\n", ""),
        ("src/a.js", "a('Hello,world')\n", "a('Hello, world')\n", ""),
        ("src/a.js", "a('const')\n", "a('let')\n", ""),
        ("src/a.js", "let a = 'a,b'\n", "const a = 'a, b'\n", ""),
        ("src/a.ts", "a(`a,b`)\n", "a(`a, b`)\n", ""),
        ("src/a.ts", "let a = `b,c`\n", "const a = `b, c`\n", ""),
        ("src/a.js", "// let a(b)\n", "// let\na(b)\n", ""),
        ("src/a.js", "let a = 1\nreturn a\n", "const a = 1\nreturn\na\n", ""),
        ("src/a.js", "for (var i = 0;;) f(() => i)\n", "for (let i = 0;;) f(() => i)\n", ""),
        ("src/a.js", "a.let = 1\n", "a.const = 1\n", ""),
        ("src/a.tsx", "  <p>Sign in as admin</p>\n", "  <p>Sign in as user</p>\n", ""),
        ("src/a.tsx", "  <p>https://a.com</p>\n", "  <p>https://b.com</p>\n", ""),
        ("src/a.tsx", "<p>let a = 1</p>\n", "<p>const a = 1</p>\n", ""),
        ("src/a.h", "int a;\n", "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint a;\n", "types"),
        ("src/a.h", "int a;\n", "#ifndef SRC_A_H_\n#define SRC_A_H_\nint a;\n", "types"),
        ("src/a.h", "int a;\n", "#ifndef A\n#define A 1\nint a;\n", ""),
        ("a.po", '#: a.py:1\nmsgid "a"\n', '#: a.py:2\nmsgid "a"\n', "comments"),
        ("a.po", 'msgid "a"\n', 'msgid "b"\n', ""),
        ("src/A.php", "function a() {}\n", "/**\n * It.\n */\nfunction a() {}\n", "comments"),
        ("a.po", '#, python-format\nmsgid "a"\n', '#, fuzzy, python-format\nmsgid "a"\n', ""),
        ("src/a.php", "return $a\n    * 2;\n", "return $a\n    * 3;\n", ""),
        ("src/a.php", "/* It. */\nreturn $a\n    * 2;\n", "/* It. */\nreturn $a\n    * 3;\n", ""),
        ("src/a.php", "/**\n * a\n */\n", "/**\n * b\n */\n", "comments"),
        ("src/a.php", "// a\nb();\n", "// c\nb();\n", "comments"),
        ("src/a.php", "$a = 'b\n// c\n';\n", "$a = 'b\n// d\n';\n", ""),
        ("src/a.php", "$a = \"b\n/* c */\n\";\n", "$a = \"b\n/* d */\n\";\n", ""),
        ("src/a.php", "Isn't it\n<?php\n// It's a\nb('c');\n", "Isn't it\n<?php\n// It's d\nb('c');\n", "comments"),
        ("src/a.php", "Isn't it\n<?php b() ?>\n// a\n", "Isn't it\n<?php b() ?>\n// c\n", ""),
        ("src/a.php", "/* a */ b();\n", "/* a */ c();\n", ""),
        ("src/a.php", "// a ?>b\n", "// a ?>c\n", ""),
        ("src/a.php", "a();\nb();\n", "a();\n/*\nb();\n", ""),
        ("src/a.php", "$a = <<<T\n# Title\nT;\n", "$a = <<<T\n# Heading\nT;\n", ""),
        ("src/a.php", "$a = <<<T\n// a\nT;\n", "$a = <<<T\n// b\nT;\n", ""),
        ("src/a.py", "from typing import cast\nx = a()\n", "from typing import cast\nx = cast(int, a())\n", "types"),
        ("src/a.py", "import typing as t\nx = a()\n", "import typing as t\nx = t.cast(int, a())\n", "types"),
        ("src/a.py", "from b import cast\nx = cast(a, C)\n", "from b import cast\nx = cast(a + 1, C)\n", ""),
        ("src/a.py", "import tf\nx = tf.cast(a, tf.b)\n", "import tf\nx = tf.cast(c, tf.b)\n", ""),
        ("src/a.py", "from typing import cast\nfrom b import cast\nx = cast(a, b)\n", "from typing import cast\nfrom b import cast\nx = cast(c, b)\n", ""),
        ("src/a.py", "from typing import cast\ndef cast(a, b): c()\nx = cast(a, b)\n", "from typing import cast\ndef cast(a, b): c()\nx = cast(c, b)\n", ""),
        ("src/a.py", "from typing import TypeVar\nx = 1\n", "from typing import TypeVar\nT = TypeVar('T')\nx = 1\n", "types"),
        ("src/a.py", "from b import TypeVar\nx = 1\n", "from b import TypeVar\nT = TypeVar('T')\nx = 1\n", ""),
        ("src/a.py", "if b.TYPE_CHECKING:\n    x = 1\n", "if b.TYPE_CHECKING:\n    x = 2\n", ""),
        ("src/a.py", "x = 1\n", "T = Table('T')\nx = 1\n", ""),
    ],
)  # fmt: skip
def test_kinds_of_hunks_that_no_test_could_notice(path, old, new, why) -> None:
    found = division(changed(path, old, new))
    assert dict(found.left_out) == ({why: 1} if why else {})
    assert len(found.parts) == (0 if why else 1)


def test_names_of_a_long_list_are_each_looked_at_once() -> None:
    old = "export {\n} from './a'\n"

    def divided(many: int) -> None:
        new = old.replace("\n", "\n" + "".join(f"  a{n},\n" for n in range(many)), 1)
        assert dict(division(changed("src/a.js", old, new)).left_out) == {"imports": 1}

    divided(1)  # what is imported at first is not counted
    few, many = (lines_run(partial(divided, size)) for size in (300, 1200))
    assert many < 5 * few


@pytest.mark.parametrize(
    ("plain", "typed"),
    [
        ("function a(x) {}", "function a(x?: string | null): Promise<A[]> {}"),
        ("const a = b()", "const a: Map<string, A.B> = b() as Map<string, A.B>"),
        ("const f = (a, {b}) => c", "const f = (a: T, {b}: {b: string}): a is T => c"),
        ("a()", "type A = { b: string } | 'c';\ninterface B<T> extends C { d(): void }\nexport type D<T> = T[];a()"),
        ("x(function (a, ...b) {})", "x(function (a: B, ...b: C[]) {})"),
        ("a()", "export type F = <A extends B>(a: A, ...b: C[]) => D<A>;\na()"),
        ("a()", "type A<T> = T extends string ? B : T extends [] ? C : never;\na()"),
        ("x = a[b]; return c.d", "x = (a as Record<string, any>)[b]; return (c as D).d"),
        ("const a = {b: 1}", "const a = {b: 1} as const"),
        ("const a = {b}", "const a = {b} satisfies A"),
        ("new Map()", "new Map<string, Array<number>>() // it"),
        ("a()", "a<B | C.D, {e: 'f'}[]>()"),
        ("a()", "type A = " + "'a' | " * 900 + "'b'; a()"),
    ],
)
def test_what_runs_of_typescript_is_the_same_without_types(plain, typed) -> None:
    assert what_runs(plain.encode()) == what_runs(typed.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f({a: b, c: d})", "f({a: b, c: e})"),
        ("a ? (b) : c => d", "a ? (b) : e => d"),
        ("x = (a ? b : c)", "x = (a ? b : d)"),
        ("import {a as b} from 'c'", "import {a as d} from 'c'"),
        ("export {a as b}", "export {a as d}"),
        ("import * as a from 'b'", "import * as c from 'b'"),
        ("switch (a) {case b: c()}", "switch (a) {case d: c()}"),
        ("f(a, {b: c})", "f(a, {b: d})"),
        ("if (a < b) c()", "if (a < d) c()"),
        ("x.type = a", "x.type = b"),
        ("const {a: b} = c", "const {a: d} = c"),
        ("f(({a: b}) => b)", "f(({a: d}) => d)"),
        ("f(a ? (b) : {c})", "f(a ? (b) : {d})"),
        ("type = a", "type = b"),
        ("a b", "a(b as C)"),
        ("class A { constructor(b) {} }", "class A { constructor(private b) {} }"),
        ("f(a: A = b)", "f(a: A = c)"),
        ("f(`a: ${b}`)", "f(`a: ${c}`)"),
        ("return /^a:\\/\\//.test(b)", "return /^a:\\/\\//i.test(b.c())"),
        ("if (a) /\\/\\//.test(b)", "if (a) /\\/\\//.test(c)"),
        ("if (a < 18 || a > (b)) c()", "if (a < 21 || a > (b)) c()"),
        ("if (a < b || c > (d)) e()", "if (a < f || c > (d)) e()"),
        ("if (a < b && c > (d)) e()", "if (a < f && c > (d)) e()"),
        ("a < b == c > (d)", "a < e == c > (d)"),
        ("a < 1 > (b)", "a < 2 > (b)"),
        ("a < b ? c : d > (e)", "a < f ? c : d > (e)"),
        ("a <= b > (c)", "a <= d > (c)"),
        ("a << b >> (c)", "a << d >> (c)"),
        ("type A = " + "'a' | " * 3000 + "'b'; c()", "type A = " + "'a' | " * 3000 + "'d'; c()"),
        ("type A = " + "() => " * 3000 + "B; c()", "type A = " + "() => " * 3000 + "D; c()"),
    ],
)
def test_what_runs_of_typescript_differs(one, other) -> None:
    assert what_runs(one.encode()) != what_runs(other.encode())


@pytest.mark.parametrize(
    "text",
    ["{a:", "; interface a", "interface a;", "a as keyof ", "f<", "a<b,", "export declare ", "a: b ? c extends ", "a as (", "() => ", "a.", "a as b."],
)  # fmt: skip
def test_what_runs_of_a_long_text_is_told_soon(text, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripttext._Words, "left", 5_000)
    for before in (b"", b"type A = "):
        few, many = (lines_run(partial(what_runs, before + text.encode() * size)) for size in (500, 2_000))
        assert many < 5 * few
