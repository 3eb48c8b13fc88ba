"""The verdict's operating characteristics, by simulation: how often it errs, and how often it finds a true effect.

    python benchmarks/verdict_simulation.py [TRIALS]

Costs are log-normal: SD .64 around a forecast (uniform over 30 to 60 minutes) whose exponent is .60.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from planfence.report.decision import TaskOutcome, TrialProtocol, assign, judge

SD, SLOPE, PASS = 0.64, 0.60, 0.7
#: Settings in which Student's statistics err more often than under normal logarithms of one spread.
ODD: dict[str, dict[str, Any]] = {
    "the dearest sixth of the tasks fails": {"dear": 18.0},
    "costs take two values": {"values": 2},
    "costs take three values": {"values": 3},
    "the second arm's costs spread three times as far": {"spread": 3.0},
    "the second arm's costs spread five times as far": {"spread": 5.0},
}


def outcomes(
    generator: random.Random,
    ratio: float,
    trial: TrialProtocol,
    *,
    drop: float = 0.0,
    accepted: float = 1.0,
    dear: float = math.inf,
    spread: float = 1.0,
    values: int = 0,
) -> Iterator[TaskOutcome]:
    """``drop``: how much worse the second arm's first-pass rate is; ``accepted``: the share of tasks of both arms.

    ``dear``: what costs more is not accepted. ``spread``: that of the second arm's costs, as a multiple of the first's.
    ``values``: so many costs there are, each likely alike, and no forecasts.
    """
    for index in range(trial.looks[-1]):
        arm = trial.arms.index(assign(trial, index))
        est_min = 0.0 if values else generator.uniform(30, 60)
        noise = generator.randrange(values) * SD if values else generator.gauss(0, SD * spread**arm)
        value = math.exp(noise) * (est_min**SLOPE or 1) * ratio**arm
        passed = generator.random() < PASS - drop * arm
        stands = value <= dear and (accepted == 1 or generator.random() < accepted)
        yield TaskOutcome(arm, value, est_min, stands, passed and stands)


def simulate(
    ratio: float, trials: int, *, metric: str = "cost_per_accepted", **options: Any
) -> dict[int, Counter[str]]:
    """Words by look, over many trials with this true ratio; a word at the first look is the last."""
    found: dict[int, Counter[str]] = {20: Counter(), 40: Counter()}
    for seed in range(trials):
        trial = TrialProtocol("simulated", 0, seed, metric=metric)
        done = list(outcomes(random.Random(f"{ratio}:{seed}"), ratio, trial, **options))
        early = judge(trial, done[:20])
        found[20][early.word] += 1
        found[40][(early if early.word != "running" else judge(trial, done)).word] += 1
    return found


def decided(counts: Counter[str]) -> float:
    """The share of trials with a claim of a difference, whichever way, a conflict with the guardrail included."""
    return (counts["better"] + counts["worse"] + counts["trade-off"]) / counts.total()


def early_wins(ratio: float, trials: int) -> float:
    """The median factor that verdicts at 20 tasks report."""
    told = []
    for seed in range(trials):
        trial = TrialProtocol("simulated", 0, seed)
        verdict = judge(trial, list(outcomes(random.Random(f"{ratio}:{seed}"), ratio, trial))[:20])
        if verdict.word in ("better", "worse", "trade-off") and verdict.effect:
            told.append(math.exp(abs(math.log(verdict.effect.value))))
    return statistics.median(told)


def main() -> int:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    worst = 0.0
    for accepted in (1.0, 0.85):
        for ratio in (1.0, 1.5, 2.0):
            looks = simulate(ratio, trials, accepted=accepted)
            kind = "false verdicts" if ratio == 1 else "decided"
            shown = f"{decided(looks[20]):.1%} at 20 tasks, {decided(looks[40]):.1%} by 40"
            print(f"{accepted:.0%} accepted, true ratio {ratio}: {kind} {shown}; {dict(looks[40])}")
            worst = max(worst, decided(looks[40])) if ratio == 1 else worst
    for kind, options in ODD.items():
        looks = simulate(1.0, trials, **options)
        worst = max(worst, decided(looks[40]))
        print(f"{kind}, true ratio 1.0: false verdicts {decided(looks[20]):.1%} at 20, {decided(looks[40]):.1%} by 40")
    for drop in (0.0, 0.2):
        counts = simulate(0.5, trials, drop=drop)[40]
        share = counts["trade-off"] / (counts["better"] + counts["trade-off"])
        print(f"half the cost, first pass {100 * drop:.0f} points worse: {share:.0%} of the verdicts say trade-off")
    print(f"at a true 1.5, verdicts at 20 tasks report a median of {early_wins(1.5, trials):.2f}")
    print("bar: false verdicts at most 5% by the second look")
    return 0 if worst <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
