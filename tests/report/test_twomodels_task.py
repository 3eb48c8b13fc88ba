from __future__ import annotations

from dataclasses import replace

import pytest

from planfence.manifest.plan import FileEntry, Plan, Task
from planfence.manifest.policy import Policy
from planfence.report.taskfacts import TaskFacts
from planfence.report.twomodels import LEAST
from planfence.report.twomodels import for_task as advice

ROLES = {"plan": "claude", "implement": "codex", "review": "claude"}
FILES = tuple(FileEntry(f"src/{name}.py") for name in "abc")
TASK = Task("t", "T", "x", 45, FILES)
PLAN = Plan("p", 1, "g", (TASK,), roles=ROLES)


def past(flow, cost, rounds, many=LEAST):
    return [
        TaskFacts(f"{flow}{n}", flow=flow, cost=cost, costs=1, rounds=rounds, outcome="accepted", outcome_at=1)
        for n in range(many)
    ]


def test_nothing_speaks_against_it():
    assert advice(PLAN, TASK, Policy()) == ()


@pytest.mark.parametrize(
    ("plan", "task", "urgent", "word"),
    [
        (PLAN, replace(TASK, files=FILES[:1]), "", "one file"),
        (PLAN, replace(TASK, files=FILES[:2]), "", "2 files"),
        (PLAN, TASK, "down", "urgent (down)"),
        (replace(PLAN, roles={"plan": "claude", "implement": "codex"}), TASK, "", "nobody to review"),
    ],
)
def test_from_the_plan(plan, task, urgent, word):
    (said,) = advice(plan, task, Policy(), urgent=urgent)
    assert word in said


def test_a_pattern_is_no_count_of_files():
    assert advice(PLAN, replace(TASK, files=(FileEntry("src/**"),)), Policy()) == ()


def test_one_model_is_asked_nothing():
    alone = replace(PLAN, roles=dict.fromkeys(ROLES, "claude"))
    assert advice(alone, replace(TASK, files=FILES[:1]), Policy(), urgent="x") == ()


def test_from_the_log_only_once_it_says_enough():
    dearer = past("single", 0.2, 1) + past("dual", 0.9, 1)
    (said,) = advice(PLAN, TASK, Policy(), past=dearer)
    assert "$0.90" in said
    assert "$0.20" in said
    assert advice(PLAN, TASK, Policy(), past=dearer[1:]) == ()
    better = past("single", 0.2, 3) + past("dual", 0.9, 1)
    assert advice(PLAN, TASK, Policy(), past=better) == ()
