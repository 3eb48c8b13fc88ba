"""A report for people: findings by change, then what to type next."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.change.change import STAGED
from planfence.finding import Finding, Report, Severity
from planfence.inert import inert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.rules.rule import NextStep

#: So many findings of a change are told, and so many changes, notes and steps; the rest is counted.
_FINDINGS = 40
_CHANGES = 100

_RED, _YELLOW, _GREEN, _BOLD, _DIM, _PLAIN = "31", "33", "32", "1", "2", ""


def paint(text: str, code: str, colour: bool) -> str:
    """Colour a text with an SGR code, where colour is wanted."""
    return f"\033[{code}m{text}\033[0m" if colour and code else text


def render(report: Report, steps: Iterable[NextStep] = (), *, colour: bool = False, task: str = "") -> str:
    """Return the whole report as text that ends with a newline; empty if the exit code says it all."""
    lines: list[str] = []
    found_in: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found_in.setdefault(finding.change, []).append(finding)
    for change, found in list(found_in.items())[:_CHANGES]:
        lines += [_title(report, change, task, found, colour)]
        lines += [_line(finding, colour) for finding in found[:_FINDINGS]]
        if len(found) > _FINDINGS:
            lines.append(f"  and {len(found) - _FINDINGS} more{_all_of(change)}")
    if len(found_in) > _CHANGES:
        lines.append(f"and {len(found_in) - _CHANGES} more changes; `planfence verify --format json` lists them")
    lines += [paint(f"note: {inert(note)}", _DIM, colour) for note in report.notes[:_CHANGES]]
    if len(report.notes) > _CHANGES:
        lines.append(paint(f"note: and {len(report.notes) - _CHANGES} more notes", _DIM, colour))
    steps = tuple(steps)
    if steps:
        lines += ["", paint("Next:", _BOLD, colour)]
        for step in steps:
            why = f"ask a person: {step.why}" if step.asks else step.why
            lines.append(f"  {paint('# ' + inert(why), _DIM, colour)}")
            lines += [f"  {inert(step.command)}"] if step.command else []
    return "\n".join(lines) + "\n" if lines else ""


def summary(report: Report, colour: bool = False) -> str:
    """Return one line that says how many changes were judged and what came of it."""
    errors, observed = len(report.errors), len(report.observed)
    warnings = len(report.findings) - errors - observed
    judged = f"{len(report.judged)} change{'s' if len(report.judged) != 1 else ''} judged"
    if not report.findings:
        return paint(f"planfence: {judged}, nothing to refuse", _GREEN, colour) + "\n"
    parts = [f"{n} {word}{'s' if n != 1 else ''}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    parts += [f"{observed} that enforcing would refuse"] if observed else []
    return paint(f"planfence: {judged}, {', '.join(parts)}", _RED if errors else _YELLOW, colour) + "\n"


def _all_of(change: str) -> str:
    """Where all findings of a change are told."""
    if not change:
        return ""
    which = "--staged" if change == STAGED else f"--commit {inert(change[:12])}"
    return f"; `planfence check {which} --format json` lists them"


def _title(report: Report, change: str, task: str, found: list[Finding], colour: bool) -> str:
    refused = any(finding.refuses for finding in found)
    observed = any(finding.severity is Severity.ERROR for finding in found)
    what = {STAGED: "the staged change", "": "the push"}.get(change) or f"commit {inert(change[:12])}"
    subject = report.subjects.get(change, "") if change != STAGED else ""
    verdict = "refused" if refused else "would be refused (observed only)" if observed else "has warnings"
    tail = f" ({inert(task)})" if task else ""
    words = f"planfence: {what} {verdict}{tail}"
    if subject:
        words += f": {inert(subject)}"
    return paint(words, _RED if refused else _YELLOW, colour)


def _line(finding: Finding, colour: bool) -> str:
    code = paint(finding.code, _RED if finding.refuses else _YELLOW, colour)
    place = inert(finding.path)
    if finding.line:
        place += f":{finding.line}:{finding.column}"
    where = f"{paint(place, _BOLD, colour)}: " if place else ""
    return f"  {code} {where}{inert(finding.message)} {paint(f'[{finding.name}]', _DIM, colour)}"
