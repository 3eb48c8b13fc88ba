from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.change.message import clean, parse, parse_trailers, with_trailers

OURS = (("Plan-Task", "p/t"), ("Plan-Model", "codex"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("feat: a\n", "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        ("feat: a", "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        ("feat: a\n\nbody\n", "feat: a\n\nbody\n\nPlan-Task: p/t\nPlan-Model: codex\n"),
        (
            "feat: a\n\nSigned-off-by: A <a@x>\n",
            "feat: a\n\nSigned-off-by: A <a@x>\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\nPlan-Task: old/x\nPlan-Model: claude\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\nPlan-Task: old/x\nCo-authored-by: B <b@x>\n",
            "feat: a\n\nCo-authored-by: B <b@x>\nPlan-Task: p/t\nPlan-Model: codex\n",
        ),
        (
            "feat: a\n\n# a comment\n# another\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n\n# a comment\n# another\n",
        ),
        (
            "feat: a\n\n# ------------------------ >8 ------------------------\ndiff --git\n",
            "feat: a\n\nPlan-Task: p/t\nPlan-Model: codex\n\n"
            "# ------------------------ >8 ------------------------\ndiff --git\n",
        ),
        ("# only a comment\n", "# only a comment\n"),
        ("\n\n", "\n\n"),
    ],
)
def test_with_trailers(before: str, after: str) -> None:
    assert with_trailers(before, OURS, "#") == after


@given(st.text(alphabet="ab:# \n-P", max_size=60))
def test_trailers_are_kept_once_however_often_they_are_written(text: str) -> None:
    once = with_trailers(text, OURS, "#")
    assert with_trailers(once, OURS, "#") == once
    if once != text:
        assert parse(clean(once, "#")).trailer("plan-task") == ("p/t",)


@given(st.text(max_size=200))
def test_parse_takes_anything(text: str) -> None:
    message = parse(text)
    assert len(set(message.types)) == len(message.types)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: b\n", ()),
        ("s\n\nkey: v\n", (("key", "v"),)),
        ("s\n\nkey: v\n  more\n", (("key", "v more"),)),
        ("s\n\nprose\nkey: v\n", ()),
        ("s\n\nprose\nPlan-Task: p/t\n", (("Plan-Task", "p/t"),)),
        ("s\n\nkey: v\n\nprose\n", ()),
    ],
)
def test_parse_trailers(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert parse_trailers(text) == found


def test_scope_and_types() -> None:
    message = parse("feat(auth)!: a")
    assert (message.types, message.scope) == (("feat",), "auth")
    assert parse("Note(x): a").types == ()
