"""The fast reader is the reference, only faster: generated logs, mixed, torn, glued, doubled and odd."""

import calendar
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.logfacts import plain

from planfence.log.reader import Reader
from planfence.report.fastfold import FastFold, whole_lines
from planfence.report.taskfacts import LogFacts


def clock(text, is_utc):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d_%H:%M:%S")) - (0 if is_utc else 3600)


def both(lines, clock=clock, cuts=()):
    """Read by the reference, and by chunks that are cut before these lines."""
    facts, reader = LogFacts(), Reader(clock)
    facts.add(reader.read(lines), "r:")
    fast, fast_reader = LogFacts(), Reader(clock)
    folder = FastFold(fast, fast_reader, clock)
    places = sorted({0, len(lines), *(cut % (len(lines) + 1) for cut in cuts)})
    folder.fold(("".join(lines[start:end]) for start, end in pairwise(places)), "r:")
    folder.finish()
    return (facts, reader), (fast, fast_reader)


def split_lines(text):
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


TIMES = st.sampled_from(
    [
        "2026-11-22_10:00:00",
        "2026-11-22_10:00:07",
        "2026-11-23_00:59:59",
        "2026-13-01_00:00:00",
        "2026-11-22_24:00:60",
        "2026-11-22_10:00",
    ]
)
NUMBERS = st.sampled_from(
    ["", "0", "1", "0.42", "26", "2.5", "1e3", "-1", "nan", "1_0", " 1", "x", "time_min=20", "0.42\r"]
)
TASKS = st.sampled_from(["a", "p/a", "", "a%2Cb", "task=a", "café", "\udcff", "a b"])
MODELS = st.sampled_from(["", "codex", "claude", "%41"])
IDS = st.sampled_from(["0123456789abcdef", "0123456789abcdee", "0123", "0123456789ABCDEF"])
MIDDLES = st.sampled_from(
    [
        "",
        ",stage=implement",
        ",stage=review,files=3",
        ",ms=1,ms=2",
        ",theme=docs",
        ",theme=auth",
        ",stage=implement,worktree=w1,branch=work",
        ",plan=p,stage=implement,theme=docs,rules=SCP001,files=3,lines=9,ms=12,session=s,commit=ab12,why=x",
        ",cost=9",
        ",why=a=b",
        ",rules",
        ",flow=dual",
        ",stage=implement,rules=SCP001",
    ]
)
EVENTS = st.sampled_from(["pre-commit", "check", "finish", "start", "advance", "note", "other"])
RESULTS = st.sampled_from(["accepted", "refused", "", "met"])

HAND = st.builds(
    "{},task={},model={},cost={},time_min={},review_round={}".format, TIMES, TASKS, MODELS, NUMBERS, NUMBERS, NUMBERS
)
OWN = st.builds("{},event={},result={}{},id={}".format, HAND, EVENTS, RESULTS, MIDDLES, IDS)
GOOD_HAND = st.builds(
    "2026-11-22_1{}:00:07,task={},model={},cost={},time_min={},review_round={}".format,
    *(
        st.sampled_from(words)
        for words in (("0", "1"), ("a", "p/a"), ("", "codex"), ("", "0.42"), ("", "26"), ("1", "2"))
    ),
)
GOOD_OWN = st.builds(
    "2026-11-22_1{}:00:07,task={},model=codex,cost=,time_min=,review_round=,event=check,result={}{},id=012345678{}abcdef".format,
    *(
        st.sampled_from(words)
        for words in (
            ("0", "1"),
            ("a", "p/a"),
            ("accepted", "refused"),
            ("", ",stage=implement", ",theme=docs"),
            "012345",
        )
    ),
)
OTHER = st.sampled_from(
    ["", "junk", "a,start,1795341600", "a,end,1795341700", "2026-11-22_10:00:00,task=a", ",cost=", ",event=", ",id="]
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", ""])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(HAND, GOOD_HAND, OWN, GOOD_OWN, GOOD_OWN, OTHER), ENDS), max_size=12),
    st.lists(st.integers(0, 20), max_size=4),
)
def test_equal_to_the_reference(pieces, cuts):
    lines = split_lines("".join(text + end for text, end in pieces))
    (facts, reader), (fast, fast_reader) = both(lines, cuts=cuts)
    assert dict(fast_reader.counts) == dict(reader.counts)
    assert fast_reader.aside == reader.aside
    assert fast_reader.seen == reader.seen
    assert plain(fast) == plain(facts)
    assert (fast.runs, fast.unreadable) == (facts.runs, facts.unreadable)
    assert fast.loose_cost() == pytest.approx(facts.loose_cost())


HAND_LINE = "2026-11-22_{}:00:00,task=a,model=codex,cost=1,time_min=2,review_round=1\n"


@pytest.mark.parametrize(
    "text",
    [
        # A key that a rare line of the same chunk has as well, before and after, whole and glued.
        "X,id=0123456789abcdef\n" + HAND_LINE.format(10),
        HAND_LINE.format(10) + HAND_LINE.format(10).rstrip(),
        HAND_LINE.format(10).rstrip() + HAND_LINE.format(11) + HAND_LINE.format(11),
        HAND_LINE.format(11) + HAND_LINE.format(10).rstrip() + HAND_LINE.format(11),
        # Words that reach over the end of a line.
        "2026-11-22_10:00:00,task=a\n,model=codex,cost=1,time_min=2,review_round=1\n",
        "2026-11-22_10:00:00,task=a,model=codex\n,cost=1,time_min=2,review_round=1\n",
        "2026-11-22_10:00:00,task=a,model=codex,cost=1\n,time_min=2,review_round=1\n",
        "\n" + HAND_LINE.format(10) + "\n\n" + HAND_LINE.format(11) + "junk\n",
        HAND_LINE.format("0 "),
        HAND_LINE.format("\u0661\u0660"),
    ],
)
def test_what_looks_odd_is_read_as_the_reference_reads_it(text):
    (facts, reader), (fast, fast_reader) = both(split_lines(text))
    assert dict(fast_reader.counts) == dict(reader.counts)
    assert fast_reader.aside == reader.aside
    assert plain(fast) == plain(facts)


def test_an_hour_that_a_clock_left_out():
    """From 02:00 the clock was put forward to 03:00: what says 02:30 is after what says 03:10."""

    def forward(text, is_utc):
        return clock(text, is_utc) - (0 if is_utc or text[11:13] < "03" else 3600)

    lines = [HAND_LINE.format(hour).replace(":00:00", minute) for hour, minute in (("03", ":10:00"), ("02", ":30:00"))]
    for order in (lines, lines[::-1]):
        (facts, _), (fast, _) = both(order, forward)
        assert plain(fast) == plain(facts)


def test_blocks_are_cut_into_whole_lines():
    data = HAND_LINE.format(10).encode() + b"\xff\xc3\xa9" * 40 + b"\n\nend"
    for size in (1, 3, 64, 1000):
        chunks = list(whole_lines(data[start : start + size] for start in range(0, len(data), size)))
        assert "".join(chunks).encode("utf-8", "surrogateescape") == data
        assert all(chunk.endswith("\n") for chunk in chunks[:-1])


def test_the_common_lines_take_the_fast_way(monkeypatch):
    lines = [
        "2026-11-22_10:00:00,task=p/a,model=codex,cost=0.42,time_min=26,review_round=2\n",
        "2026-11-22_10:00:00,task=p/a,model=codex,cost=,time_min=,review_round=,event=pre-commit,result=refused,"
        "plan=p,stage=implement,theme=auth,rules=SCP001,files=3,ms=12,id=0123456789abcdef\n",
    ]
    monkeypatch.setattr(Reader, "read_line", None)
    facts, reader = LogFacts(), Reader(clock)
    folder = FastFold(facts, reader, clock)
    folder.fold(["".join(lines)])
    folder.finish()
    assert reader.counts == {"lines": 2, "records": 2}
    assert facts.runs == {("pre-commit", "refused"): 1}
    assert (facts.tasks["p/a"].maker, facts.tasks["p/a"].theme) == ("codex", "auth")
