"""Two candidates side by side."""

from __future__ import annotations

from planfence.gate.comparing import Candidate, Preference
from planfence.inert import inert
from planfence.render.words import columns

_PROOF = {"": "not asked", "noticed": "yes", "unnoticed": "no"}


def table(a: Candidate, b: Candidate, verdict: Preference, task: str) -> str:
    """Return the table, and the verdict with its reason below it."""
    rows = [
        ("", inert(a.name), inert(b.name)),
        ("commit", a.commit[:12], b.commit[:12]),
        ("tests", *("passed" if not each.tests else "not passed" for each in (a, b))),
        ("fail on the old code", *(_PROOF.get(each.proof, "not sure") for each in (a, b))),
        ("parts proven", *(f"{each.proven[0]} of {each.proven[1]}" if each.proven[1] else "?" for each in (a, b))),
        ("constraints not met", str(len(a.unmet)), str(len(b.unmet))),
        ("findings", str(a.findings), str(b.findings)),
        ("risk", str(a.risk), str(b.risk)),
        ("files", str(a.files), str(b.files)),
        ("lines", str(a.lines), str(b.lines)),
    ]
    lines = [f"task {inert(task)}"] if task else []
    lines += columns(rows)
    for each in (a, b):
        lines += [
            inert(f"{each.name}: {word}") for word in (*each.unmet, *([", ".join(each.kinds)] if each.kinds else []))
        ]
    decided = f"take {verdict.winner}" if verdict.winner else ("a tie" if verdict.by == "tie" else "take neither")
    return "\n".join([*lines, "", inert(f"{decided}: {verdict.why}")]) + "\n"
