"""Every rule by code and name, the plan lint's too: for policies, `explain` and the documentation. No hook loads it."""

from __future__ import annotations

from planfence.rules import RULES
from planfence.rules.lint import LINT_RULES
from planfence.rules.lint.base import LintRule
from planfence.rules.rule import Rule

#: Every rule there is, the plan lint's too.
ALL_RULES: tuple[Rule | LintRule, ...] = (*RULES, *LINT_RULES)

#: (code, name) of every rule, by which a policy may name it.
KNOWN: tuple[tuple[str, str], ...] = tuple((rule.code, rule.name) for rule in ALL_RULES)
