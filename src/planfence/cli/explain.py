"""`planfence explain`: a rule's own documentation."""

from __future__ import annotations

import difflib

import click

from planfence.errors import PlanfenceError
from planfence.rules.catalog import ALL_RULES, describe
from planfence.terminal import emit


@click.command("explain")
@click.argument("rule", required=False)
def command(rule: str | None) -> int:
    """Say what a rule checks, why, and how to fix it. Without RULE: list them all."""
    if rule is None:
        emit("".join(f"{each.code}  {each.name:<28} {each.documentation.splitlines()[0]}\n" for each in ALL_RULES))
        return 0
    for each in ALL_RULES:
        if rule.upper() == each.code or rule.lower() == each.name:
            emit(f"# {each.code} {each.name} ({each.severity})\n\n{each.documentation}\n{describe(each)}")
            return 0
    names = [each.code for each in ALL_RULES] + [each.name for each in ALL_RULES]
    near = difflib.get_close_matches(rule, names, 1) or difflib.get_close_matches(rule.upper(), names, 1)
    hint = f"did you mean {near[0]}?" if near else "`planfence explain` lists them"
    raise PlanfenceError(f"there is no rule {rule}", hint=hint)
