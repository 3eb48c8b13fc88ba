"""What `install`, `uninstall`, `init` and `doctor` say, as text."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.inert import inert


def listing(title: str, rows: Iterable[tuple[str, str, str]], remarks: Iterable[str] = ()) -> str:
    """A title, one line for each (name, state, remark), then the remarks, each with its own mark."""
    rows = [(inert(name), inert(state), inert(remark)) for name, state, remark in rows]
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [inert(title)]
    for name, state, remark in rows:
        lines.append(f"  {name:<{width}}  {state}" + (f": {remark}" if remark else ""))
    for remark in remarks:
        first, *more = remark.split("\n")
        lines += [f"  note: {inert(first)}", *(f"        {inert(line)}".rstrip() for line in more)]
    return "\n".join(lines)


def checkup(title: str, rows: Iterable[tuple[str, str, str, str]]) -> str:
    """One line for each (health, subject, what was seen), with the fix below it, then the title as the verdict."""
    rows = [(health, inert(subject), seen, fix) for health, subject, seen, fix in rows]
    width = max((len(subject) for _, subject, _, _ in rows), default=0)
    lines = []
    for health, subject, seen, fix in rows:
        first, *more = seen.split("\n")
        lines.append(f"  {health:<5}  {subject:<{width}}  {inert(first)}")
        lines += [f"         {'':<{width}}  {inert(line)}" for line in more]
        lines += [f"         {'':<{width}}  fix: {inert(line)}" for line in fix.split("\n")[:1] if line]
    return "\n".join([*lines, inert(title)])
