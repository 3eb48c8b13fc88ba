"""What every rule owes its readers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planfence.rules import RULES
from planfence.rules.catalog import ALL_RULES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.code)
def test_a_rule_is_documented_where_it_stands(rule) -> None:
    first, *rest = rule.documentation.splitlines()
    assert first.endswith(".")
    assert [line for line in rest if line.startswith("## ")] == ["## What it checks", "## Why is this bad?", "## Fix"]


def test_codes_and_names_are_unique_and_well_formed() -> None:
    codes, names = [rule.code for rule in ALL_RULES], [rule.name for rule in ALL_RULES]
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Z]{3}\d{3}", code) for code in codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_table(rule) -> None:
    module = rule.check.__module__.rpartition(".")[2]
    assert any(module in path.read_text("utf-8") for path in (ROOT / "tests/rules").glob("test_*.py"))


def test_the_rules_page_is_the_rules() -> None:
    page = (ROOT / "docs/rules.md").read_text("utf-8")
    for rule in ALL_RULES:
        assert f"## {rule.code} {rule.name}" in page
