"""Every example of every rule, on every surface: what is bad is refused with the rule's code, what is good by none."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import examples

from planfence.rules import RULES

CASES = [
    pytest.param(rule, kind, number, id=f"{rule.code}-{kind}-{number}")
    for rule in RULES
    for kind in ("bad", "good")
    for number in range(len(getattr(rule, kind)))
]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return examples.template(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_examples(rule) -> None:
    assert rule.bad
    assert rule.good


@pytest.mark.parametrize(("rule", "kind", "number"), CASES)
def test_every_surface_agrees(rule, kind: str, number: int, template: Path, tmp_path: Path) -> None:
    seen = examples.verdicts(rule, kind, number, template, tmp_path)
    assert seen
    for surface, status, said in seen:
        if kind == "bad":
            assert status == 1, (surface, status, said)
            assert rule.code in said, (surface, said)
        else:
            assert status == 0, (surface, said)
