"""A commit that was made to be folded into another is on its way out.

## What it checks
At a push, in `verify` and `receive`, and before a review (`planfence advance`): whether a new commit's subject begins
with `fixup!`, `squash!` or `amend!`. The local hooks allow such commits, and so does `planfence check`.

## Why is this bad?
Its author meant it to disappear. Pushed, it is history that nobody can read: its own message says nothing, and the
commit that it mends is still wrong. Folded after a review has begun, it is another commit than the reviewer saw.

## Fix
`git rebase -i --autosquash BASE` folds it; the refusal names BASE, and the tree stays the same, so that its tests need
not run again. With `GIT_SEQUENCE_EDITOR=:` before it no editor opens. Where the commit that it mends has been
merged already, there is nothing to fold it into: give it a message of its own (`reword`).
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.finding import Finding, Severity
from planfence.rules.rule import Context, Need, Rule, silent


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
            f"a {word}! commit mends nothing that goes out with it, so it needs a message of its own",
            fixes=(f"git rebase -i {where}   # and mark it `reword`",),
        )


RULE = Rule(
    code="MSG002",
    name="unfolded-fixup",
    severity=Severity.ERROR,
    check=check,
    proof=silent,
    needs=frozenset({Need.MESSAGE}),
)
