"""What a message says that a message about one thing seldom says."""

from __future__ import annotations

import pytest

from planfence.change.message import parse
from planfence.content.mixing import cues


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Fix issues 12 and 13", "#12, #13"),
        ("fix: the menu (bugs #7, #8 & #9)", "#7, #8, #9"),
        ("Issue number: 3462, 3564", "#3462, #3564"),
        ("Change the menu\n\nIssues: 5 or 6 were about it.", "#5, #6"),
        ("fix: AB-12 and AB-13", "AB-12, AB-13"),
        ("Fix issue 12", ""),
        ("Fix issues 12 and 12", ""),
        ("Fix issue 12 on 3 systems", ""),
        ("Fix issue 12 and 3rd party names", ""),
        ("tissues 12 and 13", ""),
    ],
)
def test_two_issues_are_a_cue(text: str, named: str) -> None:
    found = cues(parse(text))
    assert found == ((f"it names {named.count(',') + 1} issues ({named})",) if named else ())
