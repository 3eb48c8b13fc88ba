"""A plan as people read it, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from planfence.finding import Finding, Report, Severity
from planfence.inert import inert
from planfence.manifest.plan import STAGES, Plan, Task, Theme
from planfence.render.text import paint

WIDTH = 80
#: So many findings are told; the rest is counted.
_FINDINGS = 100
_LABEL = 16


def show(plan: Plan, *, colour: bool = False) -> str:
    """Return a whole plan."""
    lines = [f"{paint(inert(plan.id), '1', colour)}, version {plan.version}", *_wrapped("", [plan.goal])]
    lines += [""]
    lines += _wrapped("out of scope", plan.out_of_scope)
    lines += _wrapped("risks", (f"{risk.risk}: {risk.mitigation or 'nothing is done'}" for risk in plan.risks))
    lines += _wrapped("rollback", [plan.rollback] if plan.rollback else [])
    lines += _wrapped(
        "constraints", (f"{each.text}{f' ($ {each.run})' if each.run else ''}" for each in plan.constraints)
    )
    lines += _wrapped("themes", map(_theme, plan.themes.values()))
    lines += _wrapped("roles", [_roles(plan.roles)] if plan.roles else [])
    for task in plan.tasks:
        lines += ["", *_task(plan, task, colour)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _task(plan: Plan, task: Task, colour: bool) -> Iterator[str]:
    minutes = f"{task.estimate_min:g} min" if task.estimate_min else "no estimate"
    yield f"{paint(inert(f'{plan.id}/{task.id}'), '1', colour)}  {inert(task.theme)}, {minutes}"
    yield from _wrapped("", [task.title])
    yield from _wrapped("after", [", ".join(task.depends_on)] if task.depends_on else [])
    yield from _wrapped(
        "files",
        (f"{entry.change or 'any':<7} {entry.path}{f' ({entry.why})' if entry.why else ''}" for entry in task.files),
    )
    yield from _wrapped("not", task.deny)
    criteria = (
        f"{each.id} {each.text}{f' ($ {each.run})' if each.run else ''}{' (review)' if each.review else ''}"
        for each in task.acceptance
    )
    yield from _wrapped("done when", criteria)
    yield from _wrapped("roles", [_roles(task.roles)] if task.roles else [])


def _theme(theme: Theme) -> str:
    types = f" ({', '.join(theme.types)})" if theme.types else ""
    return f"{theme.name}: {', '.join(theme.paths)}{types}"


def _roles(roles: Mapping[str, str]) -> str:
    return ", ".join(f"{stage}: {roles[stage]}" for stage in STAGES if stage in roles)


def _wrapped(label: str, items: Iterable[str]) -> Iterator[str]:
    """Yield labelled lines; a long word (a path) is never broken, so that it can be copied."""
    indent = " " * _LABEL
    for number, item in enumerate(items):
        first = f"  {label if not number else '':<{_LABEL - 2}}"
        yield from textwrap.wrap(
            inert(item),
            WIDTH,
            initial_indent=first if label else "  ",
            subsequent_indent=indent + "  " if label else "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first]


def index(plans: Iterable[Plan]) -> str:
    """Return one line a plan: id, number of tasks, goal."""
    plans = list(plans)
    width = max((len(plan.id) for plan in plans), default=0)
    lines = []
    for plan in plans:
        head = f"{inert(plan.id):<{width}}  {len(plan.tasks):>2} task{'s' if len(plan.tasks) != 1 else ' '}  "
        lines.append(head + textwrap.shorten(inert(plan.goal), max(WIDTH - len(head), 20), placeholder=" …"))
    return "\n".join(lines) + "\n"


def linted(report: Report, *, colour: bool = False) -> str:
    """Return the lint's findings, each with its fix, and one line that sums them up."""
    lines = [line for finding in report.findings[:_FINDINGS] for line in _finding(finding, colour)]
    if len(report.findings) > _FINDINGS:
        lines.append(f"and {len(report.findings) - _FINDINGS} more; `planfence plan lint --format json` lists them")
    errors = len(report.errors)
    warnings = len(report.findings) - errors
    plans = f"{len(report.judged)} plan{'s' if len(report.judged) != 1 else ''}"
    parts = [f"{n} {word}{'s' if n != 1 else ''}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    lines.append(paint(f"planfence: {plans}, {', '.join(parts) or 'nothing to fix'}", "31" if errors else "32", colour))
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, colour: bool) -> Iterator[str]:
    code = paint(finding.code, "31" if finding.severity is Severity.ERROR else "33", colour)
    place = f"{inert(finding.path)}:{finding.line}:{finding.column}"
    yield f"{paint(place, '1', colour)}: {code} {inert(finding.message)} {paint(f'[{finding.name}]', '2', colour)}"
    for fix in finding.fixes:
        yield f"    fix: {inert(fix)}"
