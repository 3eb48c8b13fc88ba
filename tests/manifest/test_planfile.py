"""Plans: what is read, and every fault with its place and fix."""

from __future__ import annotations

import pytest

from planfence.change.change import Action
from planfence.errors import BadFile, Fault
from planfence.manifest.plan import Constraint
from planfence.manifest.planfile import circles, parse_plan

GOOD = """\
schema = 1
id = "auth-mw"   # the stem
version = 3
goal = "Move auth logic"
out_of_scope = ["token format"]
risks = [{ risk = "401 and 403 differ", mitigation = "a contract test" }]
rollback = "Revert the merge commit"
constraints = ["API v2 unchanged", { text = "p99 under 50 ms", run = "make bench" }]

[themes.auth]
paths = ["src/auth/**", "tests/auth/**"]
types = ["feat", "fix"]

[roles]
implement = "codex"

[[tasks]]
id = "extract"
title = "Extract the check"
theme = "auth"
estimate_min = 45
deny = ["src/auth/keys/**"]
files = [
  { path = "src/auth/mw.py", change = "add" },
  { path = "tests/auth/**" },
]
acceptance = [{ id = "A1", text = "No token gives 401", run = "pytest -q" }]

[[tasks]]
id = "wire"
title = "Wire it in"
theme = "auth"
estimate_min = 30
depends_on = ["extract"]
files = [{ path = "src/auth/app.py", change = "modify", why = "one call" }]
acceptance = [{ id = "A1", text = "It reads well", review = true }]
roles = { implement = "claude" }
"""
PATH = "plans/auth-mw.toml"


def faults(text: str | bytes, path: str = PATH) -> tuple[Fault, ...]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(BadFile) as caught:
        parse_plan(data, path)
    assert all(fault.path == path for fault in caught.value.faults)
    return caught.value.faults


def test_reads_everything() -> None:
    plan = parse_plan(GOOD.encode(), PATH)
    assert (plan.id, plan.version, plan.goal) == ("auth-mw", 3, "Move auth logic")
    assert plan.constraints == (Constraint("API v2 unchanged"), Constraint("p99 under 50 ms", "make bench"))
    extract, wire = plan.tasks
    assert extract.files[0].change is Action.ADD
    assert extract.files[1].change is None
    assert wire.depends_on == ("extract",)
    assert plan.model_for(extract, "implement") == "codex"
    assert plan.model_for(wire, "implement") == "claude"
    assert plan.themes["auth"].types == ("feat", "fix")


def test_windows_line_ends_mean_the_same() -> None:
    assert parse_plan(GOOD.replace("\n", "\r\n").encode(), PATH) == parse_plan(GOOD.encode(), PATH)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message", "fix"),
    [
        ('id = "auth-mw"', 'id = "auth"', 2, 6, 'the id is "auth", the file is auth-mw.toml', 'write `id = "auth-mw"`'),
        ("version = 3", "verson = 3", 3, 1, "unknown key `verson`", "did you mean `version`?"),
        ("version = 3", 'version = "3"', 3, 11, "`version` is a string, not a whole number", "a whole number"),
        ("version = 3", "version = 0", 3, 11, "`version` is 0", "write 1 or more"),
        ("version = 3", "version = true", 3, 11, "`version` is true or false, not a whole number", "whole number"),
        ("schema = 1", "schema = 2", 1, 10, "schema 2 is newer than this Planfence reads (1)", "upgrade"),
        ("schema = 1", "", 1, 1, "the file has no `schema`", "add `schema = 1`"),
        ('goal = "Move auth logic"', "", 1, 1, "the file has no `goal`", "add `goal = "),
        ('"Move auth logic"', '" "', 4, 8, '`goal` is " "', "write what `goal` is"),
        ('"API v2 unchanged"', "7", 8, 16, "a constraint is a string or a table", "run"),
        ("run = ", "rum = ", 8, 64, "unknown key `rum` in `constraints[1]`", "did you mean `run`?"),
        ('"src/auth/**"', '"../x"', 11, 10, '`.` or `..` in a pattern: "../x"', "top of the repository"),
        ('"src/auth/**"', '"/src/x"', 11, 10, 'an absolute path: "/src/x"', "`src/x`"),
        ('"src/auth/**"', '""', 11, 10, 'an empty pattern: ""', "dir/**"),
        ('"src/auth/**"', "'src\\a'", 11, 10, r'a backslash in a pattern: "src\a"', "write `/`"),
        ('"src/auth/**"', '"src/"', 11, 10, 'a bare folder: "src/"', "write `src/**`"),
        ('"src/auth/**"', '"src/[a"', 11, 10, 'an unclosed or empty `[…]`: "src/[a"', "close it"),
        ('"src/auth/**"', '"!src/a"', 11, 10, 'a negated pattern: "!src/a"', "deny"),
        ('"src/auth/**"', '":(top)a"', 11, 10, 'pathspec magic in a pattern: ":(top)a"', "plain glob"),
        ("implement = ", "implment = ", 15, 1, "unknown key `implment` in `roles`", "did you mean `implement`?"),
        ('"codex"', '"co dex"', 15, 13, '`implement` is "co dex"', "model's name"),
        ("[roles]", "[rules]", 14, 2, "unknown key `rules`", "did you mean `roles`?"),
        ('theme = "auth"', 'theme = "aut"', 20, 9, 'no theme is named "aut"', "did you mean `auth`?"),
        ("estimate_min = 45", "estimate_min = 0", 21, 16, "`estimate_min` is 0", "write 1 or more"),
        ("estimate_min = 45", "estimate_min = inf", 21, 16, "estimate_min` is a number, not a whole", "whole number"),
        ('change = "add"', 'change = "create"', 24, 39, '`change` is "create"', "one of `add`, `delete`, `modify`"),
        ('path = "tests/auth/**"', "", 25, 3, "`tasks[0].files[1]` has no `path`", "add `path = "),
        ('depends_on = ["extract"]', 'depends_on = ["extrac"]', 34, 15, 'no task is named "extrac"', "`extract`?"),
        (
            '"No token gives 401", run = "pytest -q" }',
            '"x" }, { id = "A1", text = "y" }',
            27,
            49,
            'a second criterion with the id "A1"',
            "its own id",
        ),
        ('id = "wire"', 'id = "wi re"', 30, 6, '`id` is "wi re"', "letters, digits"),
        ("review = true", 'review = "yes"', 36, 61, "review` is a string, not true or false", "`true` or `false`"),
        ("[themes.auth]", '[themes."a b"]\npaths = []\n[themes.auth]', 10, 9, 'the theme\'s name is "a b"', "letters"),
    ],
)
def test_one_fault(old: str, new: str, line: int, column: int, message: str, fix: str) -> None:
    assert GOOD.count(old) >= 1
    found = faults(GOOD.replace(old, new, 1))
    assert [(fault.line, fault.column) for fault in found] == [(line, column)], found
    assert message in found[0].message
    assert fix in found[0].fix


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("version = 3", "version = 0").replace('"auth-mw"', '"x"').replace("rollback", "rolback")
    found = faults(text.replace('path = "tests', 'pat = "tests'))
    assert [fault.line for fault in found] == [2, 3, 7, 25, 25]
    assert all(fault.fix for fault in found)


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b"goal = \n", 1, 8, "Invalid value"),
        (b'a = 1\nb = "x\n', 2, 7, "Illegal character"),
        (b"a = [1,\n", 1, 8, "at the end of the file"),
        (b"a = 1\na = 2\n", 2, 6, "Cannot overwrite a value"),
        (b"a: 1\n", 1, 2, "Expected '='"),
        (b'a = 1\n# caf\xe9\ngoal = ""', 2, 6, "the byte 0xe9 is not UTF-8"),
        (b"\xef\xbb\xbfa = 1", 1, 1, "byte order mark"),
        (b"\xff\xfea\x00", 1, 1, "the byte 0xff is not UTF-8"),
        (b"a = " + b"[" * 100_000, 0, 0, "nested too deeply"),
        (b"a = " + b"[" * 300 + b"]" * 300, 0, 0, "nested too deeply"),
        (b"schema = 1\n" + b"a." * 1_000_000 + b"b = 1", 0, 0, "nested too deeply"),
        (b"[[" + b"'a' . " * 1_000_000 + b"b]]", 0, 0, "nested too deeply"),
        (b"a = { b = 1, " + b'"\\"". ' * 1_000_000 + b"b = 1 }", 0, 0, "nested too deeply"),
        (b"a = " + b"9" * 5000, 0, 0, "limit"),
        (b"\0", 1, 1, "Invalid statement"),
    ],
)
def test_not_toml(data: bytes, line: int, column: int, message: str) -> None:
    (fault,) = faults(data)
    assert (fault.line, fault.column) == (line, column), fault
    assert message in fault.message
    assert fault.fix


def test_an_empty_file_lacks_what_every_plan_has() -> None:
    assert [fault.message for fault in faults(b"")] == [
        f"the file has no `{key}`" for key in ("schema", "id", "goal", "tasks")
    ]


def test_circles_are_named_once() -> None:
    tasks = "".join(
        f'\n[[tasks]]\nid = "{name}"\ntitle = "t"\ntheme = "auth"\nfiles = []\ndepends_on = ["{other}"]\n'
        for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "e"))
    )
    found = faults(GOOD + tasks)
    assert [fault.message.partition(": ")[2] for fault in found] == ["a → b → c → a", "e → e"]


def test_circles_of_a_long_chain() -> None:
    needs = {str(number): [str(number + 1)] for number in range(3000)}
    assert circles(needs | {"3000": []}) == []
    assert circles(needs | {"3000": ["2999"]}) == [["2999", "3000"]]


def test_two_tasks_of_one_id() -> None:
    found = faults(GOOD.replace('depends_on = ["extract"]\n', "").replace('id = "wire"', 'id = "extract"'))
    assert [(f.line, f.column, f.message) for f in found] == [(30, 6, 'a second task with the id "extract"')]
