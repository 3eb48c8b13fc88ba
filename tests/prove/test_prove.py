"""The three questions, on a project whose tests take no time."""

from __future__ import annotations

import pytest
from support.proving import TESTS, USER, answers, change, project, prove

GOOD = USER.replace("amount - 1", "amount - 2")
GOOD_TESTS = TESTS.replace("== 2", "== 1")


def test_tests_that_fail_on_the_old_code_prove_the_change(repo):
    project(repo)
    change(repo, user=GOOD, tests=GOOD_TESTS + "\n\ndef test_rebate():\n    assert price(9, True) == 7\n")
    told = prove(repo, "--only", "change")
    assert answers(told, "change") == ["noticed"]
    assert told["trials"][0]["tests"] == ["test_user::test_price"]
    assert told["passes"] >= 2


def test_each_part_of_a_well_tested_change_is_proven(repo):
    project(repo)
    new = USER + "\n\ndef double(n):\n    if n < 0:\n        return 0\n    return n + n\n"
    tests = TESTS.replace("import name", "import double, name")
    change(repo, user=new, tests=tests + "\n\ndef test_double():\n    assert (double(2), double(-1)) == (4, 0)\n")
    told = prove(repo)
    assert answers(told, "change") == ["noticed"]
    # The function as a whole can't be taken away from tests that import it; its lines can.
    assert sorted(answers(told, "hunk")) == ["inseparable", "noticed", "noticed", "noticed"]


NEW = USER + "\n\ndef double(n):\n    if n < 0:\n        return 0\n    total = n + n\n    return total\n"
PLANTED = {
    "asserts nothing": (
        {"user": GOOD, "tests": TESTS.replace("    assert price(3, True) == 2\n", "    price(3, True)\n")},
        ("change", "unnoticed"),
    ),
    "asserts the mock": (
        {"user": GOOD, "tests": TESTS.replace("price(3, True) == 2", "(lambda *a: 1)(3, True) == 1")},
        ("change", "unnoticed"),
    ),
    "deletes the test": (
        {
            "user": GOOD,
            "tests": TESTS.partition("def test_price")[0] + "def test_name" + TESTS.partition("def test_name")[2],
        },
        ("old-tests", "noticed"),
    ),
    "edits the expectation": ({"user": GOOD, "tests": GOOD_TESTS}, ("old-tests", "noticed")),
    "skips": (
        {"user": GOOD, "tests": TESTS.replace("def test_price():\n", "def test_price():\n    raise Skip\n")},
        ("old-tests", "noticed"),
    ),
    "code beside the tested path": (
        {
            "user": GOOD.replace("user.strip()", "user.strip().lower()"),
            "tests": TESTS.replace("== 2", "== 1"),
        },
        ("hunk", "unnoticed"),
    ),
    "condition never reached": (
        {
            "user": USER.replace("    if member:", "    if amount < 0:\n        return 0\n    if member:"),
            "tests": TESTS + "\n\ndef test_more():\n    assert price(4, True) == 3\n",
        },
        ("hunk", "unnoticed"),
    ),
    "new function, nothing asserted": (
        {
            "user": NEW,
            "tests": TESTS.replace("import name", "import double, name") + "\n\ndef test_double():\n    double(4)\n",
        },
        ("hunk", "unnoticed"),
    ),
    "new function, a condition never reached": (
        {
            "user": NEW,
            "tests": TESTS.replace("import name", "import double, name")
            + "\n\ndef test_double():\n    assert double(4) == 8\n",
        },
        ("hunk", "unnoticed"),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_change_is_caught_by_its_question(repo, what):
    files, (question, answer) = PLANTED[what]
    project(repo)
    change(repo, **files)
    told = prove(repo, code=1)
    assert answer in answers(told, question), told["trials"]
