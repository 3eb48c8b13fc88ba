"""The rules, one module each, in the order that they are run and listed."""

from __future__ import annotations

from planfence.core.rule import Rule
from planfence.rules import (
    change_not_planned,
    change_too_large,
    denied_path,
    message_mixes_themes,
    mixed_themes,
    path_outside_task,
    plan_rides_with_code,
    plan_went_back,
    protected_path,
    task_missing,
    unsafe_entry,
)

RULES: tuple[Rule, ...] = (
    path_outside_task.RULE,
    change_not_planned.RULE,
    denied_path.RULE,
    protected_path.RULE,
    unsafe_entry.RULE,
    change_too_large.RULE,
    mixed_themes.RULE,
    message_mixes_themes.RULE,
    plan_rides_with_code.RULE,
    plan_went_back.RULE,
    task_missing.RULE,
)

#: (code, name) of every rule, by which a policy may name it.
KNOWN: tuple[tuple[str, str], ...] = tuple((rule.code, rule.name) for rule in RULES)
