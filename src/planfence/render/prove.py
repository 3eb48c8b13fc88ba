"""What a change's tests proved, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from planfence.inert import dumps, inert, listed
from planfence.ledger.proofs import Proof, Trial, TrialOutcome, to_statement
from planfence.render.words import counted

#: So many survivors of one tool are shown.
_SHOWN = 12


def text(proof: Proof | None, left_out: Mapping[str, int], *, cut: bool, budget: str) -> str:
    """Return the answers as a person reads them: the faults first, each with the command that shows it."""
    lines: list[str] = []
    if proof is None:
        lines.append("nothing to prove: this change has no line that a test could notice, and rewrites no test")
    elif proof.flaky:
        lines.append(f"the tests are flaky, so that nothing is concluded: {proof.flaky}")
    else:
        lines += faults(proof)
        lines += _answers(proof)
        lines += _mutants(proof)
        if cut:
            asked = sum(each.answer is not TrialOutcome.SEEN for each in proof.parts)
            of = f"{asked} of {proof.total} parts" if proof.total else "not all"
            lines.append(f"{of} within {budget}; the same command goes on from there")
    if left_out:
        lines.append("not asked: " + ", ".join(f"{count} {why}" for why, count in sorted(left_out.items())))
    return "\n".join(inert(line) for line in lines) + "\n"


def faults(proof: Proof) -> list[str]:
    """Return what the tests would not have noticed; nothing of a flaky suite, which proves nothing."""
    found: list[str] = []
    change = proof.change
    if proof.flaky:
        return ["the tests are flaky"]
    if proof.rewritten:
        found.append(f"{counted(len(proof.rewritten), 'test')} rewritten to pass: {listed(proof.rewritten, 8)}")
    if change is not None and change.answer is TrialOutcome.UNNOTICED:
        found.append("the tests pass on the old code too: they say nothing of this change")
    found += [f"unproven: {place(each)} (planfence prove --show {each.key})" for each in proof.unproven]
    return found


def for_review(proof: Proof | None, title: str) -> list[str]:
    """Return what a reviewer looks at first: rewritten tests beside the plan's words, then what no test notices."""
    if proof is None:
        return []
    found = faults(proof)
    if proof.rewritten and not proof.flaky:
        found[0] += f' (does the plan want that? "{title}")'
    found += [] if proof.flaky else _mutants(proof)
    return [inert(line) for line in found]


def _mutants(proof: Proof) -> list[str]:
    found: list[str] = []
    for each in proof.mutants:
        so_far = ", as far as the time went" if each.cut else ""
        found.append(f"{each.tool}: {each.noticed} of {counted(each.total, 'mutant')} noticed{so_far}")
        found += [f"  survived: {path}:{line} ({what})" for path, line, what in each.survived[:_SHOWN]]
        if len(each.survived) > _SHOWN:
            found.append(f"  and {len(each.survived) - _SHOWN} more (planfence prove --json)")
    return found


def _answers(proof: Proof) -> list[str]:
    found: list[str] = []
    change = proof.change
    if change is not None and change.answer is not TrialOutcome.UNNOTICED:
        said = {
            TrialOutcome.NOTICED: f"red without it: the tests fail on the old code, each of {change.failures} times",
            TrialOutcome.SEEN: f"the tests failed on the old code {counted(change.failures, 'time')}: not yet a proof",
            TrialOutcome.SLOW: "the tests did not end on the old code within three times their time: "
            "that proves nothing",
        }
        found.append(said.get(change.answer, "there is no tree of the old code with these tests"))
    elif change is None and "change" in proof.asked:
        found.append("nothing to take away: this change has no line that a test could notice")
    good, of = proof.decided
    if of:
        found.append(f"{good} of {of} parts proven")
    for answer, word in (
        (TrialOutcome.INSEPARABLE, "inseparable (nothing builds without them)"),
        (TrialOutcome.SLOW, "ended at three times the tests' time, which proves nothing"),
        (TrialOutcome.SEEN, "seen to fail, but not often enough to be sure"),
    ):
        count = sum(each.answer is answer for each in proof.parts)
        if count:
            found.append(f"{counted(count, 'part')} {word}")
    return found


def place(trial: Trial) -> str:
    """Return where a part stands."""
    if not trial.first:
        return trial.path
    return f"{trial.path}:{trial.first}" + (f"-{trial.last}" if trial.last > trial.first else "")


def as_json(proof: Proof | None) -> str:
    """Return the record as JSON; `null` where there is nothing to prove."""
    told = None if proof is None else dict(to_statement(proof).predicate) | {"tree": proof.tree, "commit": proof.commit}
    return dumps(told, 2) + "\n"
