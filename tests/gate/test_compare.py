from __future__ import annotations

import sys

import pytest

from planfence.errors import PlanfenceError
from planfence.gate.compare import compare
from planfence.gate.testrun import RunProgress

QUIET = RunProgress(lambda text: None, lambda data: None, lambda name, seconds: None)


@pytest.fixture
def candidates(repo):
    """Two branches that did the same task, `a` plainly and `b` with an error dropped."""
    check = f"{sys.executable} -c \\\"import sys; sys.path.insert(0, 'src'); import user; assert user.user() == 2\\\""
    repo.write("planfence.toml", f'schema = 1\n[tests]\ncommand = "{check}"\nmin_tests = 0\n')
    repo.commit("chore: tests")
    for name, body in (
        ("a", "def user():\n    return 2\n"),
        ("b", "def user():\n    try:\n        return 2\n    except Exception:\n        pass\n"),
    ):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.write("src/user.py", body)
        repo.commit(f"fix: {name}", "-m", "Plan-Task: auth/middleware")
    return repo


def test_the_lower_risk_wins_and_it_is_recorded(candidates):
    found = compare(candidates.open(), "a", "b", QUIET)
    assert (found.verdict.winner, found.verdict.by, found.task) == ("a", "risk", "auth/middleware")
    assert "swallowed-errors" in found.candidates[1].kinds
    line = (candidates.root / ".ai-benchmark.csv").read_text().splitlines()[-1]
    assert "event=compare,result=a" in line
    ref = candidates.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger")
    assert "planfence:comparison" in candidates.git("show", f"{ref}:entry.json")


def test_tests_come_first(candidates):
    candidates.git("checkout", "-q", "a")
    candidates.write("src/user.py", "def user():\n    return 3\n")
    candidates.commit("fix: worse", "-m", "Plan-Task: auth/middleware")
    done = candidates.planfence("compare", "a", "b")
    assert done.returncode == 0, done.stderr
    assert "take b: a does not pass" in done.stdout


def test_what_can_not_be_compared(candidates):
    with pytest.raises(PlanfenceError, match="the same commit"):
        compare(candidates.open(), "a", "a", QUIET)
    with pytest.raises(PlanfenceError, match="not a commit here"):
        compare(candidates.open(), "a", "nothing", QUIET)
