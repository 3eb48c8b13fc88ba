"""A commit that was made to be folded into another is on its way out.

## What it checks
At a push, in `verify` and `receive`, and before a review (`planfence advance`): whether a new commit's subject begins
with `fixup!`, `squash!` or `amend!`. The local hooks allow such commits, and so does `planfence check`.

## Why is this bad?
Its author meant it to disappear. Pushed, it is history that nobody can read: its own message says nothing, and the
commit that it fixes is still wrong. Folded after a review has begun, it is another commit than the reviewer saw.

## Fix
`git rebase -i --autosquash BASE` folds it; the refusal names BASE, and the tree stays the same, so that its tests need
not run again. With `GIT_SEQUENCE_EDITOR=:` before it no editor opens. If the commit that it fixes has been
merged already, there is nothing to fold it into: give it a message of its own (`reword`).
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules import ways
from planfence.rules.rule import Case, Context, Need, NextStep, Rule, silent


def check(ctx: Context) -> Iterator[Finding]:
    fold, message = ctx.fold, ctx.message
    if fold is None or message is None:
        return
    word = message.subject.partition("!")[0]
    where = " ".join(part for part in (fold.onto or "--root", fold.branch) if part)
    if fold.has_target:
        yield RULE.about(f"a {word}! commit is not folded yet", fixes=(f"git rebase -i --autosquash {where}",))
    else:
        yield RULE.about(
            f"a {word}! commit fixes nothing that goes out with it, so it needs a message of its own",
            fixes=(f"git rebase -i {where}   # and mark it `reword`",),
        )


def fold_it(case: Case) -> Iterator[NextStep]:
    """Fold the commit into the one that it fixes, or give it a message of its own."""
    fold, message = case.ctx.fold, case.ctx.message
    if fold is None or message is None:
        return
    where = " ".join(part for part in (fold.onto or "--root", fold.branch) if part)
    if fold.has_target:
        line = f"GIT_SEQUENCE_EDITOR=: GIT_EDITOR=: git rebase -q -i --autosquash {where}"
        yield NextStep("fold it into the commit that it fixes", line, case.findings)
    else:
        yield from ways.reworded(case, message.folds_into, "give it a message of its own", case.findings)


RULE = Rule(
    code="MSG002",
    name="unfolded-fixup",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.MESSAGE}),
    later=True,
    ways=(fold_it,),
    bad=(
        ("at push", "message fixup! feat: something else"),
        ("at push", "message squash! chore: begin"),
    ),
    good=(("at push", "message feat: something else"),),
)
