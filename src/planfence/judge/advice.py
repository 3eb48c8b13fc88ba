"""What to type next: one set of command lines for all findings of a refusal."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from planfence.change.change import STAGED
from planfence.finding import Report

#: How git gives back the message of a commit that was refused.
LOST_MESSAGE = 'git commit -e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"'

_OUT_OF_SCOPE = ("SCP001", "SCP003", "SCP004")
_THEMES = ("THM001", "THM002", "THM003", "THM004", "SIZ001")


class Step(NamedTuple):
    """One way out: what it does, and the line to type (empty: nothing can be typed)."""

    why: str
    command: str


def next_steps(report: Report, *, task: str, has_message: bool = False) -> tuple[Step, ...]:
    """Return what to type next, in the user's own paths.

    ``task`` is the change's `<plan>/<task>` (empty: none); ``has_message`` says that a commit
    message would be lost.
    """
    errors = report.errors
    codes = {finding.code for finding in errors}
    staged = any(finding.change == STAGED for finding in errors)
    steps: list[Step] = []
    outside = _paths(report, _OUT_OF_SCOPE)
    if outside and staged:
        steps.append(Step("keep it out of this commit", f"git restore --staged -- {' '.join(outside)}"))
    unlisted = _paths(report, ("SCP001", "SCP004"))
    if unlisted and task:
        add = " ".join(f"--add {path}" for path in unlisted)
        steps.append(
            Step("or let the plan allow it, in a commit of its own", f'planfence plan amend {task} {add} --why "…"')
        )
    if "PLN001" in codes and staged:
        steps.append(
            Step(
                "take the plan out, and commit it by itself first",
                f"git restore --staged -- {' '.join(_paths(report, ('PLN001',)))}",
            )
        )
    if "MSG001" in codes:
        steps.append(Step("work under a task", "planfence start <plan>/<task>"))
        steps.append(Step("or say why it can't wait", 'PLANFENCE_URGENT="why" git commit'))
    fixes = dict.fromkeys((finding.name.replace("-", " "), fix) for finding in errors for fix in finding.fixes)
    steps += [Step(why, fix) for why, fix in fixes]
    if has_message and staged:
        steps.append(Step("get the message back", LOST_MESSAGE))
    for code in sorted(codes)[:1]:
        steps.append(Step("read what the rule means", f"planfence explain {code}"))
    if codes & set(_THEMES):
        # Last, where the eye ends: the line that solves it.
        revision = next((f.change for f in errors if f.code in _THEMES and f.change != STAGED), "")
        option = f" --commit {revision[:12]}" if revision else ""
        steps.append(
            Step("make one commit for each theme (without --apply: look first)", f"planfence split{option} --apply")
        )
    return tuple(steps)


def _paths(report: Report, codes: tuple[str, ...]) -> tuple[str, ...]:
    found = dict.fromkeys(finding.path for finding in report.errors if finding.code in codes and finding.path)
    return tuple(shlex.quote(path) for path in found)
