"""Each case by its number, with the answers of staged, push, verify and receive; three are about refs alone."""

from __future__ import annotations

from typing import Any

import pytest
from adversarial import cases_history
from adversarial.cases import CASES, NONE, PASSES, Case

assert cases_history, "its cases are in the list too"


def _answers(verdict: Any, wanted: str, path: str, where: str) -> None:
    if wanted == PASSES:
        assert not verdict.refused, f"{where}: {verdict}"
        return
    assert any(code.startswith(wanted) for code in verdict.codes), f"{where}: {verdict}, not {wanted}"
    if path and not any(code.startswith("exit") for code in verdict.codes):
        assert path in verdict.paths, f"{where} names {verdict.paths}, not {path}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number:02}")
def test_a_case(lab: Any, case: Case) -> None:
    steps = case.make(lab)
    hook = next(steps)
    if case.staged != NONE:
        _answers(lab.staged(**hook), case.staged, case.path, "staged")
    head = next(steps, None) or lab.record()
    updates = (lab.base, head, "refs/heads/main")
    _answers(lab.push(head), case.pushed, case.path, "push")
    _answers(lab.verify(head), case.committed, case.path, "verify")
    _answers(lab.receive(updates), case.committed, case.path, "receive")


def _bad(lab: Any) -> str:
    lab.write("evil.py")
    return lab.record()


def test_case_30_a_deletion_and_a_forced_push(lab: Any) -> None:
    """`old..new` of a forced push leaves out what is lost; a deletion has nothing to read."""
    bad = _bad(lab)
    lab.git("checkout", "-q", "-B", "work", lab.base)
    lab.write("src/auth.py")
    good = lab.record()
    lab.bare().git("update-ref", "refs/heads/topic", bad)
    assert not lab.receive((bad, "", "refs/heads/topic")).refused
    assert lab.receive((lab.base, "", "refs/heads/main")).codes == {"REF001"}
    assert not lab.receive((bad, good, "refs/heads/topic")).refused
    assert "SCP001" in lab.receive((good, bad, "refs/heads/topic")).codes
    lab.bare().git("update-ref", "refs/heads/main", good)
    assert lab.receive((good, lab.base, "refs/heads/main")).codes == {"REF001"}


def test_case_31_several_refs_in_one_push(lab: Any) -> None:
    bad = _bad(lab)
    lab.git("checkout", "-q", "-B", "work", lab.base)
    lab.write("src/auth.py")
    good = lab.record()
    for first, second in ((good, bad), (bad, good)):
        verdict = lab.receive(
            ("", first, "refs/heads/a"), (lab.base, "", "refs/heads/gone"), ("", second, "refs/tags/b")
        )
        assert verdict.codes == {"SCP001"}
        assert set(verdict.judged) == {good, bad}


@pytest.mark.parametrize(
    "ref", ["refs/tags/v1", "refs/notes/commits", "refs/stash", "refs/custom/x", "refs/changes/1/1"]
)
def test_case_32_a_bad_commit_behind_any_ref(lab: Any, ref: str) -> None:
    bad = _bad(lab)
    lab.git("tag", "-a", "-m", "x", "inner", bad)
    lab.git("tag", "-a", "-m", "x", "outer", "inner")
    for what in (bad, "inner", "outer"):
        assert "SCP001" in lab.receive(("", what, ref)).codes
        assert "SCP001" in lab.verify(what).codes
        assert "SCP001" in lab.push(what).codes
    for what in (f"{bad}^{{tree}}", f"{bad}:evil.py"):
        assert lab.receive(("", what, ref)).codes == {"exit 3"}


def test_every_number_has_its_case() -> None:
    """The numbers are those of the list that this suite was written from: 1 to 38, none left out."""
    assert sorted({case.number for case in CASES} | {30, 31, 32}) == list(range(1, 39))
