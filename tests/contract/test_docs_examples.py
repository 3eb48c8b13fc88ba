"""The examples of the reference pages are what they claim to be."""

from __future__ import annotations

import re

import pytest

from planfence.manifest.planfile import load_plan
from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import parse_policy
from planfence.rules.catalog import KNOWN
from planfence.rules.lint import LINT_RULES
from planfence.rules.lint.base import LintContext


def example(request: pytest.FixtureRequest, page: str) -> bytes:
    text = (request.config.rootpath / "docs" / page).read_text("utf-8")
    found = re.search(r"```toml\n(schema = .*?)```", text, re.DOTALL)
    assert found is not None
    return found[1].encode()


def test_the_plan_is_clean(request: pytest.FixtureRequest) -> None:
    plan, source = load_plan(example(request, "plan.md"), "plans/auth-mw.toml")
    ctx = LintContext(plan, Policy(), source)
    assert [finding for rule in LINT_RULES for finding in rule.check(ctx)] == []


def test_the_policy_is_read(request: pytest.FixtureRequest) -> None:
    assert parse_policy(example(request, "policy.md"), "planfence.toml", KNOWN).limits.files == 15
