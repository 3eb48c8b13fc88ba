"""What is shown of a text of others, drawn at random, and how each format escapes it."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import EVIL, faults

from planfence.finding import Finding, Report, Severity
from planfence.inert import LONGEST, dumps, inert, lines, netted
from planfence.render import machine, prompts
from planfence.render.text import paint, render

#: Words of which hostile texts are made, lone surrogates and bytes that were not UTF-8 among them.
PIECES = st.sampled_from(
    [
        *(
            "::",
            "::error::x",
            "[x](https://evil.example)",
            "##[error]",
            "##vso[x]",
            "##teamcity[",
            "\x1b[31m",
            "\x1b]0;",
            "\r\n",
            "e\u0301",
            "``",
            "%0A",
        ),
        *"#[\x1b\x07\n\r\t \u2028\x85\u202e\u200b\udcff\ud800\ufffe\U000e0041\u3164\u00e4\u6f22x=@`|<,:\"\\'",
    ]
)
TEXTS = st.lists(PIECES | st.characters(), max_size=12).map("".join)


def clean(text: str) -> list[str]:
    return faults(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_one_line_that_only_shows(text: str) -> None:
    shown = inert(text)
    assert "\n" not in shown
    assert not clean(shown)
    assert not clean(f"  {shown}")
    assert inert(shown) == shown


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "Nd"]), max_size=40))
def test_plain_words_stay(text: str) -> None:
    assert inert(text) == text or any(char in text for char in "\u115f\u1160\u3164\uffa0")


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_several_lines(text: str) -> None:
    assert not clean(lines(text))
    assert not clean(netted(text).replace("\x1b[31m", ""))


def test_what_is_seen() -> None:
    assert inert("a\x1b[2Jb\nc\u202ed\udcffe\x9bf") == r"a\x1b[2Jb\nc\u202ed\xffe\x9bf"
    assert inert("::error::x") == r"\x3a:error::x"
    assert inert("a ::error::x std::sort") == "a ::error::x std::sort"
    assert inert("##[error]x") == r"\x23#[error]x"
    assert inert("## [1.0] ## Heading #[x]") == "## [1.0] ## Heading #[x]"
    assert lines("a\x1b[1;31mb\x1b[0m\tc\rd\r\ne\n") == "ab      c\nd\ne\n"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    shown = inert("x" * (LONGEST + 7))
    assert shown == "x" * LONGEST + "… (7 characters more)"


def test_our_colours_stay_and_no_others() -> None:
    assert netted(paint("x", "31", True)) == "\x1b[31mx\x1b[0m"
    assert netted("\x1b[2Jx\x1b[3") == r"\x1b[2Jx\x1b[3"
    assert netted("  ::error::x\n::warning::y") == "  \\x3a:error::x\n\\x3a:warning::y"
    assert netted("::error::x", commands=True) == "::error::x"


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(TEXTS, st.lists(TEXTS | st.integers() | st.none(), max_size=3), max_size=3))
def test_json_is_valid_inert_and_loses_nothing(value: dict[str, list[object]]) -> None:
    for indent in (None, 2):
        text = dumps(value, indent)
        assert not clean(text)
        json.loads(text.encode("utf-8").decode("utf-8"))
        if not any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False)):
            assert json.loads(text) == value


def report_of(text: str) -> Report:
    finding = Finding("SCP001", "path-outside-task", Severity.ERROR, text, text, 3, 1, "a" * 40, (text,))
    return Report(("a" * 40,), (finding,), (text,), {"a" * 40: text})


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_format_escapes_by_its_own_rules(text: str) -> None:
    report = report_of(text.encode("utf-8", "replace").decode() + "\udcff")  # git's paths and messages are bytes
    assert not clean(render(report))
    assert not clean(machine.to_json(report))
    json.loads(machine.to_json(report).encode("utf-8"))
    assert not clean(machine.to_sarif(report, (), "1"))
    (result,) = json.loads(machine.to_sarif(report, (), "1").encode("utf-8"))["runs"][0]["results"]
    assert "](" not in result["message"]["text"]
    assert not clean(machine.to_junit(report))
    ElementTree.fromstring(machine.to_junit(report).encode("utf-8"))
    command = machine.to_github(report)
    assert command.count("\n") == 1
    properties, _, message = command.removeprefix("::error ").partition("::")
    assert {each.split("=", 1)[0] for each in properties.split(",")} == {"title", "file", "line"}
    assert "%" not in message.replace("%25", "").replace("%0D", "").replace("%0A", "")


@pytest.mark.parametrize("count", [41, 10_000])
def test_a_long_list_is_cut_with_its_count(count: int) -> None:
    findings = tuple(Finding("SCP001", "n", Severity.ERROR, "no", f"f{n}", change="staged") for n in range(count))
    report = Report(("staged",), findings)
    text = render(report)
    assert len(text.splitlines()) == 42
    assert f"and {count - 40} more; `planfence check --staged --format json` lists them" in text
    assert len(json.loads(machine.to_json(report))["findings"]) == count


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = prompts._code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(fence) : -len(fence)] if fence else ""
    assert fence
    assert fence not in inside.split("`" * (len(fence) + 1))
    assert not clean(span)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\uff1d1", EVIL, 'a";=1', "a;=1"]
)
def test_a_cell_is_no_formula(text: str) -> None:
    from planfence.report.data import build
    from planfence.report.metrics import Frame
    from planfence.report.report import render_csv
    from planfence.report.taskfacts import LogFacts

    facts = LogFacts()
    facts.task(text).saw(1_767_261_600)
    made = render_csv(build(facts, Frame(1_767_300_000, 7, 2)))
    assert not clean(made)
    rows = list(csv.reader(io.StringIO(made)))
    assert len(rows) == 2
    assert rows[1][0].lstrip()[:1] not in ("=", "+", "-", "@", "\uff1d", "\t", "\r")
    assert ";" not in text or all(row.startswith('"') for row in made.splitlines())
