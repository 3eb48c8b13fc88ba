"""numpy's least squares and scipy's distributions are the oracles."""

import math
import random
import sys
from pathlib import Path

import numpy
import pytest
import scipy  # its parts are loaded when they are asked for, not while tests are collected

from planfence.report import decision
from planfence.report.decision import TaskOutcome, TrialProtocol, assign, estimate, judge

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import verdict_simulation

TRIAL = TrialProtocol("t", 0, 7)


def sample(count, ratio=1.0, seed=2, *, sd=0.64, rates=(0.7, 0.7), forecast=True):
    generator = random.Random(seed)
    for index in range(count):
        arm = TRIAL.arms.index(assign(TRIAL, index))
        est = generator.uniform(30, 60)
        value = math.exp(generator.gauss(0, sd)) * est**0.6 * ratio**arm
        yield TaskOutcome(arm, value, est if forecast else 0.0, True, generator.random() < rates[arm])


def test_looks_that_lie_far_apart_err_in_less_than_five_percent_together():
    """Then they err independently; near ones share some of their errors: `verdict_simulation.py` has how much."""
    assert 1 - math.prod(1 - level for level in decision.LEVELS) < 0.05


@pytest.mark.parametrize("forecast", [True, False])
def test_the_estimate_is_least_squares(forecast):
    outcomes = list(sample(31, 1.7, forecast=forecast))
    columns = [numpy.ones(31), [each.arm for each in outcomes]]
    if forecast:
        columns.append([math.log(each.est_min) for each in outcomes])
    x, y = numpy.column_stack(columns), numpy.log([each.value for each in outcomes])
    beta, residual, _, _ = numpy.linalg.lstsq(x, y)
    df = 31 - len(columns)
    error = math.sqrt(residual[0] / df * numpy.linalg.inv(x.T @ x)[1, 1])
    found = estimate(outcomes, 0.0294, per_accepted=False)
    assert found.value == pytest.approx(math.exp(beta[1]))
    half = scipy.stats.t.ppf(1 - 0.0147, df) * error
    assert (found.low, found.high) == pytest.approx((math.exp(beta[1] - half), math.exp(beta[1] + half)))
    assert decision.p_value(found) == pytest.approx(2 * scipy.stats.t.sf(abs(beta[1]) / error, df))


def test_per_accepted_task_counts_what_was_thrown_away():
    outcomes = [
        TaskOutcome(arm, 1.0 + 0.1 * (index % 3), 0, not (arm and index % 2), None)
        for index in range(20)
        for arm in (0, 1)
    ]
    plain, per_accepted = (estimate(outcomes, 0.05, per_accepted=choice) for choice in (False, True))
    assert plain.value == pytest.approx(1)
    assert per_accepted.value == pytest.approx(2)
    assert per_accepted.high / per_accepted.low > plain.high / plain.low


def test_the_error_per_accepted_task_counts_that_dear_tasks_fail():
    """The deviation of the effects themselves, over made-up trials, is the oracle."""
    found = []
    for seed in range(250):
        done = list(sample(40, seed=seed, forecast=False))
        dear = sorted(each.value for each in done)[27]
        done = [TaskOutcome(each.arm, each.value, 0.0, each.value <= dear) for each in done]
        found.append(estimate(done, 0.05, per_accepted=True))
    wanted = numpy.std([each.log for each in found])
    assert math.sqrt(numpy.mean([each.error**2 for each in found])) == pytest.approx(wanted, rel=0.1)


def test_blocks_are_balanced_seeded_and_not_the_same():
    arms = [assign(TRIAL, index) for index in range(40)]
    assert arms == [assign(TRIAL, index) for index in range(40)]
    assert all(arms[start : start + 4].count("dual") == 2 for start in range(0, 40, 4))
    assert len({tuple(arms[start : start + 4]) for start in range(0, 40, 4)}) > 1
    assert arms != [assign(TrialProtocol("t", 0, 8), index) for index in range(40)]


@pytest.mark.parametrize(
    ("ratio", "options", "count", "word"),
    [
        (0.3, {}, 20, "better"),
        (6.0, {}, 20, "worse"),
        (1.0, {"sd": 0.02}, 20, "equivalent"),
        (1.0, {}, 40, "not enough data"),
        (0.3, {"rates": (1.0, 0.3)}, 20, "trade-off"),
        (6.0, {"rates": (0.2, 1.0)}, 20, "trade-off"),
        (0.3, {}, 19, "running"),
        (1.0, {}, 30, "running"),
    ],
)
def test_words(ratio, options, count, word):
    found = judge(TRIAL, list(sample(count, ratio, **options)))
    assert found.word == word
    assert found.text.startswith(word) or word == "running"


def test_only_the_confidence_sequence_is_shown_between_looks():
    outcomes = list(sample(30, 1.2))
    found = judge(TRIAL, outcomes)
    fixed = estimate(outcomes, 0.0294, per_accepted=True)
    assert found.effect.high / found.effect.low > fixed.high / fixed.low
    assert "no verdict between looks" in found.text


def test_a_verdict_at_a_look_stays():
    early = list(sample(20, 0.3))
    late = [TaskOutcome(each.arm, 1.0 + 50 * each.arm, each.est_min, True, True) for each in early]
    assert judge(TRIAL, early + late).word == "better"
    assert judge(TRIAL, early + late).look == 20


def test_an_early_win_is_warned_of():
    assert "exaggerates" in judge(TRIAL, list(sample(20, 0.3))).text


def test_not_enough_data_says_how_much_more():
    found = judge(TRIAL, list(sample(40, 1.0)))
    assert found.more > 0
    assert f"about {found.more} more in each arm" in found.text


def test_more_needed_is_the_formula():
    effect = estimate(list(sample(40)), 0.0294, per_accepted=False)
    upper = effect.deviation * math.sqrt(effect.df / scipy.stats.chi2.ppf(0.2, effect.df))
    z = scipy.stats.norm.ppf(1 - 0.0147) + scipy.stats.norm.ppf(0.8)
    assert decision.more_needed(effect, 1.5, 0.0294) == math.ceil(2 * (z * upper / math.log(1.5)) ** 2) - 20


def test_the_confidence_sequence_covers_at_every_moment():
    missed = 0
    for seed in range(150):
        outcomes = list(sample(60, seed=seed))
        for count in range(12, 61, 4):
            effect = estimate(outcomes[:count], 0.05, per_accepted=False)
            sequence = decision.confidence_sequence(effect, TRIAL)
            if not sequence.low <= 1 <= sequence.high:
                missed += 1
                break
    assert missed / 150 <= 0.07


def test_one_arm_alone_gives_no_verdict():
    outcomes = [TaskOutcome(0, 1.0, 30, True, True)] * 20
    assert judge(TRIAL, outcomes).word == "running"
    assert judge(TrialProtocol("t", 0, 7, stopped=1), outcomes).text.endswith("stopped: 20 tasks closed.")
    assert judge(TRIAL, outcomes * 2).word == "not enough data"


def test_simulated_trials_keep_their_error_rate():
    """The full simulation is benchmarks/verdict_simulation.py; this is its short form, with room for chance."""
    found = verdict_simulation.simulate(1.0, 150)
    assert verdict_simulation.decided(found[40]) <= 0.12
    assert verdict_simulation.decided(verdict_simulation.simulate(2.0, 80)[40]) >= 0.75


def test_each_look_has_its_level():
    """The interval that a look shows is Student's at that look's own level."""
    for count, level in zip(TRIAL.looks, TRIAL.levels, strict=True):
        outcomes = list(sample(count, 1.0))
        found = decision._at_look(TRIAL, outcomes, TRIAL.looks.index(count))
        wanted = estimate(outcomes, level, per_accepted=True)
        assert (found.effect.low, found.effect.high) == (wanted.low, wanted.high)
    assert sum(TRIAL.levels) < 0.0516, "together they would err in more than 5%"
