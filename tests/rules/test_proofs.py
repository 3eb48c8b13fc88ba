"""What rules give as proofs is all that the provers go by; a rule that gives none is asked of every change."""

from __future__ import annotations

from random import Random

import pytest
from support import generate

from planfence import prover
from planfence.finding import Severity
from planfence.manifest.policy import Policy
from planfence.records import replace
from planfence.rules import RULES
from planfence.rules.rule import Rule
from planfence.rules.runner import clauses

NEW = Rule("NEW001", "something-new", Severity.ERROR, lambda _: iter(()))


def _said(rule: Rule, seed: int = 1) -> tuple[str, ...] | None:
    plan = generate.plan(Random(seed))
    return clauses(Policy(), plan, plan.tasks[0], [*RULES, rule])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_speaks_in_the_provers_words_of_work_with_a_task_and_without(rule) -> None:
    for seed in range(50):
        random = Random(seed)
        policy, plan = generate.policy(random), generate.plan(random)
        for asked in ((plan, plan.tasks[0]), (None, None)):
            assert clauses(policy, *asked, [rule]) is not None


def test_a_rule_without_a_proof_leaves_every_change_to_the_rules() -> None:
    assert _said(NEW) is None


def test_a_proof_that_can_not_be_said_leaves_every_change_to_the_rules() -> None:
    assert _said(replace(NEW, proof=lambda *_: None)) is None
    assert _said(replace(NEW, proof=lambda *_: ["may-not src/**"])) is None


def test_a_new_rules_clauses_hold_beside_all_others() -> None:
    said = _said(replace(NEW, proof=lambda *_: ["bar **/*.bak", "bar [x-z]/**", "type feat", "files 2"]))
    assert said is not None
    words = prover.read(clause.encode() for clause in said if clause.split(" ")[1:2] == ["NEW001"])
    plain = prover.Prover(words | {b"governs": [b"plans/"]})
    assert plain.holds([(b"a/b.py", b"M"), (b"w/c", b"A")])
    for path in (b"a/b.bak", b"b.bak", b"y/c", b"plans/p.toml"):
        assert not plain.holds([(path, b"M")])
    assert not plain.holds([(b"a", b"A"), (b"b", b"A"), (b"c", b"A")])
    assert prover.allows(words, b"feat")
    assert not prover.allows(words, b"fix")


def test_the_clauses_of_one_rule_are_apart_from_those_of_another() -> None:
    words = prover.read([b"need A * a/**", b"need B A **/*.py", b"bar A x", b"free B x", b"files A 9", b"files B 1"])
    plain = prover.Prover(words | {b"governs": []})
    assert plain.holds([(b"a/b.py", b"A")])
    for path, action in ((b"a/b.py", b"M"), (b"a/b", b"A"), (b"b.py", b"A"), (b"x", b"A")):
        assert not plain.holds([(path, action)])
    assert not plain.holds([(b"a/b.py", b"A"), (b"a/c.py", b"A")])
