"""What the fuzzers found, each as the smallest input that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.parsers import COMMIT, FAILED, GATE, JUNIT, PLAN, RAW, RUN, TARGETS

from planfence.change import message
from planfence.change.trees import parse_raw
from planfence.errors import BadFile, CouldNotCheck
from planfence.gate.junit import read_counts
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import GitObject
from planfence.ledger import evidence, intoto
from planfence.ledger.evidence import Counts, Outcome, Result
from planfence.manifest.planfile import parse_plan


def test_two_tasks_of_one_name_that_need_each_other() -> None:
    """It was a ValueError: the circle was sought in the one task and found in the other."""
    task = PLAN[PLAN.index(b"[[tasks]]") :]
    twice = PLAN + task.replace(b'theme = "t"', b'theme = "t"\ndepends_on = ["a"]')
    with pytest.raises(BadFile) as caught:
        parse_plan(twice, "plans/p.toml")
    assert [fault.message for fault in caught.value.faults] == ['a second task with the id "a"']


@pytest.mark.parametrize(
    "text",
    [
        # Without our own lines the block has too few trailers to be one.
        "x: y\n\nbody\nPlan-Model: human\nPlan-Task: p/b\nwords\nwords\nwords\n",
        # A folded line belongs to the trailer that is replaced.
        "x: y\n\nPlan-Task: p/b\n folded\nSigned-off-by: A <a@b>\n",
        # A vertical tab is not a blank line for git.
        "x: y\n\nPlan-Task: p/b\n\n\x0b\n# a comment\n",
        "\x0b",
    ],
)
def test_the_task_that_the_hook_writes_is_the_one_that_is_read(text: str) -> None:
    wanted = ((message.TASK_TRAILER, "p/a"),)
    written = message.with_trailers(text, wanted, "#")
    assert message.parse(message.clean(written, "#")).trailer(message.TASK_TRAILER) == ("p/a",)
    assert "folded" not in written
    assert message.with_trailers(written, wanted, "#") == written


@pytest.mark.parametrize(
    "record",
    [
        RAW.replace(b":100644", b":00644"),
        RAW.replace(b":100644", b":+10064"),
        RAW.replace(b"1" * 40, b"1" * 39),
        RAW.replace(b"1" * 40, b"I" * 40),
        RAW.replace(b" M\0", b" R100\0"),
        RAW.replace(b"src/a.py", b""),
    ],
)
def test_what_git_never_writes_is_no_change(record: bytes) -> None:
    with pytest.raises(CouldNotCheck):
        parse_raw(record)


@pytest.mark.parametrize("data", [COMMIT + b"\0", COMMIT.replace(b"\ngpgsig", b"\nencoding a\0b\ngpgsig")])
def test_a_nul_in_a_commit(data: bytes) -> None:
    """As an encoding's name it was a ValueError; in a message it hides what follows from every reader of `git log`."""
    with pytest.raises(CouldNotCheck, match="NUL"):
        parse_commit(GitObject("4" * 40, "commit", data))


@pytest.mark.parametrize("encoding", [b"unicode_escape", b"utf-7", b"utf-16", b"iso2022_jp", b"idna"])
def test_no_encoding_makes_trailers_out_of_other_words(encoding: bytes) -> None:
    body = b"x\n\n\\x50lan-Task: p/a\n+AFA-lan-Task: p/a\n"
    data = COMMIT.partition(b"\ngpgsig")[0] + b"\nencoding " + encoding + b"\n\n" + body
    assert parse_commit(GitObject("4" * 40, "commit", data)).message.encode() == body


def test_latin1_is_read_as_it_is_meant() -> None:
    data = COMMIT.partition(b"\ngpgsig")[0] + b"\nencoding ISO-8859-1\n\ncaf\xe9\n"
    assert parse_commit(GitObject("4" * 40, "commit", data)).message == "café\n"


def _told(value: Result, result: str | None = None) -> evidence.GateRun:
    stated = evidence.to_statement(replace(RUN, results=(value,)))
    if result is not None:
        stated = replace(stated, predicate=dict(stated.predicate) | {"result": result})
    return evidence.from_statement(stated)


GOOD = RUN.results[0]


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (replace(GOOD, exit=1), None),
        (replace(GOOD, counts=Counts(3, 1, 0)), None),
        (replace(GOOD, counts=Counts(1, 0, 2)), None),
        (replace(GOOD, seconds=float("nan")), None),
        (replace(GOOD, seconds=float("inf")), None),
        (replace(GOOD, seconds=-1.0), None),
        (FAILED.results[0], "PASSED"),
        (FAILED.results[0], ""),
        (GOOD, "FAILED"),
    ],
)
def test_a_record_that_contradicts_itself_is_none(value: Result, result: str | None) -> None:
    with pytest.raises(intoto.NotAStatement):
        _told(value, result)


def test_a_run_that_failed_and_passed_the_same_command_has_not_passed() -> None:
    both = replace(RUN, results=(FAILED.results[0], GOOD))
    assert evidence.missing((both,), RUN.tree, GATE) == f"the tests did not pass on this tree: {Outcome.FAILED}"
    assert not evidence.missing((both, RUN), RUN.tree, GATE)


@pytest.mark.parametrize(
    "report",
    [
        b"<testsuite><testcase name='a'/><x><testcase name='b'><failure/></testcase></x></testsuite>",
        b"<testsuite><testcase name='a'/><error/></testsuite>",
        b"<testsuite xmlns:u='u'><testcase name='a'/><u:testcase/></testsuite>",
        b"<testsuites><testcase name='a'/><testsuites><testcase name='b'/></testsuites></testsuites>",
        JUNIT.decode().encode("utf-16"),
    ],
)
def test_a_report_with_something_in_an_odd_place_is_not_read(report: bytes, tmp_path: Path) -> None:
    place = tmp_path / "junit.xml"
    place.write_bytes(report)
    assert read_counts(place) is None


def test_a_case_that_failed_and_was_skipped_has_failed(tmp_path: Path) -> None:
    place = tmp_path / "junit.xml"
    place.write_bytes(b"<testsuite><testcase name='a'><failure/><skipped/></testcase></testsuite>")
    assert read_counts(place) == Counts(1, 1, 0)


@pytest.mark.parametrize("name", TARGETS)
def test_an_empty_input(name: str) -> None:
    TARGETS[name](b"")
