"""The fast reader is the reference, only faster: generated logs, mixed, torn, glued, doubled and odd."""

import calendar
import time
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planfence.core.fastfold import FastFold
from planfence.core.log import Reader
from planfence.core.taskfacts import Facts


def clock(text, is_utc):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d_%H:%M:%S")) - (0 if is_utc else 3600)


def both(lines):
    facts, reader = Facts(), Reader(clock)
    facts.add(reader.read(lines), "r:")
    fast, fast_reader = Facts(), Reader(clock)
    folder = FastFold(fast, fast_reader, clock)
    folder.fold(lines, "r:")
    folder.finish()
    return (facts, reader), (fast, fast_reader)


def plain(facts):
    return {
        name: {
            key: (pytest.approx(value) if isinstance(value, float) else value)
            for key, value in asdict(task).items()
            if key != "shares"
        }
        | {
            "shares": {
                key: {name: pytest.approx(each) for name, each in asdict(share).items()}
                for key, share in task.shares.items()
            }
        }
        for name, task in facts.tasks.items()
    }


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
OTHER = st.sampled_from(
    ["", "junk", "a,start,1795341600", "a,end,1795341700", "2026-11-22_10:00:00,task=a", ",cost=", ",event=", ",id="]
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", ""])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.one_of(HAND, OWN, OWN, OTHER), ENDS), max_size=12))
def test_equal_to_the_reference(pieces):
    lines = "".join(text + end for text, end in pieces).split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    (facts, reader), (fast, fast_reader) = both(lines)
    assert dict(fast_reader.counts) == dict(reader.counts)
    assert fast_reader.aside == reader.aside
    assert fast_reader.seen == reader.seen
    assert plain(fast) == plain(facts)
    assert (fast.runs, fast.unreadable) == (facts.runs, facts.unreadable)
    assert fast.loose_cost == pytest.approx(facts.loose_cost)


def test_the_common_lines_take_the_fast_way(monkeypatch):
    lines = [
        "2026-11-22_10:00:00,task=p/a,model=codex,cost=0.42,time_min=26,review_round=2\n",
        "2026-11-22_10:00:00,task=p/a,model=codex,cost=,time_min=,review_round=,event=pre-commit,result=refused,"
        "stage=implement,files=3,ms=12,id=0123456789abcdef\n",
    ]
    monkeypatch.setattr(Reader, "read_line", None)
    facts, reader = Facts(), Reader(clock)
    folder = FastFold(facts, reader, clock)
    folder.fold(lines)
    folder.finish()
    assert reader.counts == {"lines": 2, "records": 2}
    assert facts.runs == {("pre-commit", "refused"): 1}
    assert facts.tasks["p/a"].maker == "codex"
