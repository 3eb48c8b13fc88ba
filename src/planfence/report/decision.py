"""Whether one flow is better than another, by rules that were fixed beforehand (docs/metrics.md, "Trials").

The effect is a ratio e^b from ln(y) ~ arm + ln(est_min). It is judged at fixed looks only, each at a level of its own:
together they err in less than 5% (Lan and DeMets 1983, *Biometrika* 70, on how to spend an error over looks). Between
them nothing is shown but a confidence sequence, which holds whenever one looks (Waudby-Smith et al. 2024, *Annals of
Statistics* 52).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean

from planfence.records import dataclass
from planfence.report import stats

#: The levels of the looks. Under normal logarithms of one spread Student's statistics at both err in 3.6% together (by
#: simulation), and in 4.9% if one arm's spread is five times the other's. Little is spent on the first look, whose
#: verdicts exaggerate.
LEVELS = (0.016, 0.025)
#: Those of a trial that began under 0.1.0 (Pocock 1977).
LEVELS_BEFORE = (0.0294, 0.0294)
_POWER = 0.8
_BLOCK = 4
METRICS = ("cost_per_accepted", "cost", "active_min")


@dataclass(frozen=True, slots=True)
class TrialProtocol:
    """A trial's rules. ``arms`` are the flow compared with, and the flow that is to be better.

    ``margin``: within a factor of 1 + margin both are the same. ``interest``: the factor worth finding. ``guardrail``:
    how far the first-pass rate may be worse (0.1 is ten points). ``looks`` are numbers of closed tasks, both arms
    together, and ``levels`` the error that each may make. Times are seconds since the epoch; ``stopped`` is 0 while it
    runs.
    """

    id: str
    started: int
    seed: int
    arms: tuple[str, str] = ("single", "dual")
    metric: str = "cost_per_accepted"
    margin: float = 0.1
    interest: float = 1.5
    guardrail: float = 0.1
    looks: tuple[int, ...] = (20, 40)
    levels: tuple[float, ...] = LEVELS
    stopped: int = 0

    def plain(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def assign(trial: TrialProtocol, index: int) -> str:
    """The flow of the trial's task number ``index`` (from 0): seeded permuted blocks of four, two of each arm."""
    block = list(trial.arms) * (_BLOCK // 2)
    random.Random(f"{trial.seed}:{index // _BLOCK}").shuffle(block)  # noqa: S311 - no secret: it must be repeatable
    return block[index % _BLOCK]


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """One closed task of a trial: its assigned arm (0 or 1), the metric's value, the forecast, and how it went."""

    arm: int
    value: float
    est_min: float = 0.0
    accepted: bool = True
    first_pass: bool | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """The second arm's value as a multiple of the first's: e^b, its interval, and what they rest on."""

    value: float
    low: float | None
    high: float | None
    n: tuple[int, int]
    deviation: float = 0.0
    df: int = 0
    log: float = 0.0
    error: float = 0.0

    def interval(self, alpha: float) -> stats.Interval:
        """Student's interval at another level."""
        half = stats.t_quantile(1 - alpha / 2, self.df) * self.error
        return stats.Interval(math.exp(self.log - half), math.exp(self.log + half))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a trial says so far.

    ``word`` is `better`, `worse`, `equivalent`, `trade-off`, `not enough data`, or `running` between looks. ``look`` is
    the number of tasks that it rests on. ``more`` is how many more tasks each arm needs, 0 if none or unknown.
    """

    word: str
    text: str
    look: int
    effect: Effect | None = None
    first_pass: tuple[float, float, float] | None = None
    more: int = 0


def estimate(outcomes: Sequence[TaskOutcome], alpha: float, *, per_accepted: bool) -> Effect | None:
    """Fit ln(y) ~ arm + ln(est_min); without the forecast if any lacks it. None if there is too little.

    Per accepted task, the ratio of the acceptance rates is part of the effect, with its variance (delta method), and
    with its covariance if dear tasks fail more often: both then err to the same side.
    """
    n = (sum(each.arm == 0 for each in outcomes), sum(each.arm == 1 for each in outcomes))
    accepted = tuple(sum(each.accepted for each in outcomes if each.arm == arm) for arm in (0, 1))
    if min(n) < 2 or min(each.value for each in outcomes) <= 0 or (per_accepted and not all(accepted)):
        return None
    y = [math.log(each.value) for each in outcomes]
    arms = [float(each.arm) for each in outcomes]
    forecasts = [math.log(each.est_min) if each.est_min > 0 else 0.0 for each in outcomes]
    used = all(each.est_min > 0 for each in outcomes) and max(forecasts) > min(forecasts)
    fit = _regress(y, arms, forecasts if used else None)
    if fit is None:
        return None
    log, error, df, pulls = fit
    deviation = error / math.sqrt(math.fsum(weight**2 for weight, _ in pulls))
    if per_accepted:
        shared = 0.0
        for size, good, sign, arm in ((n[0], accepted[0], 1, 0), (n[1], accepted[1], -1, 1)):
            log += sign * math.log(good / size)
            error = math.hypot(error, math.sqrt((1 - good / size) / good))
            of_arm = ((pull, each) for pull, each in zip(pulls, outcomes, strict=True) if each.arm == arm)
            shared += sign * math.fsum(w * e * (each.accepted - good / size) for (w, e), each in of_arm) / good
        error = math.sqrt(error**2 + max(0.0, 2 * shared * len(y) / df))
    half = stats.t_quantile(1 - alpha / 2, df) * error
    return Effect(math.exp(log), math.exp(log - half), math.exp(log + half), n, deviation, df, log, error)


def _regress(
    y: Sequence[float], arms: Sequence[float], forecasts: Sequence[float] | None
) -> tuple[float, float, int, list[tuple[float, float]]] | None:
    """Least squares: b of the arm, its standard error, degrees of freedom, each value's weight in b and residual."""
    centred_y, centred_a = _centre(y), _centre(arms)
    parameters = 2
    if forecasts is not None:
        centred_x = _centre(forecasts)
        centred_y, centred_a = _without(centred_y, centred_x), _without(centred_a, centred_x)
        parameters = 3
    df, squares = len(y) - parameters, math.fsum(a * a for a in centred_a)
    if df < 1 or squares < 1e-9:
        return None
    b = math.fsum(a * v for a, v in zip(centred_a, centred_y, strict=True)) / squares
    pulls = [(a / squares, v - b * a) for a, v in zip(centred_a, centred_y, strict=True)]
    deviation = math.sqrt(math.fsum(residual**2 for _, residual in pulls) / df)
    return b, deviation / math.sqrt(squares), df, pulls


def _centre(values: Sequence[float]) -> list[float]:
    middle = fmean(values)
    return [value - middle for value in values]


def _without(values: Sequence[float], by: Sequence[float]) -> list[float]:
    """What of the values a straight line through ``by`` leaves (Frisch-Waugh-Lovell)."""
    slope = math.fsum(v * x for v, x in zip(values, by, strict=True)) / math.fsum(x * x for x in by)
    return [v - slope * x for v, x in zip(values, by, strict=True)]


def confidence_sequence(effect: Effect, trial: TrialProtocol) -> Effect:
    """The effect with an interval that holds at every moment at once, tightest around the looks' middle."""
    n = sum(effect.n)
    aim = sum(trial.looks) / len(trial.looks)
    rho2 = (-2 * math.log(stats.ALPHA) + math.log(-2 * math.log(stats.ALPHA)) + 1) / aim
    spread = effect.error * math.sqrt(n)  # the deviation of one task's influence on b
    half = spread * math.sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / stats.ALPHA))
    return Effect(
        effect.value, math.exp(effect.log - half), math.exp(effect.log + half), effect.n, effect.deviation, effect.df
    )


def more_needed(effect: Effect, interest: float, alpha: float) -> int:
    """How many more tasks each arm needs to find a factor of ``interest`` in four trials of five.

    N = 2[(z + z')·s_U / ln r]² - n, with the upper 80% bound of s: an estimate from few tasks is too often too low.
    """
    upper = effect.deviation * math.sqrt(effect.df / stats.chi2_quantile(1 - _POWER, effect.df))
    z = stats.normal_quantile(1 - alpha / 2) + stats.normal_quantile(_POWER)
    return max(1, math.ceil(2 * (z * upper / math.log(interest)) ** 2) - min(effect.n))


def judge(trial: TrialProtocol, outcomes: Sequence[TaskOutcome]) -> Decision:
    """The verdict over the closed tasks so far, in the order in which they were closed."""
    done = [look for look in trial.looks if look <= len(outcomes)]
    for index, look in enumerate(done):
        verdict = _at_look(trial, outcomes[:look], index)
        last = index + 1 == len(trial.looks)
        if verdict.word != "not enough data" or last:
            return verdict
        if index + 1 == len(done):
            return _between(trial, outcomes, verdict)
    return _between(trial, outcomes, None)


def _between(trial: TrialProtocol, outcomes: Sequence[TaskOutcome], before: Decision | None) -> Decision:
    following = next((look for look in trial.looks if look > len(outcomes)), trial.looks[-1])
    effect = estimate(outcomes, trial.levels[-1], per_accepted=trial.metric == "cost_per_accepted")
    said = f"{before.text} " if before is not None and len(outcomes) == before.look else ""
    state, next_look = ("stopped", "") if trial.stopped else ("running", f", the next look is at {following}")
    text = f"{said}{state}: {len(outcomes)} tasks closed{next_look}."
    more = before.more if before else 0
    if effect is None:
        return Decision("running", text, len(outcomes), more=more)
    sequence = confidence_sequence(effect, trial)
    text += f" {_ratio(trial, sequence)}, confidence sequence {_ends(sequence)}: no verdict between looks."
    return Decision("running", text, len(outcomes), sequence, _first_pass(outcomes), more)


def _at_look(trial: TrialProtocol, outcomes: Sequence[TaskOutcome], index: int) -> Decision:
    effect = estimate(outcomes, trial.levels[index], per_accepted=trial.metric == "cost_per_accepted")
    passes = _first_pass(outcomes)
    look = len(outcomes)
    if effect is None or effect.low is None or effect.high is None:
        return Decision("not enough data", "not enough data: an arm has too few tasks with numbers.", look)
    difference = passes[0] if passes else 0.0
    sizes = f"{effect.n[1]} {trial.arms[1]} and {effect.n[0]} {trial.arms[0]} tasks"
    said = f"{_ratio(trial, effect)} (interval {_ends(effect)}, {sizes})"
    if passes:
        said += f", first pass {100 * difference:+.0f} points ({100 * passes[1]:+.0f} to {100 * passes[2]:+.0f})"
    word, more = _word(trial, effect, outcomes), 0
    if word == "trade-off":
        said += f": {_price(outcomes, difference)}"
    if word == "not enough data":
        more = more_needed(effect, trial.interest, trial.levels[-1])
        said += f": about {more} more in each arm would find a factor of {trial.interest:g}"
    text = f"{word}: {said}."
    if word in ("better", "worse") and not index:
        text += " An early verdict exaggerates: at a true factor of 1.5, verdicts at 20 tasks report a median of 2.31."
    return Decision(word, text, look, effect, passes, more)


def _word(trial: TrialProtocol, effect: Effect, outcomes: Sequence[TaskOutcome]) -> str:
    passes = _first_pass(outcomes)
    assert effect.low is not None
    assert effect.high is not None
    # By the rate itself, not by its interval: twenty tasks would never prove that ten points were lost.
    broken = passes is not None and passes[0] < -trial.guardrail
    if effect.high < 1:
        return "trade-off" if broken else "better"
    if effect.low > 1:
        return "trade-off" if passes and passes[1] > 0 else "worse"
    inner = effect.interval(0.10)
    if inner.low >= 1 / (1 + trial.margin) and inner.high <= 1 + trial.margin:
        return "trade-off" if broken else "equivalent"
    return "not enough data"


def _first_pass(outcomes: Sequence[TaskOutcome]) -> tuple[float, float, float] | None:
    """The second arm's first-pass rate minus the first's, with Newcombe's interval."""
    judged = [
        [each.first_pass for each in outcomes if each.arm == arm and each.first_pass is not None] for arm in (0, 1)
    ]
    hits, sizes = [sum(map(bool, arm)) for arm in judged], [len(arm) for arm in judged]
    if not all(sizes):
        return None
    ends = stats.newcombe((hits[1], hits[0]), (sizes[1], sizes[0]))
    return hits[1] / sizes[1] - hits[0] / sizes[0], ends.low, ends.high


def _price(outcomes: Sequence[TaskOutcome], difference: float) -> str:
    means = [fmean([each.value for each in outcomes if each.arm == arm]) for arm in (0, 1)]
    if not difference:
        return "metrics conflict"
    return f"{abs((means[1] - means[0]) / (100 * difference)):.3g} for each point of first-pass rate"


def _ratio(trial: TrialProtocol, effect: Effect) -> str:
    verb = "takes" if trial.metric == "active_min" else "costs"
    return f"{trial.arms[1]} {verb} {effect.value:.2f} times what {trial.arms[0]} does"


def _ends(effect: Effect) -> str:
    return f"{effect.low:.2f} to {effect.high:.2f}"


def p_value(effect: Effect) -> float:
    """Two-sided, for a ratio of 1."""
    return 2 * (1 - stats.t_cdf(abs(effect.log) / effect.error, effect.df)) if effect.error else float(not effect.log)
