"""scipy is the oracle; where it has no function, a closed form or a simulation with a fixed seed is."""

import math
import random

import numpy
import pytest
import scipy  # its parts are loaded when they are asked for, not while tests are collected

from planfence.report import stats


@pytest.mark.parametrize("p", [0.0001, 0.0147, 0.025, 0.2, 0.5, 0.8, 0.975, 0.9853, 0.9999])
def test_quantiles_of_many(p):
    for df in (20_000, 54_321, 3e6):
        assert stats.t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-9, abs=1e-9)
        assert stats.chi2_quantile(p, df) == pytest.approx(scipy.stats.chi2.ppf(p, df), rel=1e-9)


@pytest.mark.parametrize("p", [0.0001, 0.0147, 0.025, 0.2, 0.5, 0.8, 0.975, 0.9853, 0.9999])
def test_quantiles(p):
    assert stats.normal_quantile(p) == pytest.approx(scipy.stats.norm.ppf(p), abs=1e-9)
    for df in (1, 2, 5, 18, 38, 199.5, 5000):
        assert stats.t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-7, abs=1e-6)
        assert stats.chi2_quantile(p, df) == pytest.approx(scipy.stats.chi2.ppf(p, df), rel=1e-7)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 20), (3, 10), (17, 20), (20, 20), (500, 1000)])
def test_wilson(successes, n):
    oracle = scipy.stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert stats.wilson(successes, n) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_newcombe_s_own_examples():
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    assert stats.newcombe((56, 48), (70, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert stats.newcombe((9, 3), (10, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_t_intervals():
    values = [0.3, 0.5, 1.9, 0.2, 4.4]
    logs = numpy.log(values)
    oracle = scipy.stats.t.interval(0.95, 4, logs.mean(), scipy.stats.sem(logs))
    assert stats.log_t_interval(values) == pytest.approx(numpy.exp(oracle))
    oracle = scipy.stats.t.interval(0.95, 4, numpy.mean(values), scipy.stats.sem(values))
    assert stats.t_interval(values) == pytest.approx(oracle)
    assert stats.t_interval([1.0]) is None
    assert stats.log_t_interval([0.0, 1.0]) is None


@pytest.mark.parametrize("n", [5, 6, 7, 20, 51, 200, 5000])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_quantile_intervals(n, share):
    values = sorted(random.Random(n).random() for _ in range(n))
    oracle = scipy.stats.quantile_test(values, p=share).confidence_interval(0.95)
    found = stats.quantile_interval(values, share)
    if math.isnan(oracle.low) or math.isnan(oracle.high):
        assert found is None
    else:
        assert found == pytest.approx((oracle.low, oracle.high))
    assert stats.quantile(values, share) == pytest.approx(numpy.quantile(values, share))


def test_the_ratio_interval_covers():
    generator = random.Random(7)
    covered = 0
    for _ in range(400):
        pairs = [(generator.lognormvariate(0, 0.6), float(generator.random() < 0.8)) for _ in range(30)]
        found = stats.ratio_interval([c for c, _ in pairs], [a for _, a in pairs])
        covered += found.low <= math.exp(0.18) / 0.8 <= found.high
    assert 0.91 <= covered / 400 <= 0.98
    assert stats.ratio_interval([1.0, 2.0], [0.0, 0.0]) is None


def test_kaplan_meier():
    generator = random.Random(3)
    durations = [generator.expovariate(0.2) for _ in range(60)]
    times = [(round(min(duration, limit := generator.uniform(1, 12)), 1), duration <= limit) for duration in durations]
    sample = scipy.stats.CensoredData(
        uncensored=[t for t, ended in times if ended], right=[t for t, ended in times if not ended]
    )
    survival = scipy.stats.ecdf(sample).sf
    band = survival.confidence_interval(method="log-log")
    found = stats.survival_quantile(stats.kaplan_meier(times))

    def first(values):
        return next(q for q, p in zip(survival.quantiles, values, strict=True) if p <= 0.5)

    assert found == pytest.approx(
        (first(survival.probabilities), first(band.low.probabilities), first(band.high.probabilities))
    )
    assert stats.survival_quantile(stats.kaplan_meier([(5.0, False), (1.0, True), (6.0, False)]))[0] is None
    assert stats.survival_quantile(stats.kaplan_meier([])) == (None, None, None)


def test_holm():
    """Holm 1979, as R's p.adjust gives it."""
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
