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

#: (code, default severity) of every rule, by its code and by its name.
WEIGHTS = {word: (rule.code, rule.severity) for rule in ALL_RULES for word in (rule.code, rule.name)}


def describe(rule: Rule | LintRule) -> str:
    """Return a rule's next steps and examples as Markdown: what stands beside its check, below its documentation."""
    if isinstance(rule, LintRule):
        return ""
    text = ""
    if offered := _steps(rule):
        text += "\n## Next steps\n" + "".join(f"- {step}\n" for step in offered)
    for title, examples in (("Refused", rule.bad), ("Passes", rule.good)):
        blocks = ("\n".join(line.replace("\n", "\\n") for line in example) for example in examples)
        text += f"\n## {title}\n```\n" + "\n\n".join(blocks) + "\n```\n"
    return text


def _steps(rule: Rule) -> tuple[str, ...]:
    """The ways of a rule in the words of their own documentation."""
    return tuple((way.__doc__ or "").strip().partition("\n")[0] for way in rule.ways if way.__doc__)
