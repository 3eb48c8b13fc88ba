from __future__ import annotations

import pytest
from support.tables import change, context, found

from planfence.rules import unfolded_fixup
from planfence.rules.rule import Fold

HERE = Fold("1a2b3c4d5e6f")


@pytest.mark.parametrize(
    ("message", "fold", "command"),
    [
        ("fixup! feat: a", HERE, "git rebase -i --autosquash 1a2b3c4d5e6f"),
        ("squash! feat: a", HERE, "git rebase -i --autosquash 1a2b3c4d5e6f"),
        ("amend! feat: a\n\nfeat: better", Fold(), "git rebase -i --autosquash --root"),
        ("fixup! feat: a", Fold("1a2b3c", "side"), "git rebase -i --autosquash 1a2b3c side"),
        ("fixup! feat: a", Fold("1a2b3c", has_target=False), "git rebase -i 1a2b3c   # and mark it `reword`"),
    ],
)
def test_a_commit_that_waits_to_be_folded(message: str, fold: Fold, command: str) -> None:
    (finding,) = unfolded_fixup.RULE.check(context(change("a"), message=message, fold=fold))
    assert finding.fixes == (command,)
    assert message.split(" ", maxsplit=1)[0] in finding.message


def test_nothing_is_said_where_nothing_leaves() -> None:
    assert not found(unfolded_fixup.RULE, context(change("a"), message="fixup! feat: a"))
    assert not found(unfolded_fixup.RULE, context(change("a"), fold=HERE))
