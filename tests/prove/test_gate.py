"""`advance` asks whether the tests would have noticed, and reviewers see what they would not."""

from __future__ import annotations

import pytest
from support.proving import TESTS, USER, change, project

from planfence.ledger.records import read_book

GOOD = USER.replace("amount - 1", "amount - 2")
GOOD_TESTS = TESTS.replace("== 2", "== 1")
SILENT = TESTS.replace("    assert price(3, True) == 2\n", "    price(3, True)\n")


def advance(repo):
    repo.planfence("test")
    return repo.planfence("advance")


def test_tests_that_say_nothing_are_a_warning(repo):
    project(repo)
    change(repo, user=GOOD, tests=SILENT)
    done = advance(repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning GAT004 tests-prove-nothing: the tests pass on the old code too" in done.stdout
    assert "implement → review" in done.stdout


def test_a_team_may_refuse_them(repo):
    project(repo, more='[rules]\ntests-prove-nothing = "error"')
    change(repo, user=GOOD, tests=SILENT)
    done = advance(repo)
    assert done.returncode == 1
    assert "GAT004" in done.stderr
    change(repo, tests=GOOD_TESTS)
    assert advance(repo).returncode == 0


def test_each_part_may_be_asked_for(repo):
    project(repo, more='prove = "hunks"\n[rules]\nGAT004 = "error"')
    change(repo, user=GOOD.replace("user.strip()", "user.strip().lower()"), tests=GOOD_TESTS)
    done = advance(repo)
    assert done.returncode == 1
    assert "1 of 2 parts of this change are proven" in done.stderr
    assert "planfence prove auth/middleware --show" in done.stderr
    assert "# src/user.py:8" in done.stderr


def test_nobody_is_asked_where_the_policy_says_so(repo):
    for number, more in enumerate(('prove = "off"', '[rules]\ntests-prove-nothing = "off"')):
        if not number:
            project(repo, more=more)
        else:
            repo.write("planfence.toml", repo.git("show", "HEAD:planfence.toml").replace('prove = "off"', more) + "\n")
        change(repo, user=GOOD, tests=SILENT)
        done = repo.planfence("status")
        assert "GAT004" not in done.stdout
    assert not read_book(repo.open()).proofs


def test_a_slow_suite_is_not_asked_by_itself(repo, monkeypatch):
    from planfence.judge.situation import look
    from planfence.prove import prove
    from planfence.prove.session import ProofProgress

    project(repo)
    change(repo, user=GOOD, tests=SILENT)
    repo.planfence("test")
    monkeypatch.setattr(prove, "QUICK_S", 0.0)
    scene = look(repo.open())
    assert prove.ask_at_gate(scene, 600, ProofProgress(str, str)) == (scene, "")
    assert not read_book(repo.open()).proofs
    done = repo.planfence("status")
    assert "nobody has asked whether the tests would notice this change" in done.stdout
    assert "planfence prove auth/middleware" in done.stdout


def test_a_reviewer_sees_rewritten_tests_first(repo):
    project(repo)
    change(repo, user=GOOD.replace("user.strip()", "user.strip().lower()"), tests=GOOD_TESTS)
    repo.planfence("prove")
    for words in (("prompt", "review"), ("review", "--checklist")):
        said = repo.planfence(*words).stdout
        first, second = (
            said.index("1 test rewritten to pass: test_user::test_price"),
            said.index("unproven: src/user.py:8"),
        )
        assert first < second < said.index("architecture")
        assert '(does the plan want that? "Extract the auth check")' in said


def test_a_record_that_contradicts_itself_is_set_aside(repo):
    from planfence.ledger import intoto
    from planfence.ledger.proofs import TrialOutcome, from_statement, to_statement
    from planfence.records import replace

    project(repo)
    change(repo, user=GOOD, tests=SILENT)
    repo.planfence("prove", "--only", "change")
    (proof,) = read_book(repo.open()).proofs
    assert from_statement(to_statement(proof)) == proof
    for lie in ({"answer": TrialOutcome.NOTICED, "failures": 0}, {"key": "x; rm -rf ~"}, {"seconds": float("nan")}):
        with pytest.raises(intoto.NotAStatement):
            from_statement(to_statement(replace(proof, trials=(replace(proof.change, **lie),))))
