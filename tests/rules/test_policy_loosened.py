from __future__ import annotations

from support.tables import change, context, found

from planfence.errors import Fault
from planfence.rules import policy_loosened
from planfence.rules.rule import PlanEdit, Route


def test_each_loosened_key_is_told_where_it_stands() -> None:
    faults = tuple(Fault(path, line, 1, "looser", "") for path, line in (("planfence.toml", 3), ("team.toml", 2)))
    edit = PlanEdit("planfence.toml", None, None, loosened=faults)
    ctx = context(change("planfence.toml"), route=Route.GOVERNING, edits=(edit,))
    assert found(policy_loosened.RULE, ctx) == ["planfence.toml", "team.toml"]
    assert [each.line for each in policy_loosened.RULE.check(ctx)] == [3, 2]


def test_a_policy_that_loosens_nothing_passes() -> None:
    ctx = context(change("planfence.toml"), route=Route.GOVERNING, edits=(PlanEdit("planfence.toml", None, None),))
    assert found(policy_loosened.RULE, ctx) == []
