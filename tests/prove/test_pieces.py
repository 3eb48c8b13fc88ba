# ruff: noqa: E501 - one program a line
"""Pieces inside of a part: what is taken out, and what stands there instead."""

from __future__ import annotations

import ast
import re

import pytest
from support.dividing import division, file

from planfence.prove.pieces import cut_out, pieces


def text_of(division_, part) -> str:
    state, *_ = cut_out(division_, part)
    return state.data.decode()


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
    assert [(piece.first, piece.last) for piece in inner] == [(2, 3), (5, 5), (6, 7), (3, 3), (7, 7), (9, 9), (10, 12)]
    assert "if x < 0" not in text_of(found, inner[0])
    other, *_ = cut_out(found, inner[3])
    assert re.search(rb"if x < 0:\n        return \(lambda it: .*\)\(\(\n0\n\)\)\n    if x > 9", other.data)


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


def left(path: str, new: bytes, old: bytes | None = None, *ranges) -> list[list[str]]:
    """For each piece the lines that are gone or other, in each text that may stand there."""
    found = division(file(path, old, new, *ranges))
    texts = []
    for part in found.parts:
        for piece in pieces(found, part):
            texts.append([state.data.decode() for state in cut_out(found, piece)])
    return texts


@pytest.mark.parametrize(
    ("path", "new", "wanted"),
    [
        ("a.py", "def a(n):\n    return n\n", "def a(n):\n    return OTHER((\nn\n))\n"),
        ("a.py", "def a(n):\n    return b(\n        n,  # one\n    )\n", "def a(n):\n    return OTHER((\nb(\n        n,  # one\n    )\n))\n"),
        ("a.py", "a = lambda n: n + n\n", "a = lambda n: OTHER((n + n))\n"),
        ("a.py", "def a(n):\n    for x in n:\n        yield x\n", "def a(n):\n    for x in n:\n        if False: yield x\n"),
        ("a.py", "def a(n, by=3, *, to: int = 4):\n    return n\n", "def a(n, by= None, *, to: int = 4):\n    return n\n"),
        ("a.py", "def a(n, by=3, *, to: int = 4):\n    return n\n", "def a(n, by=3, *, to: int = None):\n    return n\n"),
        ("a.py", "def a(\n    n,\n    by=(1, 2),\n):\n    return n\n", "def a(\n    n,\n    by= None,\n):\n    return n\n"),
        ("a.py", "def a(n):\n    return b(1 if n or m else [2, 3], 4)  # or not\n", "def a(n):\n    return b( 1, 4)  # or not\n"),
        ("a.py", "def a(n):\n    return b(1 if n or m else [2, 3], 4)  # or not\n", "def a(n):\n    return b( [2, 3], 4)  # or not\n"),
        ("a.py", "def a(n):\n    return b(1 if n or m else [2, 3], 4)  # or not\n", "def a(n):\n    return b(1 if n else [2, 3], 4)  # or not\n"),
        ("a.py", "def a(n):\n    x = n and 'and' or 'or'\n    return x\n", "def a(n):\n    x = n and 'and' \n    return x\n"),
        ("a.js", "function a({ n, by = 3 } = {}) {\n  return n;\n}\n", "function a({ n, by = undefined} = {}) {\n  return n;\n}\n"),
        ("a.ts", "const a = ({ n, by = 3 }: B) => n * by;\n", "const a = ({ n, by = undefined as any}: B) => n * by;\n"),
        ("a.js", "class A {\n  a(n = 3) {\n    return n;\n  }\n}\n", "class A {\n  a(n = undefined) {\n    return n;\n  }\n}\n"),
        ("a.js", "function a(n) {\n  const x = n?.[0] ?? b(n, 1);\n  return x;\n}\n", "function a(n) {\n  const x = n[0] ?? b(n, 1);\n  return x;\n}\n"),
        ("a.js", "function a(n) {\n  const x = n?.[0] ?? b(n, 1);\n  return x;\n}\n", "function a(n) {\n  const x = n?.[0] ;\n  return x;\n}\n"),
        ("a.js", "function a(n) {\n  return n > 9 ? b(n) : 1;\n}\n", "function a(n) {\n  return 1;\n}\n"),
        ("a.c", "int a(int n)\n{\n    return n > 0 && n < 9;\n}\n", "int a(int n)\n{\n    return n > 0 ;\n}\n"),
        ("a.rb", "def a(n)\n  n + n\nend\n", "def a(n)\nend\n"),
        ("a.rb", "def a(n)\n  (0...n).map do |i|\n    i * 2\n  end\nend\n", "def a(n)\nend\n"),
        ("a.rb", "def a(n) = n + n\n", "def a(n) = nil\n"),
        ("a.py", "def a(n, by=False):\n    return n\n", "def a(n, by= True):\n    return n\n"),
        ("a.js", "const a = (n, by = true) => n * by;\n", "const a = (n, by = false) => n * by;\n"),
        ("a.rb", "A = ->(n) { n + n }\n", "A = ->(n) { nil }\n"),
        ("a.rb", "def a(n)\n  Integer(n)\nrescue ArgumentError\n  nil\nend\n", "def a(n)\n  Integer(n)\nend\n"),
        ("a.sh", "a() {\n    echo $(($1 * 2))\n}\n", "a() {\n    :\n}\n"),
        ("a.sh", 'a() {\n    echo "${1:-one}"\n}\n', 'a() {\n    echo "${1}"\n}\n'),
        ("a.sh", "a() {\n    case $1 in\n        b) c ;;\n        *) d ;;\n    esac\n}\n", "a() {\n    case $1 in\n        *) d ;;\n    esac\n}\n"),
        ("a.go", "var A = func(n int) int { return n + n }\n", "var A = func(n int) int { return *new(int) }\n"),
        ("a.go", "func a(n int) int {\n\tdefer b.c()\n\treturn n\n}\n", "func a(n int) int {\n\treturn n\n}\n"),
        ("a.java", "class A {\n  String a() {\n    return n;\n  }\n}\n", 'class A {\n  String a() {\n    return "";\n  }\n}\n'),
        ("a.py", "def a(n):\n    return not n or\\\n        True\n", None),
        ("a.py", "def a(n):\n    return False\n", "def a(n):\n    return True\n"),
        ("a.py", "a = lambda n: n + n\n", "a = lambda n: None\n"),
        ("a.py", "def a(n):\n    x = 1\n    x += n\n    return x\n", "def a(n):\n    x = 1\n    return x\n"),
        ("a.py", "def a(n):\n    n = n + 1\n    return n\n", "def a(n):\n    return n\n"),
        (
            "a.py",
            "def a(n):\n    if n:\n        x = 1\n    elif n is None:\n        x = 2\n    else:\n        x = 3\n    return x\n",
            "def a(n):\n    if n:\n        x = 1\n    else:\n        x = 3\n    return x\n",
        ),
        (
            "a.py",
            "def a(n):\n    try:\n        b(n)\n    except ValueError:\n        c(n)\n    return n\n",
            "def a(n):\n    try:\n        b(n)\n    except ValueError:\n        pass\n    return n\n",
        ),
        (
            "a.py",
            "def a(n):\n    if (\n        n\n        and m\n    ):\n        b(n)\n    return n\n",
            "def a(n):\n    return n\n",
        ),
        ("a.py", "class A:\n    @property\n    def a(self):\n        return 1\n\n    b = 1\n", "class A:\n\n    b = 1\n"),
        ("a.js", "export const a = (n) => n + n;\n", "export const a = (n) => undefined;\n"),
        ("a.js", "export function a(n) { return n + n; }\n", "export function a(n) {  }\n"),
        (
            "a.js",
            "function a(n) {\n  if (n) {\n    b = 1;\n  } else {\n    b = 2;\n  }\n}\n",
            "function a(n) {\n  if (n) {\n    b = 1;\n  }\n}\n",
        ),
        ("a.c", "int a(int n)\n{\n    return n + n;\n}\n", "int a(int n)\n{\n    return 0;\n}\n"),
        ("a.c", "int a(int n)\n{\n    return 0;\n}\n", "int a(int n)\n{\n    return 1;\n}\n"),
        (
            "a.c",
            "int a(int n)\n{\n    if (n)\n    {\n        b(n);\n    }\n    return n;\n}\n",
            "int a(int n)\n{\n    return n;\n}\n",
        ),
        ("a.c", "void a(struct b *b)\n{\n    b->c++;\n    d(b);\n}\n", "void a(struct b *b)\n{\n    d(b);\n}\n"),
        ("a.rs", "fn a(n: i64) -> i64 {\n    n + n\n}\n", "fn a(n: i64) -> i64 {\n    Default::default()\n}\n"),
        (
            "a.rs",
            "fn a(n: i64) -> i64 {\n    match n {\n        0 => 1,\n        _ => 2,\n    }\n}\n",
            "fn a(n: i64) -> i64 {\n    match n {\n        _ => 2,\n    }\n}\n",
        ),
        (
            "a.go",
            "func a(n int) (int, error) {\n\treturn n + n, nil\n}\n",
            "func a(n int) (int, error) {\n\treturn *new(int), *new(error)\n}\n",
        ),
        ("a.go", "func a(n int) []string {\n\treturn b\n}\n", "func a(n int) []string {\n\treturn *new([]string)\n}\n"),
        ("a.java", "class A {\n  int a() {\n    return n;\n  }\n}\n", "class A {\n  int a() {\n    return 0;\n  }\n}\n"),
    ],
)  # fmt: skip
def test_what_may_stand_there_instead(path, new, wanted) -> None:
    another = re.compile(r"\((?:lambda it: |\(it(?:: any)?\) => ).*?(?:None|undefined(?: as any)?)\)(?=\(\()")
    texts = [[another.sub("OTHER", text) for text in one] for one in left("src/" + path, new.encode())]
    if wanted is None:
        assert path.endswith(".py")
        assert not any(ast.parse(text) for one in texts for text in one if "or" in text)
        return
    assert any(wanted in one for one in texts), texts


@pytest.mark.parametrize(
    "value", ["inf", "-inf", "nan", "0", "-0.5", "-1", "7", "1e300", "True", "'a'", "[0]", "{1: 2}"]
)
def test_another_value_is_another_one_of_the_same_type(value) -> None:
    written = value.replace("inf", "float(n)").replace("nan", "float(n)")
    text = left("src/a.py", f"a = lambda n: {written}\n".encode())[0][0]
    known: dict = {}
    exec(text, known)
    argument = value.lstrip("-")
    own = eval(value, {"inf": float("inf"), "nan": float("nan")})
    other = known["a"](argument)
    assert repr(other) != repr(own)
    assert isinstance(other, (int, float)) if isinstance(own, float) else type(other) is type(own)


@pytest.mark.parametrize(
    ("path", "new", "never"),
    [
        ("a.c", "char *a(int n)\n{\n    if (n)\n    {\n        b(n);\n        return NULL;\n    }\n}\n", "return 0;"),
        ("a.h", "int a(int n);\nAPI(char *) b(int n);\nAPI(double) c(int n);\n", ""),
        ("a.py", "def a(n):\n    try:\n        b(n)\n    except E:\n        pass  # none\n    return n\n", "        pass\n    return"),
        ("a.py", "class A:\n    n = 1\n    def a(self):\n        raise NotImplementedError\n    m = 1\n", "n = 1\n    m = 1"),
        ("a.py", "class A(B, total=False):\n    a: int\n    b: int\n", "total= "),
        ("a.py", "def a(n, by=0, to=()):\n    return n\n", "= None"),
        ("a.go", 'func a(n int) (string, bool) {\n\tb(n)\n\treturn "", false\n}\n', "*new("),
        ("a.rs", "fn a(n: u8) -> Option<u8> {\n    b(n);\n    c(n);\n    None\n}\n", "default()"),
        ("a.sh", "a() {\n    local b\n    if c; then\n        d\n    fi\n}\n", "    :\n    if"),
        ("a.rb", "def a(n, b = 2)\n  n + b\nend\n", "b = nil\n"),
    ],
)  # fmt: skip
def test_what_nobody_could_notice_is_no_piece(path, new, never) -> None:
    assert not any(never in text for texts in left("src/" + path, new.encode()) for text in texts)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("a.py", b'def a():\n    """Do.\n\n    if one is there, it is taken\n    return what is there\n    """\n    x = 1\n    b(x)\n'),
        ("a.c", b"/*\n if (one) is there\n return it;\n call(it);\n*/\n"),
        ("a.js", b"/*\n if (one) is there\n return it;\n call(it);\n*/\n"),
    ],
)  # fmt: skip
def test_words_about_the_code_are_no_pieces(path, new) -> None:
    words = [line for line in new.decode().splitlines() if " = " not in line and "b(x)" not in line]
    for one in left("src/" + path, b"y = 1\n" + new, b"y = 1\n", (1, 0, 2, new.count(b"\n"))):
        assert [text for text in one if all(line in text for line in words)] == one


def test_lines_that_took_the_place_of_as_many_are_taken_back_one_by_one() -> None:
    old = b"def a(n):\n    x = n - 1\n    # one\n    return x\n"
    new = b"def a(n):\n    x = n - 2\n    # two\n    return x + 0\n"
    texts = left("src/a.py", new, old, (2, 3, 2, 3))
    assert [new.decode().replace("n - 2", "n - 1")] in texts
    assert [new.decode().replace("x + 0", "x")] in texts
    assert [new.decode().replace("two", "one")] not in texts
    assert len(left("src/a.py", b"a = 2\nb = 2\n", b"a = 1\nb = 1\n", (1, 2, 1, 2))) == 2


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("rate = RATES.get(name, 0)", "rate = RATES.get(name.lower(), 5)", ["rate = RATES.get(name, 5)", "rate = RATES.get(name.lower(), 0)"]),
        ("put(a, 1)", "put(a, 2)", []),  # one change is the line's own
        ("put(a, 1)", "put( a, 1 )", []),
        ("put(a, 1)", "while others: go(on, 2)", []),  # another line
        ("put(a, " + "1, " * 200 + "b)", "put(c, " + "1, " * 200 + "d)", []),  # too long to compare
        ("put(1)  # why", "put(2)  # because", ["put(1)  # because"]),  # the remark alone is no change
    ],
)  # fmt: skip
def test_each_of_several_changes_of_a_line_is_taken_back_alone(old: str, new: str, wanted: list[str]) -> None:
    lines = [f"x = 1\n{line}\n".encode() for line in (old, new)]
    texts = left("src/a.py", lines[1], lines[0], (2, 1, 2, 1))
    assert [text for one in texts for text in one] == [f"x = 1\n{each}\n" for each in wanted]


def test_a_part_has_so_many_pieces_at_most_and_conditions_are_first() -> None:
    new = b"def a(n):\n" + b"".join(b"    b(%d)\n" % n for n in range(30)) + b"    if n:\n        return 1\n"
    found = division(file("src/a.py", b"x = 1\n", b"x = 1\n" + new, (1, 0, 2, 33)))
    (part,) = found.parts
    inner = pieces(found, part)
    assert len(inner) == 16
    assert inner[0].first == 33
