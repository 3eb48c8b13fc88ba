"""Two weeks of made-up work by two models whose truth is known: the report must recover it."""

import json
import math
import random
import time

import pytest

from planfence.cli.report import page_of
from planfence.log.line import format_record
from planfence.report import report
from planfence.report.metrics import Frame

NOW = 1795341600
DAY = 86_400
TRUTH = {"codex": (0.60, 28.0, 0.65), "claude": (1.10, 35.0, 0.85)}


def work(folder, seed, tasks=160):
    """One team's logs: hand-written lines by one model, own lines by the other, both kinds of run-log lines."""
    generator = random.Random(seed)
    lines, runs = [], []
    for index in range(tasks):
        model = ("codex", "claude")[index % 2]
        cost, minutes, passes = TRUTH[model]
        begun = NOW - generator.randint(DAY, 14 * DAY)
        worked = round(generator.lognormvariate(math.log(minutes), 0.4) * 60)
        rounds = 1
        while generator.random() > passes:
            rounds += 1
        words = {"task": f"p/t{index}", "model": model, "review_round": str(rounds)}
        words["cost"] = f"{generator.lognormvariate(math.log(cost), 0.6):.6f}"
        runs += [f"p/t{index},start,{begun}", f"p/t{index},end,{begun + worked}"]
        if model == "codex":
            lines.append(format_record(time.strftime("%Y-%m-%d_%H:%M:%S", time.localtime(begun + worked)), words))
        else:
            own = {"event": "finish", "result": "accepted", "id": f"{index:016x}"}
            lines.append(format_record(time.strftime("%Y-%m-%d_%H:%M:%S", time.gmtime(begun + worked)), words | own))
    generator.shuffle(lines)
    (folder / "log").write_text("\n".join(lines) + "\n")
    (folder / "runs").write_text("\n".join(runs) + "\n")
    return report.report([report.Source((folder / "log", folder / "runs"))], Frame(NOW))


def test_the_report_recovers_the_truth(tmp_path):
    inside = looked = 0
    for seed in range(12):
        data = work(tmp_path, seed)
        assert len(data.tasks) == 160
        assert data.open_tasks == 0
        for model, (cost, minutes, passes) in TRUTH.items():
            found = data.groups[model]
            assert {found[name].n for name in ("cost_median", "active_median", "first_pass")} == {80}
            for name, truth in (
                ("cost_median", cost),
                ("cost_geomean", cost),
                ("active_median", minutes),
                ("first_pass", passes),
                ("within_k", 1 - (1 - passes) ** 2),
                ("rounds_mean", 1 / passes),
                ("cost_per_accepted", cost * math.exp(0.18)),
                ("cost_spread", math.sqrt(math.expm1(0.36))),
            ):
                looked += 1
                inside += found[name].low <= truth <= found[name].high
    # 192 intervals of 95% each; fewer than 170 inside would be one chance in a hundred thousand.
    assert inside >= 170, f"{inside} of {looked}"


@pytest.mark.parametrize("dimension", ["model", "role", "flow", "theme", "plan"])
def test_n_and_an_interval_stand_on_every_number(tmp_path, dimension):
    data = work(tmp_path, 3)
    data = report.report(
        [report.Source((tmp_path / "log", tmp_path / "runs"))], Frame(data.made_at), dimension=dimension
    )
    plain = json.loads(report.render_json(data))
    groups = [plain["overall"], *plain["by"]["groups"].values(), *plain["by_role"].values(), plain["stages"]]
    groups += [week["metrics"] for week in plain["weeks"]] + [plain["first_pass_by_context"], plain["pass_hat_k"]]
    assert plain["by"]["groups"]
    for name, estimate in (item for group in groups for item in group.items()):
        assert estimate["n"] >= 0
        if estimate["value"] is not None:
            assert estimate["n"] > 0, name
        if estimate["n"] >= 8 and not name.endswith("p90"):  # a 90th percentile needs 36
            assert estimate["low"] is not None, (name, estimate)
            assert estimate["low"] <= estimate["value"] <= estimate["high"], (name, estimate)
    for estimate in plain["overall"].values():
        assert f"<td>{estimate['n']}</td>" in page_of(data)
