"""DuckDB's way is the reference's, only faster: generated logs, mixed with all that it must hand back."""

import os
import random
import signal
import subprocess
import sys

import pytest
from support.logfacts import plain

from planfence.files import ranges
from planfence.log.files import local_clock
from planfence.log.reader import Reader
from planfence.report import ducklog, foldlogs, report
from planfence.report.metrics import Frame
from planfence.report.taskfacts import LogFacts

FOLD_PART = foldlogs._fold_part
TASKS = ["a", "p/a", "p/b", "", "a%2Cb", "caf\u00e9", "a b", "'", '"q"']
NUMBERS = ["", "0", "1", "0.42", "26", "2.5", "1e3", "-1", "nan", "x", ".5", "7."]
DAYS = [
    "2026-11-22_10:00:00",
    "2026-02-28_23:59:59",
    "2026-02-30_10:00:00",
    "2026-13-01_10:00:00",
    "2024-02-29_01:02:03",
    "0000-01-01_00:00:00",
]
MIDDLES = [
    "",
    ",stage=implement",
    ",plan=p,stage=review,files=3",
    ",ms=1",
    ",theme=docs",
    ",stage=implement,theme=",
    ",plan=stage,stage=implement,theme=zebra",
    ",plan=p,stage=implement,theme=auth,rules=SCP001,files=3,lines=9,ms=12,session=s,commit=ab12,why=x",
    ",why=x",
    ",ms=1,ms=2",
    ",flow=dual",
]
EVENTS = ["pre-commit", "check", "post-commit", "finish", "start", "note"]


def line(generator, number):
    kind = generator.random()
    cost, minutes, rounds = generator.choices(NUMBERS, k=3)
    if 0.4 < kind < 0.7:
        cost = minutes = rounds = ""  # as hooks write them
    hand = (
        f"{generator.choice(DAYS)},task={generator.choice(TASKS)},model={generator.choice(['', 'codex', 'claude'])},"
        f"cost={cost},time_min={minutes},review_round={rounds}"
    )
    if kind < 0.4:
        return f"{hand},note={number}" if generator.random() < 0.3 else hand
    if kind < 0.9:
        result = generator.choice(["accepted", "refused"])
        return f"{hand},event={generator.choice(EVENTS)},result={result}{generator.choice(MIDDLES)},id={number:016x}"
    return generator.choice(
        ["", "junk", f"p/a,start,{1795341600 + number}", f"p/a,end,{1795341600 + number}", "2026-11-22_10:00:00,task=a"]
    )


def reference(path, prefix=""):
    facts, reader = LogFacts(), Reader(local_clock)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        facts.add(reader.read(lines), prefix)
    return facts, reader


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_the_reference(tmp_path, seed):
    generator = random.Random(seed)
    texts = dict.fromkeys(line(generator, number) for number in range(300))
    path = tmp_path / "it's a log.csv"
    path.write_text("\n".join(texts) + "\n")
    facts, counts, aside = ducklog.fold_large([path], "r:")
    expected, reader = reference(path, "r:")
    assert counts == reader.counts
    assert plain(facts) == plain(expected)
    assert (facts.runs, facts.unreadable) == (expected.runs, expected.unreadable)
    assert facts.loose_cost() == pytest.approx(expected.loose_cost())
    assert [(entry.why, entry.text) for entry in aside] == [(entry.why, entry.text) for entry in reader.aside]


HAND = "2026-11-22_10:00:00,task=a,model=codex,cost=1,time_min=2,review_round=1\n"
OWN = HAND.rstrip() + ",event=check,result=accepted,id=0123456789abcdef\n"


@pytest.mark.parametrize(
    "text",
    [
        HAND * 2,
        OWN + OWN.replace("cost=1", "cost=2"),
        HAND.rstrip() + OWN,
        HAND.rstrip(),
        HAND.replace("\n", "\r\n"),
        HAND + "\x01\n",
        HAND + "\0\n",
    ],
)
def test_what_duckdb_could_read_differently_is_left_to_python(tmp_path, text):
    path = tmp_path / "log"
    path.write_text(text)
    assert ducklog.fold_large([path], "") is None


def test_bytes_that_are_not_utf8(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(HAND.encode() + b"\xff\xfe\n")
    found = ducklog.fold_large([path], "")
    assert found is None or found[1]["foreign"] == 1


def test_many_files_and_empty_ones(tmp_path):
    paths = []
    for number in range(30):
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_text(HAND.replace("task=a", f"task=t{number}") if number % 3 else "")
    facts, counts, _ = ducklog.fold_large(paths, "")
    assert len(facts.tasks) == counts["records"] == 20


def test_the_report_takes_it_from_some_size_on(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_text(HAND + OWN)
    small = report.render_json(report.report([report.Source((path,))], Frame(1795341600)))
    monkeypatch.setattr(foldlogs, "LARGE", 1)
    called = []
    whole = foldlogs.fold_large
    monkeypatch.setattr(foldlogs, "fold_large", lambda *words: called.append(1) or whole(*words))
    assert report.render_json(report.report([report.Source((path,))], Frame(1795341600))) == small
    assert called


@pytest.mark.parametrize("seed", range(12))
def test_several_processes_read_as_the_reference(tmp_path, seed):
    generator = random.Random(seed)
    paths, texts = [], dict.fromkeys(line(generator, number) for number in range(400))
    for number, share in enumerate((list(texts)[:7], list(texts)[7:300], [], list(texts)[300:])):
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_text("".join(f"{text}\n" for text in share))
    expected, reader = LogFacts(), Reader(local_clock)
    for path in paths:
        with path.open(newline="\n") as lines:
            expected.add(reader.read(lines), "r:")
    facts, counts, aside = foldlogs.fold_in_parts(paths, "r:", 2 + seed % 4)
    assert counts == reader.counts
    assert aside == reader.aside
    assert plain(facts) == plain(expected)
    assert (facts.runs, facts.unreadable) == (expected.runs, expected.unreadable)
    assert facts.loose_cost() == pytest.approx(expected.loose_cost())


RAN = OWN.replace("cost=1,time_min=2,review_round=1", "cost=,time_min=,review_round=")


@pytest.mark.parametrize(
    "double",
    [
        HAND,
        RAN,
        RAN.replace("event=check", "event=start"),
        HAND.rstrip() + "2026-11-22_11:00:00,task=b,model=x,cost=1,time_min=2,review_round=1\n",
        HAND.rstrip(),
    ],
)
def test_a_double_in_another_process_s_part_is_found(tmp_path, monkeypatch, double):
    path = tmp_path / "log"
    filling = "".join(HAND.replace("task=a", f"task=t{number}") for number in range(200))
    for text in (HAND + RAN + filling + double, double.rstrip("\n") + "\n" + filling + HAND + RAN):
        path.write_text(text)
        expected, reader = reference(path)
        assert foldlogs.fold_in_parts([path], "", 2) is None
        for name, value in (("LARGE", 1), ("has_duckdb", lambda: False), ("processors", lambda: 2)):
            monkeypatch.setattr(foldlogs, name, value)
        facts, counts, aside = foldlogs.fold([(path, "")])
        assert (counts, aside) == (reader.counts, reader.aside)
        assert plain(facts) == plain(expected)


def test_where_a_child_dies_one_process_reads_all(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_text(HAND.replace("task=a", "task=b") + HAND)
    first, fold_part = ranges.cut([path], 2)[0], foldlogs._fold_part
    monkeypatch.setattr(
        foldlogs, "_fold_part", lambda spans, **how: fold_part(spans, **how) if spans == first else None.spans
    )
    assert foldlogs.fold_in_parts([path], "", 2) is None


def killed(spans, *, sent):
    if sent:
        os.kill(os.getpid(), signal.SIGKILL)
    return FOLD_PART(spans, sent=sent)


def test_where_a_child_is_killed_one_process_reads_all(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_text(HAND.replace("task=a", "task=b") + HAND)
    monkeypatch.setattr(foldlogs, "_fold_part", killed)
    assert foldlogs.fold_in_parts([path], "", 2) is None


def test_no_child_is_left_behind(tmp_path):
    """In a process of its own: other tests may have children."""
    path = tmp_path / "log"
    path.write_text(HAND * 9)
    script = """
import os, sys
from pathlib import Path
from planfence.files import ranges
from planfence.report import foldlogs

found = foldlogs._in_processes(ranges.cut([Path(sys.argv[1])], 3))
assert next(found).totals.lines
found.close()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == 7


def test_parts_are_whole_lines(tmp_path):
    generator = random.Random(3)
    paths = []
    for number in range(9):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_bytes(b"".join(b"x" * generator.randrange(90) + b"\n" for _ in range(generator.randrange(20))))
    whole = b"".join(path.read_bytes() for path in paths)
    for count in (1, 2, 3, 7, 50):
        parts = ranges.cut(paths, count)
        assert len(parts) <= count
        spans = [span for part in parts for span in part]
        texts = [b"".join(ranges.blocks(span.path, 16, span.start, span.end)) for span in spans]
        assert b"".join(texts) == whole
        assert all(text.endswith(b"\n") for text in texts)
