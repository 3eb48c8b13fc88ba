"""Two candidates for one task: which one to take, and why. Tests, then constraints, then the lower risk."""

from __future__ import annotations

from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was measured of one candidate.

    ``tests`` is empty where all passed, otherwise why they did not. ``unmet`` are the constraints whose
    command failed. ``findings`` counts what the rules refuse, ``risk`` is the weight of the
    risky diffs, ``kinds`` their names; ``files`` and ``lines`` the size (added plus removed).
    """

    name: str
    commit: str
    tests: str
    unmet: tuple[str, ...]
    findings: int
    risk: int
    kinds: tuple[str, ...]
    files: int
    lines: int


@dataclass(frozen=True, slots=True)
class Preference:
    """Which candidate to take (empty: a tie, or neither), by what, and the reason in a sentence."""

    winner: str
    by: str
    why: str


#: Sizes that differ by less than this share say nothing about risk.
_NEAR = 0.1


def decide(a: Candidate, b: Candidate) -> Preference:
    """Choose, by the first criterion on which the two differ; where none does, it is a tie."""
    if a.tests and b.tests:
        return Preference("", "tests", f"neither passes: {a.name}: {a.tests}; {b.name}: {b.tests}")
    if a.tests or b.tests:
        loser, better = (a, b) if a.tests else (b, a)
        return Preference(better.name, "tests", f"{loser.name} does not pass: {loser.tests}")
    steps = (
        ("constraints", len(a.unmet), len(b.unmet), "constraints not met"),
        ("scope", a.findings, b.findings, "findings of the rules"),
        ("risk", a.risk, b.risk, "the weight of the risky diffs"),
    )
    for name, first, second, what in steps:
        if first != second:
            winner = a.name if first < second else b.name
            return Preference(winner, name, f"{what}: {a.name} {first}, {b.name} {second}")
    most = max(a.lines, b.lines)
    if most and abs(a.lines - b.lines) > _NEAR * most:
        winner = a.name if a.lines < b.lines else b.name
        return Preference(winner, "size", f"changed lines: {a.name} {a.lines}, {b.name} {b.lines}")
    return Preference("", "tie", "tests, constraints, scope, risk and size do not tell them apart")
