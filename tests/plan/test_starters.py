"""The policy that `init` writes is the default one, and its comments say what the defaults are."""

from dataclasses import fields

import pytest

from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import parse_policy
from planfence.plan.starters import policy_text as starter


def uncommented(text):
    lines = [line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in text.splitlines()]
    return "\n".join(lines)


def test_it_is_the_default():
    assert parse_policy(starter("main").encode(), "planfence.toml") == Policy()


@pytest.mark.parametrize("command", ["", "pytest -q --junit-xml={junit}"])
def test_its_comments_are_the_defaults(command):
    policy = parse_policy(uncommented(starter("main", command)).encode(), "planfence.toml")
    differing = {field.name for field in fields(Policy) if getattr(policy, field.name) != getattr(Policy(), field.name)}
    assert differing == {"rules", "tests"}
    assert policy.tests.command == "pytest -q --junit-xml={junit}"
    assert policy.tests.required == Policy().tests.required


def test_another_base_and_a_test_command_are_no_comments():
    policy = parse_policy(starter("trunk", "pytest -q --junit-xml={junit}").encode(), "planfence.toml")
    assert policy.base == "trunk"
    assert policy.tests.command == "pytest -q --junit-xml={junit}"
