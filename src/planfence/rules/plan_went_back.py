"""A plan's version does not rise.

## What it checks
A commit that changes a plan must raise its `version`; the new plan must be a regular file that can be read, and so must
a new policy, also under `mode = "observe"` and if this rule is off: by one that can't be read nothing could be judged.
Adding and removing a plan is allowed. A merge that settles a plan itself must rise above every parent that has
another text; what git merges by itself is left alone. A plan of which no task has begun may be corrected under the
version that it has.

## Why is this bad?
Evidence and reviews are bound to a version of the plan. If two texts bear the same number, or an old
text comes back, nobody can say what was agreed.

## Fix
Once a task has begun, set `version` one higher than it was. `planfence plan amend` does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, PlanEdit, Route, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    for edit in ctx.edits:
        if edit.fault is not None:
            fault, told = edit.fault, f"can't be read: {edit.fault.message}"
            # By one that can't be read nothing is judged.
            yield RULE.at(edit.path, told, line=fault.line, column=fault.column, always=True)
        elif ctx.route is Route.REVERT:
            continue  # the text comes back that bore this number
        elif edit.new is not None and edit.before and edit.new.version <= _last(edit) and not _corrects(edit):
            yield RULE.at(edit.path, f"version {edit.new.version} does not rise above {_last(edit)}")


def _corrects(edit: PlanEdit) -> bool:
    return not edit.begun and edit.new is not None and edit.new.version == _last(edit)


def _last(edit: PlanEdit) -> int:
    return max(plan.version for plan in edit.before)


def raise_version(case: Case) -> Iterator[NextStep]:
    """Write the next version into the plan."""
    edits = [edit for edit in case.ctx.edits if edit.new and edit.before and edit.new.version <= _last(edit)]
    edits = [edit for edit in edits if not _corrects(edit)]
    lines = []
    for edit in edits:
        path, new = edit.path, edit.new
        assert new is not None
        script = f"'s/^version *= *{new.version}/version = {_last(edit) + 1}/'"
        copy = ways.quote(f"{path}.bak")
        lines.append(f"sed -i.bak {script} {ways.quote(path)} && rm {copy} && git add {ways.quote(path)}")
    settled = tuple(each for each in case.findings if any(edit.path == each.path for edit in edits))
    line = " && ".join(lines)
    if line and case.place.made:
        line = ways.remade(case, f"{line} && git commit -q --amend --no-edit")
    if line:
        yield NextStep("raise the plan's version", line, settled)


def lint(case: Case) -> Iterator[NextStep]:
    """Show what is wrong with a plan that can't be read."""
    for edit in case.ctx.edits:
        if edit.fault is not None:
            yield NextStep("see what is wrong with it", f"planfence plan lint {ways.quote(edit.path)}")


RULE = Rule(
    code="PLN003",
    name="plan-went-back",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.PLANS}),
    always=True,
    ways=(raise_version, lint),
    bad=(
        ('plan goal = "another one"',),
        ('plan goal = "another one"', "plan version = 0"),
    ),
    good=(
        ('plan goal = "another one"', "plan version = 2"),
        ("stage plan", "task none", 'plan goal = "another one"'),
    ),
)
