"""What `install`, `uninstall`, `init` and `doctor` say, as text."""

from __future__ import annotations

from collections.abc import Iterable


def listing(title: str, rows: Iterable[tuple[str, str, str]], remarks: Iterable[str] = ()) -> str:
    """A title, one line for each (name, state, remark), then the remarks, each with its own mark."""
    rows = list(rows)
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [title]
    for name, state, remark in rows:
        lines.append(f"  {name:<{width}}  {state}" + (f": {remark}" if remark else ""))
    for remark in remarks:
        first, *more = remark.splitlines() or [""]
        lines += [f"  note: {first}", *(f"        {line}".rstrip() for line in more)]
    return "\n".join(lines)


def checkup(title: str, rows: Iterable[tuple[str, str, str, str]]) -> str:
    """One line for each (health, subject, what was seen), with the mend below it, then the title as the verdict."""
    rows = list(rows)
    width = max((len(subject) for _, subject, _, _ in rows), default=0)
    lines = []
    for health, subject, seen, mend in rows:
        first, *more = seen.splitlines() or [""]
        lines.append(f"  {health:<5}  {subject:<{width}}  {first}")
        lines += [f"         {'':<{width}}  {line}" for line in more]
        lines += [f"         {'':<{width}}  mend: {line}" for line in mend.splitlines()[:1]]
    return "\n".join([*lines, title])
