"""The tests would not have noticed this change.

## What it checks
`planfence advance` asks the ledger for a proof (`planfence prove`) of exactly this tree. Under `tests.prove = "change"`
the tests must fail on the code as it was before the task; under `"hunks"`, besides, they must notice the loss of
at least `tests.proven_min` of the change's parts. A flaky suite proves nothing. If the tests take less than a
minute, `advance` asks by itself; otherwise it names the command.

## Why is this bad?
A test that asserts nothing passes, and so does one that was edited until it passes. Such tests are green whatever the
code does, now and after the next change.

## Fix
Write a test that fails without the change. `planfence prove --show KEY` prints the patch that takes a part back
unnoticed; `git apply` shows it in the worktree. What no test can notice is said in the review.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import Case, Context, NextStep, Rule, silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.ledger.proofs import Proof  # no commit loads it
    from planfence.manifest.policy import Tests

#: So many unproven parts are shown; the first ones are the riskiest.
_SHOWN = 5


def check(ctx: Context) -> Iterator[Finding]:  # a commit is never asked: `about` reports a task's tree
    yield from ()


def faults(proof: Proof | None, tests: Tests, task: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is missing for this policy, with the lines to type next. A proof without trials asked for nothing."""
    from planfence.ledger.proofs import TrialOutcome

    again = f"planfence prove {task}".rstrip()
    if proof is None or "change" not in proof.asked:
        yield "nobody has asked whether the tests would notice this change", (again,)
        return
    if proof.flaky:
        yield f"the tests are flaky, and prove nothing: {proof.flaky}", (f"{again} --again",)
        return
    change = proof.change
    if change is not None and change.answer is TrialOutcome.UNNOTICED:
        yield "the tests pass on the old code too: they say nothing of this change", (f"{again} --show change",)
    elif change is not None and change.answer is not TrialOutcome.NOTICED:
        yield f"whether the tests fail on the old code is not sure yet ({change.answer})", (again,)
    if tests.prove == "hunks":
        yield from _parts(proof, tests, again)


def _parts(proof: Proof, tests: Tests, again: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    from planfence.ledger.proofs import TrialOutcome

    good, of = proof.decided
    known = sum(each.answer is not TrialOutcome.SEEN for each in proof.parts)
    if "hunks" not in proof.asked and not known:
        yield "nobody has asked about the parts of this change", (again,)
    elif "hunks" not in proof.asked or known < proof.total:
        yield f"only {known} of {proof.total} parts of this change were asked about", (again,)
    if of and good < tests.proven_min * of:
        shown = tuple(f"{again} --show {each.key}   # {place(each.path, each.first)}" for each in proof.unproven)
        yield (
            f"{good} of {of} parts of this change are proven, and `proven_min` is {tests.proven_min:g}",
            shown[:_SHOWN],
        )


def place(path: str, line: int) -> str:
    """Return where a part stands."""
    return f"{path}:{line}" if line else path


def ask(case: Case) -> Iterator[NextStep]:
    """Ask what the tests would notice."""
    task = case.ctx.task_name
    yield NextStep("see what the tests would not notice", f"planfence prove {task}".rstrip())


RULE = Rule(
    code="GAT004",
    name="tests-prove-nothing",
    severity=Severity.WARN,
    check=check,
    proof=silent,
    ways=(ask,),
    bad=(('policy rules.tests-prove-nothing = "error"', "at advance", "tested", "proof unnoticed"),),
    good=(('policy rules.tests-prove-nothing = "error"', "at advance", "tested", "proof noticed"),),
)
