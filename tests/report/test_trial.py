import json
import os
import random
import subprocess
import time

import pytest
from support import program

from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.log import files
from planfence.log.line import format_record
from planfence.log.writer import record
from planfence.manifest.policy import Policy
from planfence.records import replace
from planfence.report import trial
from planfence.report.decision import TrialProtocol, assign

POLICY = Policy()


@pytest.fixture
def work(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables = kept | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], env=variables, check=True)
    return open_repository(Environment(variables), tmp_path / "work")


def test_rules_are_fixed_when_it_starts(work):
    begun, warning = trial.start(work, POLICY, TrialProtocol("one", 0, 0, margin=0.2))
    assert warning == ""
    assert trial.running(work) == begun
    with pytest.raises(PlanfenceError, match="is running"):
        trial.start(work, POLICY, TrialProtocol("two", 0, 0))
    ended, _ = trial.stop(work, POLICY)
    assert trial.running(work) is None
    assert (ended.margin, ended.seed) == (0.2, begun.seed)
    with pytest.raises(PlanfenceError, match="is there already"):
        trial.start(work, POLICY, TrialProtocol("one", 0, 0))
    with pytest.raises(PlanfenceError, match="no trial"):
        trial.stop(work, POLICY)


@pytest.mark.parametrize(
    "wrong",
    [
        TrialProtocol("No Name", 0, 0),
        TrialProtocol("../x", 0, 0),
        TrialProtocol("t", 0, 0, arms=("a", "a")),
        TrialProtocol("t", 0, 0, metric="joy"),
        TrialProtocol("t", 0, 0, margin=0),
        TrialProtocol("t", 0, 0, interest=1.05),
        TrialProtocol("t", 0, 0, interest=float("nan")),
        TrialProtocol("t", 0, 0, guardrail=float("nan")),
        TrialProtocol("t", 0, 0, looks=(40, 20)),
        TrialProtocol("t", 0, 0, looks=(4, 20)),
    ],
)
def test_rules_that_cannot_be_judged_by(work, wrong):
    with pytest.raises(PlanfenceError):
        trial.start(work, POLICY, wrong)
    assert trial.all_trials(work) == []


def test_a_task_is_assigned_once(work):
    assert trial.assignment(work, POLICY, "p/a") == {}
    begun, _ = trial.start(work, POLICY, TrialProtocol("one", 0, 0))
    flows = []
    for name in "abcdefgh":
        fields = trial.assignment(work, POLICY, f"p/{name}")
        record(work, POLICY, event="start", result="accepted", task=f"p/{name}", **fields)
        flows.append(fields["flow"])
    assert flows == [assign(begun, index) for index in range(8)]
    assert trial.assignment(work, POLICY, "p/c") == {"trial": "one", "flow": flows[2]}


def test_a_task_begun_before_the_trial_stays_out(work):
    record(work, POLICY, event="start", result="accepted", task="p/old")
    trial.start(work, POLICY, TrialProtocol("one", 0, 0))
    assert trial.assignment(work, POLICY, "p/old") == {}


def simulate(work, begun, count, ratio, loose=0.0):
    generator = random.Random(3)
    with (work.top / POLICY.log).open("a") as log:
        for index in range(count):
            flow = assign(begun, index)
            cost = generator.lognormvariate(0, 0.3) * (ratio if flow == "dual" else 1)
            words = {"task": f"p/t{index}", "trial": begun.id, "flow": flow, "est_min": "45", "result": "accepted"}
            for number, (event, more) in enumerate(
                (
                    ("start", {}),
                    (
                        "finish",
                        {"cost": f"{cost:.4f}", "review_round": "1", "time_min": f"{generator.uniform(10, 40):.1f}"},
                    ),
                )
            ):
                when = time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(1795341600 + index * 60 + number * 30))
                log.write(format_record(when, words | more | {"event": event, "id": f"{index:08x}{number:08x}"}) + "\n")
        if loose:
            log.write(f"2026-11-22_10:00:00,task=,model=claude,cost={loose},time_min=,review_round=\n")


def test_the_standing_recovers_the_truth(work):
    begun, _ = trial.start(work, POLICY, TrialProtocol("one", 0, 0))
    begun = replace(begun, seed=7)  # an interval of 95% misses the truth in one of twenty draws
    simulate(work, begun, 24, 0.4)
    found = trial.standing(begun, trial.facts_of(work, POLICY))
    assert found.verdict.word == "better"
    assert found.verdict.effect.low < 0.4 < found.verdict.effect.high
    assert set(found.secondary) == {"active_min", "cost"}
    assert found.plain()["n"] == [10, 10]


def test_dollars_of_no_task_forbid_a_verdict(work):
    begun, _ = trial.start(work, POLICY, TrialProtocol("one", 0, 0))
    simulate(work, begun, 24, 0.4, loose=50)
    found = trial.standing(begun, trial.facts_of(work, POLICY))
    assert found.verdict.word == "not enough data"
    assert "belong to no task" in found.verdict.text


def test_the_commands(work):
    def run(*words):
        return program.run(["trial", *words], work.top, work.environment.variables)

    assert "no trial yet" in run("status").stdout
    assert "looks     at 20 and 40" in run("start", "one", "--interest", "2").stdout
    assert "running: 0 tasks closed" in run("status").stdout
    assert '"word": "running"' in run("status", "--json").stdout
    assert "stopped one" in run("stop").stdout
    assert run("start", "one").returncode == 2
    events = [entry.fields["event"] for entry in files.read_logs([work.top / POLICY.log]).records]
    assert events == ["trial", "trial"]


def test_a_trial_of_the_version_before_keeps_its_levels(work):
    begun, _ = trial.start(work, POLICY, TrialProtocol("old", 0, 0))
    plain = json.loads(json.dumps(begun.plain()))
    del plain["levels"]
    assert trial._load("old", plain).levels == (0.0294, 0.0294)
    assert trial._load("old", json.loads(json.dumps(begun.plain()))) == begun
    for wrong in ([0.02], ["a", "b"], [0, 2], 1):
        with pytest.raises(PlanfenceError):
            trial._load("old", plain | {"levels": wrong})
