"""Two candidates for one task: which one to take, and why. Tests, what they prove, constraints, the lower risk."""

from __future__ import annotations

from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was measured of one candidate.

    ``tests`` is empty if all passed, otherwise why they did not. ``unmet`` are the constraints whose
    command failed. ``findings`` counts what the rules refuse, ``risk`` is the weight of the
    risky diffs, ``kinds`` their names; ``files`` and ``lines`` the size (added plus removed).
    ``proof`` is what came of its tests on the old code (empty: nobody asked), ``proven`` how many of its parts they
    notice, and of how many.
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
    proof: str = ""
    proven: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Preference:
    """Which candidate to take (empty: a tie, or neither), by what, and the reason in a sentence."""

    winner: str
    by: str
    why: str


#: Sizes that differ by less than this share say nothing about risk.
_NEAR = 0.1


def decide(a: Candidate, b: Candidate) -> Preference:
    """Choose, by the first criterion on which the two differ; if none does, it is a tie."""
    if a.tests and b.tests:
        return Preference("", "tests", f"neither passes: {a.name}: {a.tests}; {b.name}: {b.tests}")
    if a.tests or b.tests:
        loser, better = (a, b) if a.tests else (b, a)
        return Preference(better.name, "tests", f"{loser.name} does not pass: {loser.tests}")
    if said := _by_proof(a, b):
        return said
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


#: Shares of proven parts that differ by less than this say nothing.
_ALIKE = 0.1


def _by_proof(a: Candidate, b: Candidate) -> Preference | None:
    """Take the one whose tests would have noticed more, if both were asked."""
    if {a.proof, b.proof} == {"noticed", "unnoticed"}:
        better, other = (a, b) if a.proof == "noticed" else (b, a)
        return Preference(better.name, "proof", f"the tests of {other.name} pass on the old code too")
    shares = [good / of if of else None for good, of in (a.proven, b.proven)]
    if shares[0] is None or shares[1] is None or abs(shares[0] - shares[1]) < _ALIKE:
        return None
    said = ", ".join(f"{each.name} {each.proven[0]} of {each.proven[1]}" for each in (a, b))
    return Preference((a if shares[0] > shares[1] else b).name, "proof", f"parts that the tests notice: {said}")
