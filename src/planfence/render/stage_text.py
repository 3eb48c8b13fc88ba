"""Stage moves and the status of a task, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.finding import Finding, Severity
from planfence.inert import inert, listed
from planfence.render.words import columns

#: How many paths are listed before the rest is only counted, and how many findings.
SHOWN = 12
_FINDINGS = 40


def findings_text(findings: Iterable[Finding]) -> str:
    """Return findings as a person reads them: code, message, and what to type next."""
    findings, lines = tuple(findings), list[str]()
    for each in findings[:_FINDINGS]:
        mark = "error" if each.refuses else "observed" if each.severity is Severity.ERROR else "warning"
        place = f"{inert(each.path)}: " if each.path else ""
        lines.append(f"{mark} {each.code} {each.name}: {place}{inert(each.message)}")
        lines += [f"    {inert(fix)}" for fix in each.fixes]
    if len(findings) > _FINDINGS:
        lines.append(f"and {len(findings) - _FINDINGS} more; `planfence check --format json` lists them")
    return "\n".join(lines)


def facts_text(rows: Sequence[tuple[str, str]]) -> str:
    """Return (name, value) rows in two columns; rows without a value are left out."""
    shown = [(inert(name, 40), inert(value)) for name, value in rows if value]
    return "\n".join(columns(shown))


def paths_text(paths: Sequence[str]) -> str:
    """Return some paths on one line, the rest as a count."""
    return listed(paths, SHOWN)
