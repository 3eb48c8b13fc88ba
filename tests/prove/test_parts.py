"""Tests apart from code, what is not asked about, and the pieces inside of what is added."""

from __future__ import annotations

import hashlib
import time

import pytest

from planfence.change.change import Mode
from planfence.change.hunks import FileDiff, make_hunks, units_of
from planfence.content.kinds import judge
from planfence.prove.parts import NoTreeError, cut_out, divide, is_test, joined, pieces, surely_broken, without
from planfence.records import replace


def file(
    path: str, old: bytes | None, new: bytes | None, *ranges: tuple[int, int, int, int], was: str = ""
) -> FileDiff:
    ids = [hashlib.sha1(side).hexdigest() if side is not None else "0" * 40 for side in (old, new)]
    modes = [Mode.FILE if side is not None else Mode.ABSENT for side in (old, new)]
    hunks = make_hunks(old or b"", new or b"", ranges) if old is not None and new is not None else ()
    return FileDiff(path, was or path, *modes, *ids, old, new, hunks)


def division(*files: FileDiff, risk=None):
    judged = judge(units_of(files), time.monotonic, 5)
    return divide(judged, lambda path: path.startswith("checks/"), lambda path: path == "planfence.toml", risk or {})


def text_of(division_, part) -> str:
    state, _ = cut_out(division_, part)
    return state.data.decode()


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/test_a.py", True), ("pkg/a_test.go", True), ("src/a.spec.ts", True), ("src/AppTest.java", True),
        ("src/__snapshots__/a.snap", True), ("conftest.py", True), ("checks/a.sh", True),
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


CODE = b"import os\n\n\ndef a(x):\n    return x\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "why"),
    [
        ("src/a.py", CODE, CODE.replace(b"import os", b"import re"), 1, "imports"),
        ("src/a.py", CODE, CODE.replace(b"a(x)", b"a(x: int) -> int"), 4, "types"),
        ("src/a.py", CODE, CODE.replace(b"return x", b"return x  # it"), 5, "comments"),
        ("src/a.py", CODE, CODE.replace(b"return x", b"return  x"), 5, "formatting"),
        ("src/a.pyi", CODE, CODE.replace(b"a(x)", b"a(y)"), 4, "types"),
        ("src/a.js", b"import a from 'a'\n", b"import b from 'b'\n", 1, "imports"),
        ("Cargo.lock", b"a\n", b"b\n", 1, "lock files"),
        ("README.md", b"a\n", b"b\n", 1, "docs files"),
        ("setup.py", b"a\n", b"b\n", 1, "build files"),
        (".editorconfig", b"a\n", b"b\n", 1, "settings"),
    ],
)
def test_nobody_is_asked_about_what_does_nothing(path, old, new, line, why) -> None:
    found = division(file(path, old, new, (line, 1, line, 1)))
    assert found.parts == ()
    assert dict(found.left_out) == {why: 1}


def test_policy_and_plans_are_no_code() -> None:
    found = division(file("planfence.toml", b"a\n", b"b\n", (1, 1, 1, 1)))
    assert not found.rest


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


def pieces_of(added: bytes, path: str):
    found = division(file(path, None, added))
    (part,) = found.parts
    return found, pieces(found, part)


PYTHON = b"""\
def a(x):
    if x < 0:
        return 0
    if x > 9:
        return 9
    else:
        x = 1
    log.info("x")
    self.seen = x
    call(
        x,
    )
    return None
"""


def test_pieces_of_python() -> None:
    found, inner = pieces_of(PYTHON, "src/a.py")
    assert [(piece.first, piece.last) for piece in inner] == [(2, 3), (3, 3), (5, 5), (9, 9), (10, 12)]
    assert "if x < 0" not in text_of(found, inner[0])
    gone, filled = cut_out(found, inner[1])
    assert b"if x < 0:\n        pass\n" in filled.data
    assert b"if x < 0:\n    if x > 9" in gone.data


SCRIPT = b"""\
export function a(x) {
  if (x < 0) {
    return 0;
  }
  this.seen = x;
  return x;
}
"""


def test_pieces_of_a_language_with_braces() -> None:
    found, inner = pieces_of(SCRIPT, "src/a.js")
    assert [(piece.first, piece.last) for piece in inner] == [(2, 4), (3, 3), (5, 5), (6, 6)]
    assert [[inner[0].holds(each) for each in inner]] == [[False, True, False, False]]
    assert text_of(found, inner[0]) == "export function a(x) {\n  this.seen = x;\n  return x;\n}\n"


def test_few_lines_have_no_pieces() -> None:
    assert pieces_of(b"a = 1\nb(2)\n", "src/a.py")[1] == ()
