"""Each kind of risk by its own examples."""

from __future__ import annotations

import pytest

from planfence.change.patchfile import Line, PatchFile, PatchHunk
from planfence.risks import RISKS, RiskFound, find, weigh


def patch(example):
    def lines(text):
        return tuple(Line(number, line) for number, line in enumerate(text.split("\n"), start=1)) if text else ()

    hunk = PatchHunk(1, lines(example.removed), lines(example.added))
    return PatchFile(example.path, example.path, example.old_mode, example.new_mode, (hunk,))


def cases(kind):
    return [
        pytest.param(risk, each, id=f"{risk.name}-{n}") for risk in RISKS for n, each in enumerate(getattr(risk, kind))
    ]


@pytest.mark.parametrize(("risk", "example"), cases("risky"))
def test_risky(risk, example):
    assert list(risk.check(patch(example)))


@pytest.mark.parametrize(("risk", "example"), cases("harmless"))
def test_harmless(risk, example):
    assert not list(risk.check(patch(example)))


def test_every_kind_has_examples_a_name_of_its_own_and_documentation():
    assert len({risk.name for risk in RISKS}) == len(RISKS)
    for risk in RISKS:
        assert risk.risky
        assert risk.harmless
        assert __import__(risk.check.__module__, fromlist=["x"]).__doc__
        assert 1 <= risk.weight <= 5


def test_the_heaviest_come_first_and_a_kind_counts_once_a_file():
    files = [patch(risk.risky[0]) for risk in reversed(RISKS)]
    found = list(find(files))
    assert [each.risk for each in found] == sorted((each.risk for each in found), key=RISKS.index)
    one = next(each for each in found if each.risk is RISKS[0])
    assert weigh([one, one, RiskFound(one.risk, "other", one.hit)]) == 2 * one.risk.weight


def test_a_secret_is_not_shown():
    for example in RISKS[0].risky:
        for hit in RISKS[0].check(patch(example)):
            assert "hunter2" not in hit.why
