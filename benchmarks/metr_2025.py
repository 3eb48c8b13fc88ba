"""The trial's estimator on real task times: METR's 2025 trial of AI tools, 246 issues by 16 developers.

    git clone https://github.com/METR/Measuring-Early-2025-AI-on-Exp-OSS-Devs
    python benchmarks/metr_2025.py Measuring-Early-2025-AI-on-Exp-OSS-Devs/data_complete.csv

Published (arXiv 2507.09089): with AI, issues took 1.188 times as long (95% interval 1.013 to 1.395). The times are
written as lines of a benchmark log and read back, so that log, metrics and estimator are tried together.
"""

from __future__ import annotations

import csv
import statistics
import sys
import tempfile
import time
from pathlib import Path

from planfence.log.line import format_record
from planfence.report import decision, report
from planfence.report.decision import TaskOutcome, TrialProtocol
from planfence.report.metrics import Frame, measure
from planfence.report.trial import standing

START = 1_740_000_000


def issues(path: Path) -> list[tuple[int, float, float]]:
    """(arm, minutes, forecast) of each issue; a missing time after review is its arm's mean, as published."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known: dict[str, list[float]] = {"0.0": [], "1.0": []}
    for row in rows:
        if row["post_review_implementation_time"]:
            known[row["ai_treatment"]].append(float(row["post_review_implementation_time"]))
    means = {arm: statistics.mean(values) for arm, values in known.items()}
    return [
        (
            int(float(row["ai_treatment"])),
            float(row["initial_implementation_time"])
            + float(row["post_review_implementation_time"] or means[row["ai_treatment"]]),
            float(row["predicted_time_no_ai"]),
        )
        for row in rows
    ]


def main() -> int:
    trial = TrialProtocol("metr", START, 0, arms=("without", "with"), metric="active_min")
    found = issues(Path(sys.argv[1]))
    lines = []
    for index, (arm, minutes, forecast) in enumerate(found):
        words = {"task": f"metr/i{index}", "flow": trial.arms[arm], "trial": trial.id, "est_min": f"{forecast:g}"}
        for number, (event, more) in enumerate((("start", {}), ("finish", {"time_min": f"{minutes:.12g}"}))):
            when = time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(START + 60 * index + 30 * number))
            identity = {"event": event, "result": "accepted", "id": f"{index:08x}{number:08x}"}
            lines.append(format_record(when, words | more | identity))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.write_text("\n".join(lines) + "\n")
        facts, _, _ = report.fold([report.Source((log,))])
    tasks = list(facts.tasks.values())
    outcomes = [
        TaskOutcome(trial.arms.index(task.flow), task.active_min or 0, task.est_min, task.accepted) for task in tasks
    ]
    effect = decision.estimate(outcomes, 0.05, per_accepted=False)
    assert effect is not None
    print(f"{len(tasks)} issues: with AI {effect.value:.3f} times as long ({effect.low:.3f} to {effect.high:.3f})")
    print("published:  with AI 1.188 times as long (1.013 to 1.395)")
    median = measure(tasks, Frame(START), set())["active_median"]
    print(f"median {median.value:.0f} minutes ({median.low:.0f} to {median.high:.0f}), n = {median.n}")
    print("had it been judged by our rules:", standing(trial, facts).verdict.text)
    return 0 if abs(effect.value - 1.188) < 0.0005 else 1


if __name__ == "__main__":
    sys.exit(main())
