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

from planfence.core.verdict import Outcome, Trial, assign, judge

SD, SLOPE, PASS = 0.64, 0.60, 0.7


def outcomes(generator: random.Random, ratio: float, trial: Trial) -> Iterator[Outcome]:
    for index in range(trial.looks[-1]):
        arm = trial.arms.index(assign(trial, index))
        est_min = generator.uniform(30, 60)
        value = math.exp(generator.gauss(0, SD)) * est_min**SLOPE * ratio**arm
        yield Outcome(arm, value, est_min, True, generator.random() < PASS)


def simulate(ratio: float, trials: int, *, metric: str = "cost_per_accepted") -> dict[int, Counter[str]]:
    """Words by look, over many trials with this true ratio; a word at the first look is the last."""
    found: dict[int, Counter[str]] = {20: Counter(), 40: Counter()}
    for seed in range(trials):
        trial = Trial("simulated", 0, seed, metric=metric)
        done = list(outcomes(random.Random(f"{ratio}:{seed}"), ratio, trial))
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
        trial = Trial("simulated", 0, seed)
        verdict = judge(trial, list(outcomes(random.Random(f"{ratio}:{seed}"), ratio, trial))[:20])
        if verdict.word in ("better", "worse", "trade-off") and verdict.effect:
            told.append(math.exp(abs(verdict.effect.log)))
    return statistics.median(told)


def main() -> int:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rates = {ratio: simulate(ratio, trials) for ratio in (1.0, 1.5, 2.0)}
    for ratio, looks in rates.items():
        kind = "false verdicts" if ratio == 1 else "decided"
        print(f"true ratio {ratio}: {kind} {decided(looks[20]):.1%} at 20 tasks, {decided(looks[40]):.1%} by 40")
    print(f"at a true 1.5, verdicts at 20 tasks report a median of {early_wins(1.5, trials):.2f}")
    print("bar: false verdicts at most 6% by the second look")
    return 0 if decided(rates[1.0][40]) <= 0.06 else 1


if __name__ == "__main__":
    sys.exit(main())
