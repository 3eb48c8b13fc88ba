import calendar
import math
import time

import pytest

from planfence.log.line import format_record
from planfence.log.reader import Reader
from planfence.report import decision, metrics
from planfence.report.data import build
from planfence.report.metrics import Frame
from planfence.report.taskfacts import LogFacts

NOW = 1795341600
DAY = 86_400
FRAME = Frame(NOW)


def clock(text, is_utc):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d_%H:%M:%S"))


def stamp(epoch):
    return time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(epoch))


def hand(task, *, at=NOW, **fields):
    return format_record(stamp(at), {"task": task, **{name: str(value) for name, value in fields.items()}})


def own(task, event, *, at=NOW, result="accepted", **fields):
    own.count += 1
    words = {"event": event, "result": result, "id": f"{own.count:016x}"}
    return hand(task, at=at, **(words | fields))


own.count = 0


def facts_of(*lines):
    facts = LogFacts()
    facts.add(Reader(clock).read([line + "\n" for line in lines]))
    return facts


def measure(*lines, frame=FRAME):
    facts = facts_of(*lines)
    return metrics.measure(list(facts.tasks.values()), frame, metrics.mended_tasks(facts, frame.window_days))


def test_costs_of_a_task_add_up():
    found = measure(hand("a", cost=1), hand("a", cost=2, at=NOW + 1), hand("b", cost=12))
    assert found["cost_median"].value == 7.5
    assert found["cost_geomean"].value == pytest.approx(6)
    assert found["cost_per_accepted"].value == 7.5
    assert found["cost_median"].n == 2


def test_an_unknown_cost_is_not_zero():
    found = measure(hand("a", cost=2), hand("b", time_min=5), own("c", "finish", tokens_in=5, cost=""))
    assert found["cost_median"].value == 2
    assert found["cost_median"].note == "2 of 3 tasks without a known cost"


def test_cost_per_accepted_task_counts_what_failed():
    found = measure(hand("a", cost=2), hand("b", cost=4, outcome="abandoned"))
    assert found["cost_per_accepted"].value == 6
    assert found["cost_per_accepted"].note == "1 accepted of 2 closed"


def test_active_minutes_prefer_the_run_log():
    lines = ["a,start,1795341600", "a,end,1795343400", "a,start,1795350000", "a,end,1795350600"]
    found = measure(*lines, hand("a", time_min=99), hand("b", time_min=20))
    assert found["active_median"].value == 30
    assert found["active_median"].n == 2


def test_an_open_task_is_censored_and_never_dropped():
    lines = [
        f"a,start,{NOW - 7200}",
        f"a,end,{NOW - 3600}",
        f"b,start,{NOW - 36000}",
        f"c,start,{NOW - 3600}",
        f"c,end,{NOW - 1800}",
    ]
    found = measure(*lines)["lead_median"]
    assert found.value == 1.0
    assert found.n == 3
    assert "1 open, counted as censored" in found.note


@pytest.mark.parametrize(
    ("lines", "passed"),
    [
        ([hand("a", review_round=1)], True),
        ([hand("a", review_round=1), hand("a", review_round=2)], False),
        ([hand("a", review_round=1, outcome="reverted")], False),
        ([own("a", "start"), own("a", "review"), own("a", "finish")], True),
        ([own("a", "start"), own("a", "rework"), own("a", "finish")], False),
        ([own("a", "rework", result="refused"), own("a", "finish")], True),
        ([hand("a", cost=1)], None),
        ([own("a", "start"), own("a", "review")], None),
        ([own("a", "start"), own("a", "review", outcome="met")], None),
        ([own("a", "start"), own("a", "advance", stage="implement", review_round="1")], None),
        ([own("a", "start"), own("a", "advance", stage="review", review_round="1")], True),
    ],
)
def test_first_pass(lines, passed):
    (task,) = facts_of(*lines).tasks.values()
    assert metrics.first_pass(task) is passed


def test_within_k_and_rounds():
    found = measure(*(hand(f"t{n}", review_round=n) for n in (1, 2, 3, 4)), frame=Frame(NOW, within=3))
    assert found["first_pass"].value == 0.25
    assert found["within_k"].value == 0.75
    assert found["rounds_mean"].value == 2.5


def test_rollback_and_rework_count_only_what_has_matured():
    old = NOW - 10 * DAY
    found = measure(
        hand("p/a", at=old, review_round=1),
        hand("p/b", at=old, review_round=1),
        hand("p/b", at=old + DAY, outcome="reverted"),
        hand("p/new", review_round=1),
        own("p/fix", "start", at=old + 2 * DAY, fixes="a"),
        hand("p/late", at=NOW - DAY, fixes="p/b", cost=1),
    )
    assert (found["rollback"].value, found["rollback"].n) == (0.5, 2)
    assert found["rollback"].note == "2 of 4 closed at least 7 days ago"
    assert found["rework"].value == 0.5


def test_by_role_splits_cost_and_time_only():
    facts = facts_of(
        own("a", "cost", role="implement", model="codex", cost=3, time_min=20),
        own("a", "cost", role="review", model="claude", cost=1),
        own("a", "finish", flow="dual"),
    )
    tasks = list(facts.tasks.values())
    groups = metrics.by_dimension(tasks, "role", FRAME, set())
    assert groups["implement codex"]["cost_median"].value == 3
    assert groups["review claude"]["active_median"].n == 0
    assert "first_pass" not in groups["review claude"]
    assert set(metrics.by_dimension(tasks, "flow", FRAME, set())) == {"dual"}
    assert tasks[0].maker == "codex"


def test_the_flow_is_the_one_first_assigned():
    (task,) = facts_of(own("a", "start", flow="single"), own("a", "finish", flow="dual")).tasks.values()
    assert task.flow == "single"


def test_lines_of_several_writers_stand_in_any_order():
    lines = [
        own("p/a", "start", at=NOW - 9 * DAY, flow="dual", est_min=30, stage="plan", model="claude"),
        own("p/a", "cost", at=NOW - 9 * DAY + 5, role="implement", model="codex", cost=3, time_min=20),
        own("p/a", "cost", at=NOW - 9 * DAY + 6, role="implement", model="claude", cost=1),
        own("p/a", "cost", at=NOW - 9 * DAY + 7, role="implement", model="claude", cost=1),
        own("p/a", "finish", at=NOW - 9 * DAY + 9, flow="single", est_min=99, theme="auth"),
        hand("p/a", at=NOW - 9 * DAY + 10, outcome="accepted"),
        hand("p/a", at=NOW - DAY, outcome="reverted", theme="docs"),
    ]
    wanted = build(facts_of(*lines), FRAME)
    (row,) = wanted.tasks
    assert (row.flow, row.est_min, row.outcome, row.model, row.theme) == ("dual", 30, "reverted", "claude", "docs")
    for start in range(len(lines)):
        turned = lines[start:] + lines[:start]
        assert build(facts_of(*turned), FRAME) == build(facts_of(*turned[::-1]), FRAME) == wanted


@pytest.mark.parametrize("close", [lambda at: own("a", "finish", at=at), lambda at: hand("a", at=at, review_round=1)])
def test_a_revert_does_not_move_the_time_at_which_its_task_was_closed(close):
    late, soon = (
        measure(close(NOW - 30 * DAY), hand("a", at=NOW - days * DAY, outcome="reverted")) for days in (8, 29)
    )
    assert (late["rollback"].value, soon["rollback"].value, late["first_pass"].value) == (0, 1, 0)
    assert facts_of(own("a", "start"), hand("a", at=NOW + 5, outcome="reverted")).tasks["a"].closed == NOW + 5


def test_fixes_are_found_in_each_of_several_repositories():
    lines = [hand(name, at=NOW - 9 * DAY, review_round=1) + "\n" for name in ("p/a", "solo", "p/b")]
    lines += [own(name, "start", at=NOW - 8 * DAY, fixes=of) + "\n" for name, of in (("q/c", "p/a+solo"), ("p/d", "b"))]
    facts = LogFacts()
    for prefix in ("", "one:", "up/two:"):
        facts.add(Reader(clock).read(lines), prefix)
    assert metrics.mended_tasks(facts, 7) == {
        f"{at}{of}" for at in ("", "one:", "up/two:") for of in ("p/a", "solo", "p/b")
    }


def test_the_spread_of_cost():
    values = [1.0, 2.0, 4.0, 8.0]
    found = measure(*(hand(f"t{index}", cost=value) for index, value in enumerate(values)))["cost_spread"]
    s2 = sum((math.log(value) - 1.5 * math.log(2)) ** 2 for value in values) / 3
    assert found.value == pytest.approx(math.sqrt(math.exp(s2) - 1))
    assert found.low < found.value < found.high


def test_equal_values_are_no_difference():
    effect = decision.estimate([decision.TaskOutcome(arm, 3.0) for arm in (0, 1) * 4], 0.05, per_accepted=False)
    assert (effect.low, effect.high, decision.p_value(effect)) == (1, 1, 1)


def test_pass_hat_k():
    facts = facts_of(*(own("a", "replay", result=r) for r in ("passed", "passed", "failed")), own("b", "replay"))
    found = metrics.pass_hat_k(facts.tasks.values())
    assert [found[k].value for k in (1, 2, 3)] == pytest.approx([2 / 3, 1 / 3, 0])


def test_stage_minutes():
    facts = facts_of(
        own("a", "start", at=NOW),
        own("a", "advance", at=NOW + 600, stage="implement"),
        own("a", "rework", at=NOW + 900),
        own("a", "advance", at=NOW + 1200, stage="implement"),
        own("a", "finish", at=NOW + 1260),
    )
    found = metrics.stage_minutes(facts.tasks.values())
    assert (found["implement"].value, found["review"].value) == (15, 6)


def test_hook_runs_are_counted_and_close_nothing():
    facts = facts_of(own("a", "pre-commit", result="refused"), own("a", "pre-commit"), own("", "check"))
    assert facts.runs == {("pre-commit", "refused"): 1, ("pre-commit", "accepted"): 1, ("check", "accepted"): 1}
    assert facts.tasks["a"].refused == 1
    assert not facts.tasks["a"].closed


def test_dollars_of_no_task_forbid_a_comparison():
    facts = facts_of(hand("a", cost=3), own("", "cost", cost=1))
    data = build(facts, FRAME)
    assert data.loose_share == 0.25
    assert not data.comparable
    facts = facts_of(hand("a", cost=3), own("", "cost", cost=1, at=NOW - DAY))
    assert build(facts, FRAME, since=NOW - 5).loose_share == 0


def test_numbers_that_cannot_be_read_are_counted():
    facts = facts_of(hand("a", cost="~3", time_min=5))
    assert facts.unreadable == 1
    assert facts.tasks["a"].known_cost is None


def test_first_pass_by_context():
    facts = facts_of(own("a", "finish", ctx=70000), own("b", "finish", ctx=66000), own("c", "finish", ctx=1000))
    found = metrics.first_pass_by_context(facts.tasks.values())
    assert {bucket: rate.n for bucket, rate in found.items()} == {16: 2, 9: 1}


def test_nothing_is_measured_from_nothing():
    found = measure()
    assert all(estimate.value is None and estimate.n == 0 for estimate in found.values())


def test_what_tests_prove_counts_by_the_latest_proof_of_each_task():
    facts = facts_of(
        own("p/a", "prove", result="noticed", parts=4, proven=1, rewritten=2),
        own("p/a", "prove", at=NOW + 60, result="noticed", parts=4, proven=4, rewritten=0),
        own("p/b", "prove", result="noticed", parts=4, proven=2, rewritten=1),
        own("p/c", "prove", result="flaky"),
        own("p/d", "finish"),
    )
    found = metrics.measure(list(facts.tasks.values()), FRAME, set())
    proven, rewritten = found["proven"], found["rewritten"]
    assert (proven.value, proven.n, proven.note) == (0.75, 2, "6 of 8 parts")
    assert 0 < proven.low < 0.75 < proven.high <= 1
    assert (rewritten.value, rewritten.n) == (0.5, 2)
