"""A report for people: findings by change, then what to type next."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.change.change import STAGED
from planfence.finding import Finding, Report, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.rules.rule import Step

_RED, _YELLOW, _GREEN, _BOLD, _DIM, _PLAIN = "31", "33", "32", "1", "2", ""


def printable(text: str) -> str:
    """Return the text with control characters and undecodable bytes made visible.

    A file name must not be able to move the cursor, colour the terminal or break a line.
    """
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def paint(text: str, code: str, colour: bool) -> str:
    """Colour a text with an SGR code, where colour is wanted."""
    return f"\033[{code}m{text}\033[0m" if colour and code else text


def render(report: Report, steps: Iterable[Step] = (), *, colour: bool = False, task: str = "") -> str:
    """Return the whole report as text that ends with a newline; empty where the exit code says it all."""
    lines: list[str] = []
    for change in dict.fromkeys(finding.change for finding in report.findings):
        found = [finding for finding in report.findings if finding.change == change]
        lines += [_title(report, change, task, found, colour)]
        lines += [_line(finding, colour) for finding in found]
    lines += [paint(f"note: {printable(note)}", _DIM, colour) for note in report.notes]
    steps = tuple(steps)
    if steps:
        lines += ["", paint("Next:", _BOLD, colour)]
        for step in steps:
            why = f"ask a person: {step.why}" if step.asks else step.why
            lines += [f"  {paint('# ' + printable(why), _DIM, colour)}", f"  {printable(step.command)}"]
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


def _title(report: Report, change: str, task: str, found: list[Finding], colour: bool) -> str:
    refused = any(finding.refuses for finding in found)
    observed = any(finding.severity is Severity.ERROR for finding in found)
    what = {STAGED: "the staged change", "": "the push"}.get(change) or f"commit {change[:12]}"
    subject = report.subjects.get(change, "") if change != STAGED else ""
    verdict = "refused" if refused else "would be refused (observed only)" if observed else "has warnings"
    tail = f" ({printable(task)})" if task else ""
    words = f"planfence: {what} {verdict}{tail}"
    if subject:
        words += f": {printable(subject)}"
    return paint(words, _RED if refused else _YELLOW, colour)


def _line(finding: Finding, colour: bool) -> str:
    code = paint(finding.code, _RED if finding.refuses else _YELLOW, colour)
    place = printable(finding.path)
    if finding.line:
        place += f":{finding.line}:{finding.column}"
    where = f"{paint(place, _BOLD, colour)}: " if place else ""
    return f"  {code} {where}{printable(finding.message)} {paint(f'[{finding.name}]', _DIM, colour)}"
