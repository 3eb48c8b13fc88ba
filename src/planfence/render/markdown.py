"""A report as Markdown: a job's summary, a request's comment. Texts of others are shown, and do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from planfence.change.change import STAGED
from planfence.finding import Finding, Report, Severity
from planfence.inert import inert
from planfence.render.text import summary
from planfence.rules.rule import NextStep

#: GitHub takes a comment of 65,536 characters, and shows no more of a summary than a reader wants.
_MOST = 100
#: Characters that mean something in Markdown (GitHub Flavored, GitLab's) or in the HTML that it may hold.
_SPECIAL = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]()<>#+!|~&$^:\"'"}
#: Addresses of mail are looked for in what is rendered, between two pieces of HTML (cmark-gfm's `postprocess_text`).
_SPECIAL[ord("@")] = "&#64;<!-- -->"
_DOMAIN = re.compile(r"(?<=www)\.", re.IGNORECASE)


def shown(text: str) -> str:
    """Return a text of others as Markdown that shows it, on one line: no link, no mention, no markup.

    Forges look for mentions (`@team`, `#12`) in what is rendered, if an escape is gone, but not in code.
    """
    return f"<code>{_DOMAIN.sub('&#46;', inert(text).translate(_SPECIAL))}</code>" if text else ""


def to_markdown(report: Report, steps: Iterable[NextStep] = ()) -> str:
    """Return the report as a heading, one table of all findings, its notes, and the next steps."""
    refused = report.refused
    lines = [f"### {'❌' if refused else '✅'} {summary(report).strip()}", ""]
    if report.findings:
        lines += ["| | commit | path | rule | finding |", "|---|---|---|---|---|"]
        lines += [_row(report, finding) for finding in report.findings[:_MOST]]
        left = len(report.findings) - _MOST
        lines += ["", *([f"and {left} more", ""] if left > 0 else [])]
    lines += [f"- {shown(note)}" for note in report.notes] + ([""] if report.notes else [])
    steps = tuple(steps)
    if steps:
        lines += ["Next:", ""]
        lines += [f"- {step.why.translate(_SPECIAL)}: {shown(step.command)}" for step in steps]
        lines.append("")
    return "\n".join(lines) + "\n"


def _row(report: Report, finding: Finding) -> str:
    mark = "❌" if finding.refuses else "👁" if finding.severity is Severity.ERROR else "⚠️"
    change = "" if finding.change in ("", STAGED) else finding.change[:12]
    subject = report.subjects.get(finding.change, "")
    place = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path
    commit = f"{change} {shown(subject)}".strip()
    return f"| {mark} | {commit} | {shown(place)} | {finding.code} {finding.name} | {shown(finding.message)} |"
