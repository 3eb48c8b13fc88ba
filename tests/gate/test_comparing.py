from __future__ import annotations

from dataclasses import replace

import pytest

from planfence.gate.comparing import Candidate, decide

A = Candidate("a", "1" * 40, "", (), 0, 3, (), 2, 100)
B = replace(A, name="b")


@pytest.mark.parametrize(
    ("first", "second", "winner", "by"),
    [
        ({}, {}, "", "tie"),
        ({"tests": "failed"}, {"risk": 99, "findings": 9}, "b", "tests"),
        ({"tests": "failed"}, {"tests": "failed"}, "", "tests"),
        ({"unmet": ("p99",)}, {"risk": 99}, "b", "constraints"),
        ({"findings": 1}, {"risk": 99}, "b", "scope"),
        ({"risk": 1}, {"lines": 1}, "a", "risk"),
        ({"lines": 50}, {}, "a", "size"),
        ({"lines": 95}, {}, "", "tie"),
        ({"lines": 0}, {"lines": 0}, "", "tie"),
    ],
)
def test_tests_then_constraints_then_the_lower_risk(first, second, winner, by):
    a, b = replace(A, **first), replace(B, **second)
    verdict = decide(a, b)
    assert (verdict.winner, verdict.by) == (winner, by)
    assert verdict.why
    assert decide(b, a).winner == winner
