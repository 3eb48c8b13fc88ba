"""The rules, one module each, in the order that they are run and listed."""

from __future__ import annotations

from planfence.core.lint import LintRule
from planfence.core.rule import Rule
from planfence.rules import (
    change_not_planned,
    change_too_large,
    denied_path,
    dependency_open,
    ledger_rewritten,
    message_mixes_themes,
    mixed_content,
    mixed_themes,
    model_not_assigned,
    path_outside_task,
    plan_not_signed,
    plan_rides_with_code,
    plan_went_back,
    plan_widened,
    protected_path,
    protected_ref,
    reviewer_is_author,
    rework_needs_reassignment,
    stage_closed,
    task_missing,
    tests_not_passed,
    type_contradicts_diff,
    unsafe_entry,
)
from planfence.rules.lint import LINT_RULES

RULES: tuple[Rule, ...] = (
    path_outside_task.RULE,
    change_not_planned.RULE,
    denied_path.RULE,
    protected_path.RULE,
    unsafe_entry.RULE,
    change_too_large.RULE,
    mixed_themes.RULE,
    message_mixes_themes.RULE,
    type_contradicts_diff.RULE,
    mixed_content.RULE,
    plan_rides_with_code.RULE,
    plan_widened.RULE,
    plan_went_back.RULE,
    plan_not_signed.RULE,
    tests_not_passed.RULE,
    stage_closed.RULE,
    dependency_open.RULE,
    model_not_assigned.RULE,
    reviewer_is_author.RULE,
    rework_needs_reassignment.RULE,
    task_missing.RULE,
    protected_ref.RULE,
    ledger_rewritten.RULE,
)

#: Every rule there is, the plan lint's too.
ALL_RULES: tuple[Rule | LintRule, ...] = (*RULES, *LINT_RULES)

#: (code, name) of every rule, by which a policy may name it.
KNOWN: tuple[tuple[str, str], ...] = tuple((rule.code, rule.name) for rule in ALL_RULES)
