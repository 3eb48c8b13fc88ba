"""Intervals for small samples, in pure Python; scipy and statsmodels are the oracles in the tests.

Why these: Wilson's and Newcombe's intervals keep their coverage where Wald's doesn't (Newcombe 1998, Stat. Med. 17);
order statistics cover a median whatever the distribution; t on logarithms suits costs and times, which are skewed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from statistics import NormalDist, fmean
from typing import NamedTuple

#: 1 - coverage of every interval that is not said to be another.
ALPHA = 0.05
#: So many values that the normal approximation gives the same ranks, or the next.
_MANY = 100_000
#: From so many degrees of freedom on quantiles are expansions about the normal's (Abramowitz and Stegun, 26.7.5 and
#: 26.4.16's kin by Cornish and Fisher), to within 1e-9 of the value.
_LARGE = 20_000
_TINY = 1e-300
_ROUNDS = 400


class Interval(NamedTuple):
    """A lower and an upper end."""

    low: float
    high: float


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, _ROUNDS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            step = c * d
            total *= step
        if abs(step - 1) < 1e-15:
            break
    return front * total / a


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _lower_gamma(a: float, x: float) -> float:
    """The regularised lower incomplete gamma function, by its series (DLMF 8.11.4)."""
    if x <= 0:
        return 0.0
    term = total = 1 / a
    k = a
    while term > total * 1e-17:
        k += 1
        term *= x / k
        total += term
    return min(1.0, total * math.exp(a * math.log(x) - x - math.lgamma(a)))


def t_cdf(t: float, df: float) -> float:
    """Student's distribution function."""
    tail = 0.5 * _incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return 1 - tail if t > 0 else tail


def _quantile(cdf: Callable[[float], float], p: float, low: float, high: float) -> float:
    while cdf(high) < p:
        high *= 2
    while cdf(low) > p:
        low *= 2
    # Regula falsi with the Illinois rule for an end that stays (Dowell, Jarratt 1971): half the steps of a bisection.
    below, above, kept = cdf(low) - p, cdf(high) - p, 0
    for _ in range(200):
        at = high - above * (high - low) / (above - below) if above > below else (low + high) / 2
        value = cdf(at) - p
        if abs(high - low) <= 1e-11 * abs(at) or value == 0 or at in (low, high):
            return at
        if value < 0:
            low, below, above = at, value, above / 2 if kept < 0 else above
        else:
            high, above, below = at, value, below / 2 if kept > 0 else below
        kept = -1 if value < 0 else 1
    return (low + high) / 2


#: The z below which a share of a standard normal lies.
normal_quantile = NormalDist().inv_cdf


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """The t below which a share ``p`` of Student's distribution lies."""
    if df >= _LARGE:
        z = normal_quantile(p)
        first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        return z + first / df + second / df**2
    return _quantile(lambda t: t_cdf(t, df), p, -8.0, 8.0)


def chi2_quantile(p: float, df: float) -> float:
    """The value below which a share ``p`` of a chi-squared distribution lies."""
    if df >= _LARGE:
        z, root = normal_quantile(p), math.sqrt(2 * df)
        rest = (z**3 - 7 * z) / (9 * root) - (6 * z**4 + 14 * z**2 - 32) / (405 * df)
        return df + z * root + 2 / 3 * (z * z - 1) + rest

    def cdf(x: float) -> float:
        return _lower_gamma(df / 2, x / 2)

    # Wilson and Hilferty's approximation (1931) is within a hundredth from a few degrees of freedom on.
    near = df * max(0.0, 1 - 2 / (9 * df) + normal_quantile(p) * math.sqrt(2 / (9 * df))) ** 3
    low = 0.99 * near
    return _quantile(cdf, p, low if cdf(low) <= p else 0.0, max(0.1, 1.01 * near))


def deviation(values: Sequence[float]) -> float:
    """The sample standard deviation (n - 1); `statistics.stdev` is exact, and five times slower."""
    middle = fmean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval for a rate; (0, 1) where n is 0."""
    if n == 0:
        return Interval(0.0, 1.0)
    z2 = normal_quantile(1 - ALPHA / 2) ** 2
    rate = successes / n
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if successes == n else min(1.0, centre + half))


def newcombe(successes: tuple[int, int], n: tuple[int, int]) -> Interval:
    """Newcombe's hybrid score interval for the first rate minus the second."""
    p, q = successes[0] / n[0], successes[1] / n[1]
    first, second = wilson(successes[0], n[0]), wilson(successes[1], n[1])
    low = p - q - math.hypot(p - first.low, second.high - q)
    return Interval(low, p - q + math.hypot(first.high - p, q - second.low))


def t_interval(values: Sequence[float]) -> Interval | None:
    """Student's interval for a mean; None below two values."""
    n = len(values)
    if n < 2:
        return None
    half = t_quantile(1 - ALPHA / 2, n - 1) * deviation(values) / math.sqrt(n)
    return Interval(fmean(values) - half, fmean(values) + half)


def log_t_interval(values: Sequence[float]) -> Interval | None:
    """Student's interval for a geometric mean; None below two values, or if one is not positive."""
    if len(values) < 2 or min(values) <= 0:
        return None
    inner = t_interval([math.log(value) for value in values])
    return None if inner is None else Interval(capped_exp(inner.low), capped_exp(inner.high))


def capped_exp(value: float) -> float:
    """The exponential, a finite number whatever the value."""
    return math.exp(min(value, 700.0))


def quantile(ordered: Sequence[float], share: float) -> float:
    """A quantile of sorted values, by linear interpolation (numpy's default)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def quantile_interval(ordered: Sequence[float], share: float) -> Interval | None:
    """The order statistics that enclose a quantile with at least 1 - ALPHA coverage, whatever the distribution.

    None if the sample is too small for that (a median needs six values). From 100,000 values on the ranks are those
    of the normal approximation, which differ by one at most.
    """
    n = len(ordered)
    if n >= _MANY:
        half = normal_quantile(1 - ALPHA / 2) * math.sqrt(n * share * (1 - share))
        return Interval(ordered[math.floor(n * share - half) - 1], ordered[math.ceil(n * share + half)])
    # What lies ten standard deviations below is nothing; (1 - share)^n itself is 0 from a thousand values on.
    begin = max(0, math.floor(n * share - 10 * math.sqrt(n * share * (1 - share))))
    cumulative = 0.0
    log_term = math.lgamma(n + 1) - math.lgamma(begin + 1) - math.lgamma(n - begin + 1)
    log_term += begin * math.log(share) + (n - begin) * math.log1p(-share)
    low = high = -1
    for k in range(begin, n + 1):
        cumulative += math.exp(log_term)
        if cumulative > ALPHA / 2 and low < 0:
            low = k
        if cumulative >= 1 - ALPHA / 2:
            high = k + 1
            break
        log_term += math.log((n - k) / (k + 1) * share / (1 - share)) if k < n else 0.0
    if low < 1 or high > n or high < 0:
        return None
    return Interval(ordered[low - 1], ordered[high - 1])


def ratio_interval(numerators: Sequence[float], denominators: Sequence[float]) -> Interval | None:
    """An interval for Σ numerators / Σ denominators over pairs, by linearisation on the log scale.

    None below two pairs or if either sum is 0 (Cochran, *Sampling Techniques*, 6.3).
    """
    n, top, bottom = len(numerators), math.fsum(numerators), math.fsum(denominators)
    ratio = top / bottom if bottom else 0.0
    squares = math.fsum((x - ratio * y) ** 2 for x, y in zip(numerators, denominators, strict=True))
    return ratio_interval_of(n, top, bottom, squares)


def ratio_interval_of(n: int, top: float, bottom: float, squares: float) -> Interval | None:
    """As :func:`ratio_interval`, from both sums and Σ(x - ratio·y)²."""
    if n < 2 or top <= 0 or bottom <= 0:
        return None
    ratio = top / bottom
    error = math.sqrt(n / (n - 1) * squares) / bottom / ratio
    half = t_quantile(1 - ALPHA / 2, n - 1) * error
    return Interval(ratio * capped_exp(-half), ratio * capped_exp(half))


class SurvivalStep(NamedTuple):
    """From ``time`` on a share ``survival`` has not ended; ``low`` and ``high`` are its interval's ends."""

    time: float
    survival: float
    low: float
    high: float


def kaplan_meier(times: Iterable[tuple[float, bool]]) -> list[SurvivalStep]:
    """The survival curve of times to an event; ``times`` are (duration, whether it ended).

    Greenwood's variance on the log-log scale.
    """
    z = normal_quantile(1 - ALPHA / 2)
    ordered = sorted(times)
    at_risk, survival, variance = len(ordered), 1.0, 0.0
    steps = []
    for time, group in groupby(ordered, key=itemgetter(0)):
        same = [ended for _, ended in group]
        events = sum(same)
        if events:
            survival *= 1 - events / at_risk
            variance += events / (at_risk * (at_risk - events)) if at_risk > events else math.inf
            steps.append(SurvivalStep(time, survival, *_log_log(survival, variance, z)))
        at_risk -= len(same)
    return steps


def survival_quantile(curve: Iterable[SurvivalStep], share: float = 0.5) -> tuple[float | None, ...]:
    """The time by which a share of events has happened, and its interval's ends; None is what the data don't reach.

    The curve and its interval are inverted (Brookmeyer and Crowley 1982).
    """
    value = low = high = None
    for step in curve:
        low = step.time if low is None and step.low <= 1 - share else low
        value = step.time if value is None and step.survival <= 1 - share else value
        if step.high <= 1 - share:  # the highest of the three
            high = step.time
            break
    return value, low, high


def _log_log(survival: float, variance: float, z: float) -> Interval:
    if survival <= 0:
        return Interval(0.0, 0.0)
    if survival >= 1:
        return Interval(1.0, 1.0)
    half = z * math.sqrt(variance) / abs(math.log(survival))
    return Interval(survival ** capped_exp(half), survival ** math.exp(-half))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted
