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


@pytest.mark.parametrize(
    "text",
    [
        "feat: a page (#832)\n\n* feat: the page\n* test: the page\n* docs: say so",
        "[AB-885] Fix the page (#832)",
        "fix: a crash (#7)\n\nFixes #5. See also #6.",
        "Bump the actions group with 2 updates\n\n- [Release notes](https://example.org/1)\n- [Commits](https://example.org/2)",
        "feat: a page\n\nThe page has\n\n- a head\n- a foot\n\nIt also fixes its width as well as its height.",
        "chore: release 1.2.0\n\n### Fixes\n\n* the menu ([#12](https://example.org/12))\n* the page ([#13](https://example.org/13))",
    ],
)
def test_what_one_change_consists_of_is_no_cue(text: str) -> None:
    assert cues(parse(text)) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feat: a page and fix the login", "and fix"),
        ("fix: a page\n\nAlso rename the helper.", "Also rename"),
        ("fix: a page\n\nWhile here, sort the imports.", "While here"),
        ("various fixes", "various fixes"),
    ],
)
def test_a_second_thing_is_a_cue(text: str, said: str) -> None:
    assert cues(parse(text)) == (f"it says “{said}”",)
