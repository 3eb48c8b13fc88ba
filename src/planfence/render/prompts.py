"""The prompts of the stages, filled from the plan. Data in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from planfence.errors import PlanfenceError
from planfence.inert import dumps, inert
from planfence.ledger.reviewing import points
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy

STAGES = ("plan", "implement", "review")
_FIELD = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


def fill(template: str, values: Mapping[str, str], name: str) -> str:
    """Replace each `{{ field }}`; a field that there is not is a mistake in the template, and said so."""
    unknown = sorted({match[1] for match in _FIELD.finditer(template)} - set(values))
    if unknown:
        known = ", ".join(sorted(values))
        raise PlanfenceError(f"{name} asks for {{{{{unknown[0]}}}}}, which there is not", hint=f"fields: {known}")
    filled = _FIELD.sub(lambda match: values[match[1]], template)
    return re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"


def _said(text: str) -> str:
    """A text of the plan, inert; further lines are indented, so that they stay in the list item that they are in."""
    return "\n  ".join(inert(line) for line in text.strip("\r\n").split("\n"))


def _code(text: str) -> str:
    """A code span: its fence is longer than any in the text (CommonMark, section 6.1)."""
    text = inert(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if "`" in (text[:1], text[-1:]) else ""
    return f"{fence}{space}{text}{space}{fence}"


def for_plan(policy: Policy, goal: str, plan: Plan | None) -> dict[str, str]:
    """The fields of the planner's prompt; of a plan that is there, what it already says."""
    known: list[str] = []
    if plan is not None:
        known += ["", f"A plan {_code(plan.id)} is there (version {plan.version}). What it says already:", ""]
        known += [f"- out of scope: {_said(each)}" for each in plan.out_of_scope]
        known += [f"- constraint: {_said(each)}" for each in _constraints(plan)]
        known += [f"- risk: {_said(each.risk)}" for each in plan.risks]
        known += [f"- task {inert(each.id)}: {_said(each.title)}" for each in plan.tasks]
        known.append("")
    least, most = policy.limits.estimate_min
    return {
        "goal": _said(goal or (plan.goal if plan is not None else "TODO: say what is to be reached")),
        "known": "\n".join(known),
        "least": str(least),
        "most": str(most),
        "files": str(policy.limits.files),
        "plans": inert(policy.plans),
    }


def for_task(
    plan: Plan,
    task: Task,
    policy: Policy,
    *,
    base: str = "",
    rework: str = "",
    tests: Iterable[str] = (),
    proof: Iterable[str] = (),
) -> dict[str, str]:
    """The fields of the executor's and the reviewer's prompts.

    ``base`` is the commit that the branch left, ``rework`` why the task came back, ``tests`` the
    commands of its criteria, ``proof`` what its tests would not have noticed.
    """
    theme = plan.themes.get(task.theme)
    commands = [policy.tests.command] if policy.tests.command else []
    return {
        "task": inert(f"{plan.id}/{task.id}"),
        "title": inert(task.title),
        "goal": _said(plan.goal),
        "theme": inert(task.theme),
        "types": f" (commit types: {inert(', '.join(theme.types))})" if theme is not None and theme.types else "",
        "estimate": f"{task.estimate_min:g}",
        "files": _files(task),
        "deny": f"\nNever touch: {', '.join(map(_code, task.deny))}.\n" if task.deny else "",
        "out_of_scope": _listed("Out of scope", plan.out_of_scope),
        "constraints": _listed("Constraints", _constraints(plan)),
        "acceptance": _acceptance(task),
        "tests": f" (it runs {', '.join(map(_code, (*commands, *tests)))})" if commands or tests else "",
        "rework": f"\n## It was sent back\n\n{_said(rework)}\n" if rework else "",
        "proof": _listed("Look at this first: what the tests would not have noticed", proof),
        "risks": "\n".join(
            f"  - {_said(each.risk)}" + (f" — {_said(each.mitigation)}" if each.mitigation else "")
            for each in plan.risks
        )
        or "  - the plan names none: find them",
        "base": base[:12] or "BASE",
        "answer": _answer(task),
    }


def _constraints(plan: Plan) -> list[str]:
    return [each.text + (f" ({_code(each.run)} exits 0)" if each.run else "") for each in plan.constraints]


def _files(task: Task) -> str:
    return "\n".join(
        f"- {_code(entry.path)}: {entry.change.value if entry.change else 'any change'}"
        + (f" ({_said(entry.why)})" if entry.why else "")
        for entry in task.files
    )


def _listed(title: str, items: Iterable[str]) -> str:
    found = "\n".join(f"- {_said(item)}" for item in items)
    return f"\n{title}:\n\n{found}\n" if found else ""


def _acceptance(task: Task) -> str:
    lines = []
    for each in task.acceptance:
        how = f": {_code(each.run)} exits 0" if each.run else " (a reviewer says so, with evidence)"
        lines.append(f"- **{inert(each.id)}** {_said(each.text)}{how}")
    return "\n".join(lines) or "- the plan names no criterion: ask for one"


def _answer(task: Task) -> str:
    answers = [{"id": point.id, "met": True, "evidence": "…"} for point in points(task)]
    return dumps({"answers": answers, "notes": "…"}, 2)
