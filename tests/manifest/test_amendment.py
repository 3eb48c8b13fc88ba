"""Amending a plan's text: one task wider, one version higher, everything else as it was."""

from __future__ import annotations

import pytest

from planfence.errors import BadFile, PlanfenceError
from planfence.manifest.amendment import Amendment, amend
from planfence.manifest.planfile import parse_plan

PATH = "plans/p.toml"
TEMPLATE = """\
# head
schema = 1
id = "p"
version = 3   # rises
goal = "g"

[themes.t] # the theme
paths = ["src/**"]

[[tasks]]
id = "one"
title = "x"
theme = "t"
{one}
# between

[[tasks]]
id = "two"
title = "y"
theme = "t"
deny = ["src/keys/**"]
{two}
# tail
"""
FILES = {
    "empty": ("files = []", 'files = [{ path = "src/new.py", why = "w" }]'),
    "one line": (
        'files = [{ path = "src/a" }] # end',
        'files = [{ path = "src/a" }, { path = "src/new.py", why = "w" }] # end',
    ),
    "lines": (
        'files = [\n  { path = "src/a" },\n  { path = "src/b" },\n]',
        'files = [\n  { path = "src/a" },\n  { path = "src/b" },\n  { path = "src/new.py", why = "w" },\n]',
    ),
    "no last comma": (
        'files = [\n    { path = "src/a" }\n]',
        'files = [\n    { path = "src/a" },\n    { path = "src/new.py", why = "w" },\n]',
    ),
    "comments": (
        'files = [\n  # first\n  { path = "src/a" }, # a\n  { path = "src/b" }, # b\n  # last\n]',
        'files = [\n  # first\n  { path = "src/a" }, # a\n  { path = "src/b" }, # b\n  # last\n'
        '  { path = "src/new.py", why = "w" },\n]',
    ),
}
OTHER = 'files = [{ path = "src/z" }]'


def run(text: str, task: str, *adds: str, change: str = "", protected: tuple[str, ...] = ()) -> str:
    return amend(text.encode(), PATH, Amendment(task, adds, "w", change), protected).decode()


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("task", ["one", "two"])
def test_only_the_entry_and_the_version_change(form: str, task: str) -> None:
    before, after = FILES[form]
    places = {"one": OTHER, "two": OTHER}
    text = TEMPLATE.format(**(places | {task: before}))
    amended = run(text, task, "src/new.py")
    wanted = TEMPLATE.format(**(places | {task: after})).replace("version = 3 ", "version = 4 ")
    assert amended.replace("\n\n\n", "\n\n") == wanted.replace("\n\n\n", "\n\n")


def test_lists_written_as_tables_get_one_more() -> None:
    text = TEMPLATE.format(one='[[tasks.files]]\npath = "src/a" # a\n', two=OTHER)
    amended = run(text, "one", "src/new.py")
    assert [entry.path for entry in parse_plan(amended.encode(), PATH).tasks[0].files] == ["src/a", "src/new.py"]
    kept = [line for line in text.replace("version = 3 ", "version = 4 ").splitlines() if line]
    lines = iter(amended.splitlines())
    assert all(line in lines for line in kept), "an old line is gone, or stands elsewhere"


def test_line_ends_stay() -> None:
    text = TEMPLATE.format(one=FILES["lines"][0], two=OTHER).replace("\n", "\r\n")
    amended = run(text, "one", "src/new.py")
    assert "\n" not in amended.replace("\r\n", "")
    assert amended.count("\r\n") == text.count("\r\n") + 1


def test_a_plan_without_a_version_gets_one() -> None:
    text = TEMPLATE.format(one=OTHER, two=OTHER).replace("version = 3   # rises\n", "")
    assert parse_plan(run(text, "one", "src/new.py").encode(), PATH).version == 2


def test_several_paths_and_a_change() -> None:
    plan = parse_plan(
        run(TEMPLATE.format(one=OTHER, two=OTHER), "one", "b", "src/z", "b", "c d", change="add").encode(), PATH
    )
    assert [(entry.path, entry.change) for entry in plan.tasks[0].files[1:]] == [("b", "add"), ("c d", "add")]
    assert [entry.why for entry in plan.tasks[0].files] == ["", "w", "w"]


def test_odd_characters_survive() -> None:
    odd = 'src/"quoted" é\t#.py'
    plan = parse_plan(run(TEMPLATE.format(one=OTHER, two=OTHER), "one", odd).encode(), PATH)
    assert plan.tasks[0].files[1].path == odd


@pytest.mark.parametrize(
    ("task", "path", "message"),
    [
        ("one", "src/z", "one already allows src/z"),
        ("two", "src/keys/a", "two denies src/keys/a"),
        ("two", "src/keys/**", "two denies src/keys/**"),
        ("one", "../x", "`.` or `..` in a pattern"),
        ("one", "src/", "a bare folder"),
        ("three", "src/x", "the plan p has no task three"),
    ],
)
def test_refusals(task: str, path: str, message: str) -> None:
    with pytest.raises(PlanfenceError) as caught:
        run(TEMPLATE.format(one=OTHER, two=OTHER), task, path)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_protected_path_is_named_even_where_a_pattern_covers_it() -> None:
    text = TEMPLATE.format(one='files = [{ path = ".github/**" }]', two=OTHER)
    with pytest.raises(PlanfenceError, match="already allows"):
        run(text, "one", ".github/ci.yml")
    assert ".github/ci.yml" in run(text, "one", ".github/ci.yml", protected=(".github/**",))


def test_a_bad_plan_is_not_amended() -> None:
    with pytest.raises(BadFile):
        run(TEMPLATE.format(one="fils = []", two=OTHER), "one", "x")
