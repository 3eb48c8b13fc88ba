"""Stage moves and the status of a task, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planfence.finding import Finding, Severity

#: How many paths are listed before the rest is only counted.
SHOWN = 12


def findings_text(findings: Iterable[Finding]) -> str:
    """Return findings as a person reads them: code, message, and what to type next."""
    lines: list[str] = []
    for each in findings:
        mark = "error" if each.severity is Severity.ERROR else "warning"
        place = f"{printable(each.path)}: " if each.path else ""
        lines.append(f"{mark} {each.code} {each.name}: {place}{printable(each.message)}")
        lines += [f"    {printable(fix)}" for fix in each.fixes]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Return text without control characters, which a path or a message from elsewhere could carry."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def facts_text(rows: Sequence[tuple[str, str]]) -> str:
    """Return (name, value) rows in two columns; rows without a value are left out."""
    width = max((len(name) for name, value in rows if value), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows if value)


def paths_text(paths: Sequence[str]) -> str:
    """Return some paths on one line, the rest as a count."""
    shown = ", ".join(printable(path) for path in paths[:SHOWN])
    return shown + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")
