"""Tests that prove nothing, of every kind, on changes of every shape: some question finds a fault, of sound ones none.

The tests run in this process, so that many changes cost little; `benchmarks/planted.py` has real runners and languages.
"""

from __future__ import annotations

import itertools
import sys
import time
import types
from collections import deque

import pytest
from support.dividing import changed as changed_file
from support.dividing import division

from planfence.ledger.proofs import Question, TrialOutcome
from planfence.prove.bench import Came, Done
from planfence.prove.session import LEVELS, ProofProgress, Session, ask_all
from planfence.records import dataclass

BEFORE = """\
def price(amount, member):
    if member:
        return amount - 1
    return amount


def label(user):
    return user.strip()


class Cart:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)
        return len(self.items)
"""
OLD_TESTS = """\
import shop


def test_price():
    assert shop.price(3, False) == 3
    assert shop.price(3, True) == 2


def test_label():
    assert shop.label(" a ") == "a"


def test_cart():
    assert shop.Cart().add("x") == 1
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """A change: the text that is replaced (empty: at the end), what stands there then, a call, and what it gives."""

    old: str
    new: str
    call: str
    gives: str


#: Each has one condition or value that the call below it does reach.
SHAPES = {
    "a changed value": Shape("amount - 1", "amount - 2", "shop.price(3, True)", "1"),
    "two changed lines": Shape(
        "        return amount - 1\n    return amount\n",
        "        return amount - 2\n    return amount + 0\n",
        "shop.price(3, True)",
        "1",
    ),
    "a changed condition": Shape("if member:", "if member or amount > 9:", "shop.price(10, False)", "9"),
    "a function of two lines": Shape("", "\n\ndef double(n):\n    return n + n\n", "shop.double(4)", "8"),
    "a function that says yes": Shape("", "\n\ndef is_odd(n):\n    return True\n", "shop.is_odd(1)", "True"),
    "a function that says no": Shape("", "\n\ndef is_odd(n):\n    return False\n", "shop.is_odd(2)", "False"),
    "a lambda": Shape("", "\n\ndouble = lambda n: n + n\n", "shop.double(4)", "8"),
    "a function of some lines": Shape(
        "", "\n\ndef total(n):\n    found = 0\n    found += n\n    return found\n", "shop.total(4)", "4"
    ),
    "a method": Shape(
        "        return len(self.items)\n",
        "        return len(self.items)\n\n    def first(self):\n        return self.items[0]\n",
        "(lambda cart: (cart.add('x'), cart.first())[1])(shop.Cart())",
        "'x'",
    ),
    "a class": Shape(
        "",
        "\n\nclass Box:\n    def __init__(self, size):\n        self.size = size\n\n    def fits(self, n):\n"
        "        return n <= self.size\n",
        "(shop.Box(3).fits(3), shop.Box(3).fits(4))",
        "(True, False)",
    ),
}
#: What nobody reaches, put where a shape's function does not end.
UNREACHED = {
    "if": "    if user is None:\n        return ''\n",
    "if in brackets": "    if (\n        user is None\n        or user == 'nobody'\n    ):\n        return ''\n",
    "raise": "    if not isinstance(user, str):\n        raise TypeError(user)\n",
    "elif": "    if user == ' a ':\n        found = 'a'\n    elif user == 'b':\n        found = 'c'\n    else:\n"
    "        found = user\n    user = found\n",
    "except": "    try:\n        user = user + ''\n    except TypeError:\n        user = ''\n",
    "a line": "    shop_log[user] = 1\n",
}


def beside(kind: str) -> tuple[str, str]:
    """The text before and after of `label`, with something that its test does not notice."""
    return "    return user.strip()\n", UNREACHED[kind] + "    return user.strip()\n"


def planted(kind: str, shape: Shape) -> str:
    """The new text of the tests, of one kind."""
    test = "\n\ndef test_more():\n    {}\n"
    rest = OLD_TESTS.replace("    assert shop.price(3, True) == 2\n", "") if "price" in shape.call else OLD_TESTS
    body = {
        "sound": f"assert {shape.call} == {shape.gives}",
        "assert nothing": shape.call,
        "assert what is always so": f"assert ({shape.call}, True)[1]",
        "swallow": f"try:\n        assert {shape.call} == {shape.gives}\n    except AssertionError:\n        pass",
        "assert the mock": "stub = lambda *given: 7\n    assert stub(1) == 7",
        "return": f"return\n    assert {shape.call} == {shape.gives}",
        "skip": f"raise Skip\n    assert {shape.call} == {shape.gives}",
    }[kind]
    return rest + test.format(body)


class Inside:
    """Runs the tests of each tree in this process."""

    size = 1

    def __init__(self, divided) -> None:
        self.blobs = {}
        self.after = {each.path: each.new for each in divided.files}
        for each in divided.files:
            self.blobs |= {each.old_id: each.old, each.new_id: each.new}

    def run(self, queue: deque, until: float):
        while queue:
            job = queue.popleft()
            states = {path: self._text(state) for path, state in job.states.items()}
            yield Done(job, self._came(self.after | states), 0.001)

    def _text(self, state):
        return None if state is None else state.data if state.data is not None else self.blobs[state.id]

    def _came(self, files) -> Came:
        shop = types.ModuleType("shop")
        shop.shop_log = {}
        sys.modules["shop"] = shop
        names = {"Skip": type("Skip", (Exception,), {})}
        try:
            exec(files["src/shop.py"] or b"", vars(shop))
            exec(files["tests/test_shop.py"], names)
        except Exception:
            return Came.BROKEN
        finally:
            sys.modules.pop("shop")
        for name in [each for each in names if each.startswith("test_")]:
            try:
                names[name]()
            except names["Skip"]:
                continue
            except Exception:
                return Came.FAILED
        return Came.PASSED


def faults(code: str, tests: str) -> set[str]:
    """The questions that find a fault."""
    divided = division(changed_file("src/shop.py", BEFORE, code), changed_file("tests/test_shop.py", OLD_TESTS, tests))
    silent = ProofProgress(lambda _: None, lambda _: None)
    asked = Session(divided, (("tests", "x"),), Inside(divided), time.monotonic() + 60, silent, 60)
    ask_all(asked, LEVELS)
    bad = {
        Question.OLD_TESTS: TrialOutcome.NOTICED,
        Question.CHANGE: TrialOutcome.UNNOTICED,
        Question.HUNK: TrialOutcome.UNNOTICED,
    }
    return {str(one.question) for one in asked.trials.values() if one.answer(asked.passes) is bad[one.question]}


def changed(shape: Shape) -> str:
    assert shape.old in BEFORE
    return BEFORE.replace(shape.old, shape.new) if shape.old else BEFORE + shape.new


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sound_change_goes_through(shape):
    found = faults(changed(SHAPES[shape]), planted("sound", SHAPES[shape]))
    # A test of the old value that had to go is shown, and nothing else.
    old = SHAPES[shape].call.startswith("shop.price(3")
    assert found - ({"hunk"} if shape == "two changed lines" else set()) == ({"old-tests"} if old else set())


KINDS = ("assert nothing", "assert what is always so", "swallow", "assert the mock", "return", "skip")


@pytest.mark.parametrize(("kind", "shape"), list(itertools.product(KINDS, SHAPES)))
def test_tests_that_prove_nothing_are_caught(kind, shape):
    assert faults(changed(SHAPES[shape]), planted(kind, SHAPES[shape])) & {"change", "hunk"}


@pytest.mark.parametrize(
    "tests",
    [
        OLD_TESTS.replace("    assert shop.price(3, True) == 2\n", ""),
        OLD_TESTS.replace("== 2", "== 1"),
        OLD_TESTS.replace("def test_price", "def check_price"),
        OLD_TESTS.replace("def test_price():\n", "def test_price():\n    raise Skip\n"),
        OLD_TESTS[: OLD_TESTS.index("def test_price")] + OLD_TESTS[OLD_TESTS.index("def test_label") :],
    ],
)
def test_tests_that_were_taken_away_or_rewritten_are_shown(tests):
    assert "old-tests" in faults(changed(SHAPES["a changed value"]), tests)


@pytest.mark.parametrize(("kind", "shape"), list(itertools.product(UNREACHED, ("a changed value", "a class"))))
def test_what_is_never_reached_or_beside_the_tests_is_unproven(kind, shape):
    code = changed(SHAPES[shape]).replace(*beside(kind))
    if kind == "a line":
        code = "shop_log = {}\n" + code
    assert "hunk" in faults(code, planted("sound", SHAPES[shape]))
