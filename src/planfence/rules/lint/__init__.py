"""The plan lint: what a plan must have before it is worth starting, one module a rule."""

from __future__ import annotations

from planfence.rules.lint import (
    acceptance_missing,
    criterion_unproven,
    directory_named,
    estimate_out_of_range,
    files_missing,
    mitigation_missing,
    out_of_scope_missing,
    path_unknown,
    pattern_too_wide,
    placeholder_left,
    plan_not_needed,
    risk_missing,
    roles_clash,
    rollback_missing,
    task_spans_themes,
    tasks_overlap,
    too_many_files,
)
from planfence.rules.lint.base import LintRule

LINT_RULES: tuple[LintRule, ...] = (
    pattern_too_wide.RULE,
    directory_named.RULE,
    files_missing.RULE,
    too_many_files.RULE,
    out_of_scope_missing.RULE,
    risk_missing.RULE,
    mitigation_missing.RULE,
    rollback_missing.RULE,
    acceptance_missing.RULE,
    criterion_unproven.RULE,
    estimate_out_of_range.RULE,
    tasks_overlap.RULE,
    task_spans_themes.RULE,
    path_unknown.RULE,
    roles_clash.RULE,
    placeholder_left.RULE,
    plan_not_needed.RULE,
)
