import calendar
import time
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planfence.log.line import encode, format_record, format_run
from planfence.log.reader import Reader, Record, RunEntry, decode, number

UNICODE = st.characters(exclude_categories=["Cs"])  # named so, it costs no walk through all code points
ECHO = "2026-11-22_10:00:00,task=auth,model=codex,cost=0.42,time_min=26,review_round=2"
ID = "0123456789abcdef"


def clock(text, is_utc):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d_%H:%M:%S")) - (0 if is_utc else 3600)


def read(text):
    reader = Reader(clock)
    return list(reader.read(StringIO(text, newline="\n"))), reader


def own(task="auth-mw/a", identity=ID, **fields):
    return format_record(
        "2026-11-22_10:00:00", {"task": task, "event": "commit", "result": "refused"} | fields | {"id": identity}
    )


def test_a_line_typed_with_echo():
    (record,), reader = read(ECHO + "\n")
    assert record.fields == {"task": "auth", "model": "codex", "cost": "0.42", "time_min": "26", "review_round": "2"}
    assert record.epoch == 1795341600 - 3600
    assert not record.own
    assert reader.counts == {"lines": 1, "records": 1}


def test_an_own_line_is_in_utc_and_starts_like_the_hand_written():
    line = own(rules="SCP001", files="3")
    assert line == (
        "2026-11-22_10:00:00,task=auth-mw/a,model=,cost=,time_min=,review_round=,"
        "event=commit,result=refused,rules=SCP001,files=3,id=0123456789abcdef"
    )
    (record,), _ = read(line + "\n")
    assert record.own
    assert record.epoch == 1795341600


def test_run_log_lines_and_mixtures():
    found, reader = read(f"auth,start,1795341600\n{ECHO}\nauth,end,1795343160\r\n\n{own()}\n")
    assert found[0] == RunEntry(1795341600, "auth", "start")
    assert [type(entry) for entry in found] == [RunEntry, Record, RunEntry, Record]
    assert reader.counts == {"lines": 5, "records": 2, "runs": 2, "blank": 1}


@pytest.mark.parametrize(
    ("text", "read_as", "counts"),
    [
        (ECHO + own(), 2, {"glued": 1}),
        (ECHO[:40] + own(), 1, {"glued": 1, "torn": 1}),
        (own()[:90] + ECHO, 1, {"glued": 1, "torn": 1}),
        (own() + "a,start,1795341600", 0, {"torn": 1}),
        ("a,start,1795341600b,end,1795341601", 2, {"glued": 1}),
        ("a,start,1795341600" + ECHO, 2, {"glued": 1}),
        (own() + "\n" + own(), 1, {"doubled": 1}),
        (ECHO + "\n" + ECHO, 1, {"doubled": 1}),
        ("time,task,model,cost", 0, {"foreign": 1}),
        ("<<<<<<< HEAD", 0, {"foreign": 1}),
        ("auth,start,", 0, {"foreign": 1}),
        ("2026-11-22_10:00:00,task=a,cost=0,42", 0, {"torn": 1}),
        ("2026-13-22_10:00:00,task=a,cost=0.42", 0, {"torn": 1}),
        ("2026-11-22_10:00:00,model=codex", 0, {"torn": 1}),
        ("2026-11-22_10:00:00,task=a,id=0123", 0, {"torn": 1}),
        ("\x00\x00\x00", 0, {"foreign": 1}),
    ],
)
def test_what_is_not_one_whole_line_is_counted(text, read_as, counts):
    found, reader = read(text + "\n")
    assert len(found) == read_as
    assert {
        name: reader.counts[name] for name in ("glued", "torn", "doubled", "foreign") if reader.counts[name]
    } == counts
    assert len(reader.aside) == sum(count for name, count in counts.items() if name != "glued")


def test_every_cut_of_an_own_line_is_counted_or_reads_as_what_was_whole():
    line = own(cost="0.42", model="codex")
    for end in range(1, len(line)):
        found, reader = read(line[:end])
        assert len(found) + reader.counts["torn"] + reader.counts["foreign"] == 1
        if "event=" in line[:end]:
            assert reader.counts["torn"] == 1


def test_no_more_lines_are_kept_than_are_shown_but_all_are_counted():
    _, reader = read("nonsense\n" * 3 + "other\n" * 100)
    assert reader.counts["foreign"] == 103
    assert len(reader.aside) == 20
    assert reader.aside[3].line == 4


@given(st.text(UNICODE))
@example("a\u2028b\x85c\x0cd\re")
def test_any_value_survives_the_line(value):
    line = own(task="t", why=value)
    assert "\n" not in line
    assert len(line.split(",")) == (10 if value else 9)
    found, _ = read(line + "\n")
    assert found[0].fields.get("why", "") == value
    assert decode(encode(value)) == value


@given(st.text(UNICODE, min_size=1))
@example("2026-11-20_10:00:00")
@example("a\u2028b")
def test_any_task_survives_the_run_log(task):
    found, _ = read(format_run(task, "start", 1795341600) + "\n")
    assert found == [RunEntry(1795341600, task, "start")] or not task.strip()


@given(st.lists(st.sampled_from([ECHO, own(), "a,start,1795341600", "junk", "", ECHO[:30], "\n"])))
def test_every_part_is_counted_somewhere(pieces):
    found, reader = read("".join(pieces))
    counts = reader.counts
    assert len(found) == counts["records"] + counts["runs"]
    if counts["lines"] and not found:
        assert counts["torn"] + counts["foreign"] + counts["blank"] > 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.42", 0.42), ("1e3", 1000), ("", None), ("0,4", None), ("-1", None), ("nan", None), ("inf", None)],
)
def test_numbers(text, value):
    assert number(text) == value


def test_a_reader_knows_doubles_across_files():
    reader = Reader(clock)
    assert len(list(reader.read([own() + "\n"]))) == 1
    reader.restart()
    assert list(reader.read([own() + "\n"])) == []
    assert reader.counts == {"lines": 1, "doubled": 1}


def test_a_large_log_is_read_from_its_end(tmp_path) -> None:
    from planfence.log.files import read_last, read_logs

    log, runs = tmp_path / "log.csv", tmp_path / "run.log"
    filler = "".join(
        f"2026-01-01_10:00:00,task=p/t{n % 7},model=m,cost=,time_min=,review_round=,event=check,id={n:016x}\n"
        for n in range(20_000)
    )
    log.write_text(f"2026-01-01_10:00:00,task=p/rare,model=m,cost=1,time_min=1,review_round=1\n{filler}torn\n")
    runs.write_text("p/t,start,1767261600\n")
    reference = read_logs([log, runs])
    for last in (1, 5, 3000, 30_000):
        found = read_last([log, runs], last)
        assert found.records[-last:] == reference.records[-last:]
        assert found.runs == reference.runs
        assert found.whole == (last == 30_000)
    assert read_last([log, runs], 5).aside[0].line == -1
    assert [record.fields["task"] for record in read_last([log], 20, "p/rare").records] == ["p/rare"]
    of_task = [record for record in reference.records if record.fields["task"] == "p/t3"]
    assert list(read_last([log], 9, "p/t3").records[-9:]) == of_task[-9:]
    assert read_last([tmp_path / "none"], 3).records == ()


def test_lines_of_any_length_from_the_end(tmp_path) -> None:
    from planfence.log.files import read_last, read_logs

    log = tmp_path / "log.csv"
    line = "2026-01-01_10:00:00,task=p/{0},model=m,cost=1,time_min=1,review_round=1,note={1}\n"
    log.write_text("".join(line.format(number, "x" * size) for number, size in enumerate((1, 700_000, 3, 262_144, 9))))
    assert read_last([log], 99).records == read_logs([log]).records
    assert [record.fields["task"] for record in read_last([log], 2).records][-2:] == ["p/3", "p/4"]
