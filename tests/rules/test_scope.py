from __future__ import annotations

from dataclasses import replace

import pytest
from support.tables import change, context, found, task

from planfence.manifest.policy import Limits, Policy
from planfence.rules import (
    change_not_planned,
    change_too_large,
    denied_path,
    path_outside_task,
    protected_path,
    task_missing,
    unsafe_entry,
)
from planfence.rules.rule import Route


@pytest.mark.parametrize(
    ("files", "patterns", "outside"),
    [
        (["src/a.py"], ["src/a.py"], []),
        (["src/a.py"], ["src/**"], []),
        (["src/api_evil"], ["src/api"], ["src/api_evil"]),
        (["src/a/b"], ["src/*"], ["src/a/b"]),
        (["SRC/a"], ["src/**"], ["SRC/a"]),
        (["-old/s", "+src/s"], ["src/**"], ["old/s"]),
        (["src/a.py f>x"], ["lib/**"], ["src/a.py"]),
        (["-src/a.py"], ["lib/**"], ["src/a.py"]),
        (["src/../b"], ["src/*"], ["src/../b"]),
    ],
)
def test_path_outside_task(files: list[str], patterns: list[str], outside: list[str]) -> None:
    assert found(path_outside_task.RULE, context(change(*files), task(*patterns))) == outside


@pytest.mark.parametrize("route", [Route.GOVERNING, Route.SMALL, Route.URGENT, Route.CLOSED])
def test_path_outside_task_only_by_the_task_route(route: Route) -> None:
    assert found(path_outside_task.RULE, context(change("b"), task("a"), route=route)) == []


@pytest.mark.parametrize(
    ("files", "planned", "wrong"),
    [
        (["+a"], ["add:a"], []),
        (["a"], ["add:a"], ["a"]),
        (["-a"], ["add:a"], ["a"]),
        (["-a"], ["modify:a", "delete:a"], []),
        (["a f>x"], ["modify:a"], []),
        (["a f>l"], ["modify:a"], []),
        (["-a"], ["modify:a", "**"], []),
        (["b"], ["add:a"], []),
    ],
)
def test_change_not_planned(files: list[str], planned: list[str], wrong: list[str]) -> None:
    assert found(change_not_planned.RULE, context(change(*files), task(*planned))) == wrong


def test_a_file_that_the_task_added_itself_is_its_own() -> None:
    own = context(change("a"), task("add:a"), origins={"a": "p/t"})
    assert found(change_not_planned.RULE, own) == []
    others = context(change("a"), task("add:a"), origins={"a": "p/other"})
    assert found(change_not_planned.RULE, others) == ["a"]
    deleted = context(change("-a"), task("modify:a"), origins={"a": "p/t"})
    assert found(change_not_planned.RULE, deleted) == ["a"]


def test_denied_path() -> None:
    denying = task("src/**", deny=("src/keys/**",))
    assert found(denied_path.RULE, context(change("src/keys/a", "src/b"), denying)) == ["src/keys/a"]


@pytest.mark.parametrize(
    ("files", "patterns", "refused"),
    [
        ([".github/workflows/ci.yml"], [".github/**"], [".github/workflows/ci.yml"]),
        ([".github/workflows/ci.yml"], [".github/workflows/ci.yml"], []),
        ([".gitattributes"], ["*"], [".gitattributes"]),
        (["planfence.toml"], ["src/**"], []),
        (["-.gitmodules"], ["src/**"], [".gitmodules"]),
    ],
)
def test_protected_path(files: list[str], patterns: list[str], refused: list[str]) -> None:
    assert found(protected_path.RULE, context(change(*files), task(*patterns))) == refused


def test_protected_path_holds_without_a_task() -> None:
    assert found(protected_path.RULE, context(change(".gitattributes"))) == [".gitattributes"]


@pytest.mark.parametrize(
    ("files", "patterns", "links", "refused"),
    [
        (["src/link f>l"], ["src/**"], {"src/link": "a"}, ["src/link", "src/link"]),
        (["src/link ->l"], ["src/link"], {"src/link": "a"}, []),
        (["src/link ->l"], ["src/link"], {"src/link": "../../etc"}, ["src/link"]),
        (["src/link ->l"], ["src/link"], {"src/link": "/etc"}, ["src/link"]),
        (["src/link ->l"], ["src/link"], {}, ["src/link"]),
        (["src/link ->l"], ["src/**"], {"src/link": "../other"}, ["src/link"]),
        (["sub ->s"], ["**"], {}, ["sub"]),
        (["sub s>s"], ["sub"], {}, []),
        (["a f>s"], ["**"], {}, ["a"]),
        (["a f>x"], ["a"], {}, []),
        (["-link"], ["**"], {}, []),
        (["+a:b"], ["**"], {}, ["a:b"]),
        (["a:b"], ["**"], {}, []),
        (["+dir/.GIT/config"], ["**"], {}, ["dir/.GIT/config"]),
        (["+aux.c"], ["**"], {}, ["aux.c"]),
        (["+a.", "+b␠"], ["**"], {}, ["a.", "b "]),
        (["+a\udcff"], ["**"], {}, ["a\udcff"]),
        (["+a\nb"], ["**"], {}, ["a\nb"]),
    ],
)
def test_unsafe_entry(files: list[str], patterns: list[str], links: dict[str, str], refused: list[str]) -> None:
    # A file that becomes an unnamed link is both: a change of type is reported once.
    expected = refused[:1] if files == ["src/link f>l"] else refused
    assert found(unsafe_entry.RULE, context(change(*files), task(*patterns), links=links)) == expected


def test_unsafe_entry_names_a_collision() -> None:
    ctx = context(change("+SRC/x"), task("**"), collisions={"SRC/x": "src"})
    assert [f.message for f in unsafe_entry.RULE.check(ctx)] == [
        "is the same name as src where case or Unicode form does not count"
    ]


@pytest.mark.parametrize(
    ("files", "limits", "count"),
    [
        (["a =5", "b =5"], Limits(files=2, lines=10), 0),
        (["a =5", "b =6"], Limits(files=2, lines=10), 1),
        (["a", "b", "c"], Limits(files=2, lines=10), 1),
        (["a =9999", "b", "c"], Limits(files=0, lines=0), 0),
        (["a =-1", "b =10"], Limits(files=2, lines=10), 0),
    ],
)
def test_change_too_large(files: list[str], limits: Limits, count: int) -> None:
    ctx = context(change(*files), task("**"), policy=Policy(limits=limits))
    assert len(found(change_too_large.RULE, ctx)) == count


@pytest.mark.parametrize(
    ("files", "count"), [(["-a", "+b", "c"], 0), (["-a", "-b", "+c", "d"], 1), (["+a", "+b", "c"], 1)]
)
def test_a_file_that_is_renamed_as_it_is_counts_once(files: list[str], count: int) -> None:
    made = change(*files)
    made = replace(made, files=tuple(replace(each, old_id=each.new_id) for each in made.files))
    ctx = context(made, task("**"), policy=Policy(limits=Limits(files=2)))
    assert len(found(change_too_large.RULE, ctx)) == count


def test_task_missing_says_which_door_is_shut() -> None:
    many = context(change("a", "b", "c"), route=Route.CLOSED, unplanned=frozenset("abc"))
    assert found(task_missing.RULE, many) == ["3 files without a task; without one at most 2 may change"]
    few = context(change("a"), route=Route.CLOSED, unplanned=frozenset("abc"))
    assert found(task_missing.RULE, few) == [
        "3 files in all unplanned commits together; without one at most 2 may change"
    ]
    assert found(task_missing.RULE, context(change("a"), route=Route.SMALL)) == []
