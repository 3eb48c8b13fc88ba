"""Lines as people type them into a shell, and what then goes wrong with them: the report reads and counts them all."""

from __future__ import annotations

import json
import subprocess

import pytest

TYPED = r"""
echo "$(date +%F_%T),task=auth,model=codex,cost=0.42,time_min=26,review_round=2" >> .ai-benchmark.csv
echo "$(date +%F_%T),task=billing,model=claude,cost=1.10,time_min=41,review_round=1" >> .ai-benchmark.csv
echo "auth,start,$(date +%s)" >> .ai-run.log
echo "auth,end,$(($(date +%s) + 1560))" >> .ai-run.log
"""


@pytest.fixture
def typed(repo):
    def type_in(text):
        subprocess.run(["sh", "-c", text], cwd=repo.root, env=repo.variables, check=True)
        return json.loads(repo.planfence("report", "--json").stdout)

    return type_in


def test_what_teams_type_today(typed):
    found = typed(TYPED)
    tasks = {row["task"]: row for row in found["tasks"]}
    assert (tasks["auth"]["cost"], tasks["auth"]["rounds"], tasks["auth"]["model"]) == (0.42, 2, "codex")
    assert tasks["auth"]["active_min"] == pytest.approx(26)
    assert (tasks["billing"]["cost"], tasks["billing"]["active_min"]) == (1.10, 41)
    assert tasks["billing"]["first_pass"]
    assert found["read"]["records"] == found["read"]["runs"] == 2


@pytest.mark.parametrize(
    ("broken", "counted"),
    [
        ("printf '2026-11-20_10:00:00,task=auth,mod' >> .ai-benchmark.csv", {"torn": 1}),
        ("printf '2026-11-20_10:00:00,task=auth,mod\n' >> .ai-benchmark.csv", {"torn": 1}),
        (
            "for cost in 1 2; do printf '2026-11-20_10:00:00,task=a,model=m,cost=%s,time_min=1,review_round=1' $cost"
            " >> .ai-benchmark.csv; done; echo >> .ai-benchmark.csv",
            {"glued": 1, "records": 4},
        ),
        ("head -1 .ai-benchmark.csv > x; cat x >> .ai-benchmark.csv", {"doubled": 1}),
        ("echo 'remember the milk' >> .ai-benchmark.csv", {"foreign": 1}),
        ("printf 'c,start,1795341600\r\nc,end,1795341660\r\n' >> .ai-benchmark.csv", {"runs": 4}),
        ("printf '\377\376\n\n' >> .ai-run.log", {"foreign": 1, "blank": 1}),
        (
            "echo '2026-11-20_10:00:00,task=a,model=m,cost=0,42,time_min=1,review_round=1' >> .ai-benchmark.csv",
            {"torn": 1},
        ),
        ("echo '2026-11-20_10:00:00,task=a,model=m,cost=lots,time_min=,review_round=' >> .ai-run.log", {"records": 3}),
    ],
)
def test_what_goes_wrong_with_them_is_counted(typed, broken, counted):
    found = typed(TYPED + broken)["read"]
    assert {name: found.get(name, 0) for name in counted} == counted
    assert found["records"] >= 2
    assert found["runs"] >= 2
