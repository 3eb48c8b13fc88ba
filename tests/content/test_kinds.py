"""Kinds as tables: path, before, after, kind of every hunk. Hunks come from difflib here, from git elsewhere."""

import difflib

import pytest

from planfence.change.hunks import FileDiff, make_hunks, split_lines, units_of
from planfence.content.kinds import UnitKind, judge


def diff(path: str, old: bytes, new: bytes, mode: int = 0o100644) -> FileDiff:
    before, after = split_lines(old), split_lines(new)
    ranges = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            ranges.append((a + 1 if b > a else a, b - a, c + 1 if d > c else c, d - c))
    return FileDiff(path, path, mode, mode, "1" * 40, "2" * 40, old, new, make_hunks(old, new, ranges))


def kinds(*files: FileDiff, budget: float = 60.0) -> list[str]:
    return [one.kind.value for one in judge(units_of(files), lambda: 0.0, budget)]


FORMAT = [
    ("a.py", "x = 1\n", "x  =  1\n"),
    ("a.py", "x = 1  \n", "x = 1\n"),
    ("a.py", "f(a, b)\n", "f(\n    a,\n    b,\n)\n"),
    ("a.py", "x = 'a'\n", 'x = "a"\n'),
    ("a.py", "x = (1)\n", "x = 1\n"),
    ("a.py", 'x = "ab"\n', 'x = "a" "b"\n'),
    ("a.py", "def f():\n    '''Doc.'''\n    return 1\n", 'def f():\n    """Doc."""\n    return 1\n'),
    ("a.py", "x = 1\r\n", "x = 1\n"),
    ("a.py", "x = 0XFF\n", "x = 0xFF\n"),
    ("a.js", "f( a )\n", "f(a)\n"),
    ("a.js", "  f(a)\n", "    f(a)\n"),
    ("A.java", "int f(int a, int b) {\n", "int f(int a,\n      int b)\n{\n"),
    ("a.c", "if (a) b();\n", "if (a)\n  b();\n"),
    ("a.go", "x  := 1\n", "x := 1\n"),
    ("a.rs", "fn f<'a>(c: &'a str) {}\n", "fn f<'a>( c: &'a str ) {}\n"),
    ("a.css", "a{b:c}\n", "a{b:c}\n\n"),
    ("a.json", '{"a": 1}\n', '{\n  "a": 1\n}\n'),
    ("a.toml", "a=1\n", "a = 1\n"),
    ("a.yml", "a: 1   \n", "a: 1\n"),
    ("a.sh", "echo  a\n", "echo a\n"),
    ("a.md", "a  \n", "a\n"),
]
COMMENT = [
    ("a.py", "x = 1  # a\n", "x = 1  # b\n"),
    ("a.py", '"""Doc."""\nx = 1\n', '"""Other."""\nx = 1\n'),
    ("a.py", 'def f():\n    """Doc."""\n', 'def f():\n    """More\n    doc."""\n'),
    ("a.js", "f() // a\n", "f() // b\n"),
    ("a.ts", "/* a\n b */\nf()\n", "/* a\n c */\nf()\n"),
    ("A.java", "/** a\n * b */\nf();\n", "/** a\n * c\n */\nf();\n"),
    ("a.rs", "/* a /* b */ c */ f();\n", "/* a /* b */ d */ f();\n"),
    ("a.rb", "f # a\n", "f # b\n"),
    ("a.sql", "select 1 -- a\n", "select 1 -- b\n"),
    ("a.html", "<p><!-- a --></p>\n", "<p><!-- b --></p>\n"),
    ("a.yaml", "a: 1 # x\n", "a: 1 # y\n"),
    ("a.yml", "run: |\n  # a\nb: 1 # x\n", "run: |\n  # a\nb: 1 # y\n"),
    ("a.toml", "a = 1 # x\n", "a = 1 # y\n"),
    ("a.sh", "f # a\n", "f # b\n"),
    ("a.sh", "cat <<EOF\na\nEOF\nf # a\n", "cat <<EOF\na\nEOF\nf # b\n"),
    ("a.css", "a{} /* x */\n", "a{} /* y */\n"),
    ("a.md", "words\n", "other words\n"),
]
BEHAVIOUR = [
    ("a.py", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    ("a.py", "x = (1,)\n", "x = (1)\n"),
    ("a.py", 'x = "a b"\n', 'x = "a  b"\n'),
    ("a.py", "x = 'a'\n", "x = b'a'\n"),
    ("a.py", '"""\nx = 1\n"""\ny = 1\n', '"""\nx = 1\ny = 1\n"""\n'),
    ("a.py", "x = '''\n# a\n'''\n", "x = '''\n# b\n'''\n"),
    ("a.py", "#!/bin/a\n", "#!/bin/b\n"),
    ("a.py", "# a\n", "# a\rimport os\n"),
    ("a.py", "x = 0.0\n", "x = -0.0\n"),
    ("a.py", "x = (\n", "x = ((\n"),
    ("a.js", "return x\n", "return\nx\n"),
    ("a.js", "x = `a b`\n", "x = `a  b`\n"),
    ("a.js", "x = /a b/\n", "x = /a  b/\n"),
    ("a.js", "x = `\n// a\n`\n", "x = `\n// b\n`\n"),
    ("a.js", "a + +b\n", "a ++ b\n"),
    ("a.js", "// a\n", "// a\u2028f()\n"),
    ("a.tsx", "<a>http://a</a>\n", "<a>http://b</a>\n"),
    ("A.java", "/* a */\nf();\n", "/* a\nf(); */\n"),
    ("A.java", "// a\n", "// \\u000a f();\n"),
    ("a.c", "#define F(x) x\n", "#define F (x) x\n"),
    ("a.c", "#define F \\\n  a\n", "#define F \\\n\n  a\n"),
    ("a.go", "//go:build a\n", "//go:build b\n"),
    ("a.go", "x := `a\nb`\n", "x := `a\n b`\n"),
    ("a.go", "return /*\n*/ x\n", "return /* */ x\n"),
    ("a.rs", "/* a /* b */ c */\nf(1);\n", "/* a /* b */ c */\nf(2);\n"),
    ("a.rb", "foo [1]\n", "foo[1]\n"),
    ("a.rb", "x = <<-EOS\n# a\nEOS\n", "x = <<-EOS\n# b\nEOS\n"),
    ("a.sh", "cat <<EOF\n# a\nEOF\n", "cat <<EOF\n# b\nEOF\n"),
    ("a.sh", "a=1\n", "a= 1\n"),
    ("a.sh", "a\n", "a\r\n"),
    ("a.css", "a .b{}\n", "a.b{}\n"),
    ("a.html", "<pre>a b</pre>\n", "<pre>a  b</pre>\n"),
    ("a.html", "<!--[if IE]>a<![endif]-->\n", "<!--[if IE]>b<![endif]-->\n"),
    ("a.yml", "a: b c\n", "a: b  c\n"),
    ("a.yml", "a:\n  b: 1\n", "a:\nb: 1\n"),
    ("a.yml", "run: |\n  # a\n  b\n", "run: |\n  # c\n  b\n"),
    ("Makefile", "a:\n\tb\n", "a:\n        b\n"),
    ("a.sql", "select /*+ a */ 1\n", "select /*+ b */ 1\n"),
    ("unknown.zig", "a\n", "a \n"),
    ("noextension", "a\n", "a \n"),
]


@pytest.mark.parametrize(("path", "old", "new"), FORMAT)
def test_format(path: str, old: str, new: str) -> None:
    assert set(kinds(diff(path, old.encode(), new.encode()))) == {"format"}


@pytest.mark.parametrize(("path", "old", "new"), COMMENT)
def test_comment(path: str, old: str, new: str) -> None:
    assert set(kinds(diff(path, old.encode(), new.encode()))) == {"comment"}


@pytest.mark.parametrize(("path", "old", "new"), BEHAVIOUR)
def test_nothing_unproven_is_called_quiet(path: str, old: str, new: str) -> None:
    assert not set(kinds(diff(path, old.encode(), new.encode()))) <= {"format", "comment"}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [("a.js", "f(a)\n}\n", "f(a)\n"), ("a.go", "f(\n\ta)\n", "f(a,\n)\n"), ("a.js", "'a'\n", '"a"\n')],
)
def test_style_is_never_counted_as_format(path: str, old: str, new: str) -> None:
    assert kinds(diff(path, old.encode(), new.encode())) == ["style"]


def test_one_edit_does_not_spoil_the_proof_of_the_rest() -> None:
    old = b"x = 'a'\ny = 1\nz = 'b'\n"
    assert kinds(diff("a.py", old, b'x = "a"\ny = 1\nq = 1\nz = "b"\n')) == ["format", "behaviour"]
    new = b'x = "a"\ny = 1\nz = "c"\n'
    assert kinds(diff("a.py", old, new)) == ["format", "behaviour"]


def test_a_statement_laid_out_over_two_hunks_is_format() -> None:
    old = b"void f() {\n  int a = g(x,\n    k(),\n    y); h(); }\n"
    new = b"void f() {\n  int a = g(x, k(),\n    y\n  ); h(); }\n"
    assert set(kinds(diff("A.java", old, new))) == {"format"}


def test_renamed_identifier_needs_two_hunks() -> None:
    one = diff("a.js", b"f(user)\nx\ng(user)\n", b"f(account)\nx\ng(account)\n")
    assert kinds(one) == ["identifier-rename"] * 2
    assert kinds(diff("a.js", b"f(user)\n", b"f(account)\n")) == ["behaviour"]
    swapped = diff("a.js", b"f(user)\nx\ng(user)\n", b"f(account)\nx\ng(person)\n")
    assert kinds(swapped) == ["behaviour"] * 2
    assert kinds(diff("a.js", b"f(true)\nx\ng(true)\n", b"f(false)\nx\ng(false)\n")) == ["behaviour"] * 2


def test_moved_block() -> None:
    block = b"def helper_function(argument):\n    return argument\n"
    gone, come = diff("a.py", b"x = 1\n" + block, b"x = 1\n"), diff("b.py", b"y = 2\n", b"y = 2\n" + block)
    assert kinds(gone, come) == ["move", "move"]
    assert kinds(gone) == ["behaviour"]
    replaced = diff("a.py", b"x = 1\n" + block, b"x = 1\ny = other_function(2)\n")
    assert kinds(replaced, come) == ["behaviour"] * 2


def test_codemod_is_three_times_in_two_files() -> None:
    files = [diff(f"{n}.js", b"var a1 = old.call(1)\n", b"var a1 = fresh.go().call(1)\n") for n in "abc"]
    assert kinds(*files) == ["codemod"] * 3
    assert kinds(*files[:2]) == ["behaviour"] * 2
    old, new = b"var a1 = old.call(1)\nx\n", b"var a1 = fresh.go().call(1)\nx\n"
    assert kinds(diff("a.js", old * 3, new * 3)) == ["behaviour"] * 3
    assert kinds(diff("a.js", old * 2, new * 2), files[1]) == ["codemod"] * 3


def test_what_is_spared_is_proven_nothing_and_counts_for_the_rest_as_before() -> None:
    rename = [diff(path, b"old_name(1)\n", b"new_name(1)\n") for path in ("a.py", "ci.yml", "b.py")]
    layout = diff("package-lock.json", b'{"a": 1}\n', b'{"a":  1}\n')
    units = units_of([*rename, layout])
    wanted = ["identifier-rename", "identifier-rename", "identifier-rename", "format"]
    assert [one.kind.value for one in judge(units, lambda: 0.0, 60.0)] == wanted
    spared = judge(units, lambda: 0.0, 60.0, lambda path: path in ("ci.yml", "package-lock.json"))
    assert [one.kind.value for one in spared] == [*wanted[:3], "behaviour"]


def test_past_the_deadline_all_is_behaviour() -> None:
    assert kinds(diff("a.py", b"x = 1\n", b"x  = 1\n"), budget=0.0) == ["behaviour"]
    units = units_of([diff("a.py", b"f(a, b)\n" * 9, b"f(a,\n b)\n" * 9)])
    found = []
    for budget in range(1, 40):
        ticks = iter(range(10_000))
        found.append(judge(units, lambda ticks=ticks: float(next(ticks)), budget)[0].kind)
    assert found[0] is UnitKind.BEHAVIOUR
    assert found[-1] is UnitKind.FORMAT
    assert set(found) <= {UnitKind.BEHAVIOUR, UnitKind.STYLE, UnitKind.FORMAT}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (FileDiff("b", "a", 0o100644, 0o100644, "1", "1"), ["rename"]),
        (FileDiff("a", "a", 0o100644, 0o100755, "1", "1"), ["mode"]),
        (FileDiff("b", "a", 0o100644, 0o100755, "1", "1"), ["rename", "mode"]),
        (FileDiff("a", "a", 0, 0o100644, "0", "1", None, b""), ["add"]),
        (FileDiff("a", "a", 0o100644, 0, "1", "0", b"a", None), ["delete"]),
        (FileDiff("a", "a", 0o160000, 0o160000, "1", "2"), ["submodule"]),
        (FileDiff("a", "a", 0o100644, 0o120000, "1", "2", b"a", b"b"), ["behaviour"]),
        (FileDiff("a", "a", 0o100644, 0o100644, "1", "2", b"\0", b"\0\0"), ["binary"]),
    ],
)
def test_atoms(file: FileDiff, expected: list[str]) -> None:
    assert kinds(file) == expected
