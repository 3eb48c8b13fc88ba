"""What is concluded from runs, with a runner that fails by chance instead of a real one."""

from __future__ import annotations

import hashlib
import random
import time
from collections import deque

import pytest

from planfence.change.change import Mode
from planfence.change.hunks import FileDiff, make_hunks, units_of
from planfence.content.kinds import judge
from planfence.errors import PlanfenceError
from planfence.ledger.proofs import TrialOutcome
from planfence.prove.bench import Came, Done
from planfence.prove.chance import DOUBT, chance, is_sure, needed
from planfence.prove.parts import divide
from planfence.prove.session import LEVELS, FlakyError, ProofProgress, Session, ask_all

OLD = b"def a():\n    return 1\n\n\n\n\ndef b():\n    return 1\n\n\n\n\ndef c():\n    return 1\n"
NEW = OLD.replace(b"return 1", b"return 2")
RANGES = [(2, 1, 2, 1), (8, 1, 8, 1), (14, 1, 14, 1)]


def modified(path: str, old: bytes, new: bytes, *ranges: tuple[int, int, int, int]) -> FileDiff:
    ids = (hashlib.sha1(old).hexdigest(), hashlib.sha1(new).hexdigest())
    return FileDiff(path, path, Mode.FILE, Mode.FILE, *ids, old, new, make_hunks(old, new, ranges))


def division():
    files = [modified("src/a.py", OLD, NEW, *RANGES), modified("tests/test_a.py", b"1\n", b"2\n", (1, 1, 1, 1))]
    return divide(judge(units_of(files), time.monotonic, 5), lambda _: False, lambda _: False, {})


class Fake:
    """Runs nothing: ``outcome`` says how a job ends; after ``most`` of them the time is over."""

    def __init__(self, outcome, size: int = 1, most: float = float("inf")) -> None:
        self.outcome, self.size, self.runs, self.most = outcome, size, 0, most

    def run(self, queue: deque, until: float):
        while queue and time.monotonic() < until and self.runs < self.most:
            job = queue.popleft()
            self.runs += 1
            yield Done(job, self.outcome(job), 0.01)


def session(outcome, budget_s: float = 60.0) -> Session:
    silent = ProofProgress(lambda _: None, lambda _: None)
    return Session(division(), (("tests", "x"),), Fake(outcome), time.monotonic() + budget_s, silent, 60)


def answers(asked: Session) -> dict[str, TrialOutcome | None]:
    return {key: one.answer(asked.passes) for key, one in asked.trials.items()}


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_a_suite_that_fails_by_chance_proves_nothing_in_200_runs(rate):
    claimed = 0
    for seed in range(200):
        dice = random.Random(seed)
        asked = session(lambda _, dice=dice: Came.FAILED if dice.random() < rate else Came.PASSED)
        try:
            ask_all(asked, LEVELS)
        except (FlakyError, PlanfenceError):
            continue  # found out, or red before anything was asked
        claimed += sum(answer is TrialOutcome.NOTICED for answer in answers(asked).values())
    assert claimed == 0


def test_a_steady_suite_is_believed_after_few_runs():
    asked = session(lambda job: Came.FAILED if job.states else Came.PASSED)
    ask_all(asked, LEVELS)
    assert set(answers(asked).values()) == {TrialOutcome.NOTICED}
    assert asked.yard.runs <= 40


def test_a_part_that_nobody_notices_costs_one_run():
    asked = session(lambda _: Came.PASSED)
    ask_all(asked, LEVELS)
    assert set(answers(asked).values()) == {TrialOutcome.UNNOTICED}
    assert (
        asked.yard.runs == 2 + 5
    )  # the change twice, without all code, with the old tests, without each of three hunks


def test_what_does_not_build_is_no_proof():
    asked = session(lambda job: Came.BROKEN if job.key not in ("", "change", "old-tests") else Came.PASSED)
    ask_all(asked, LEVELS)
    hunks = [answer for key, answer in answers(asked).items() if key not in ("change", "old-tests")]
    assert set(hunks) == {TrialOutcome.INSEPARABLE}


LONG = NEW + b"def d(n):\n    if n:\n        return 1\n    return 2\n"


@pytest.mark.parametrize("most", range(2, 60))
def test_a_level_counts_as_asked_once_all_of_it_has_an_answer(most):
    files = [modified("src/a.py", NEW, LONG, (14, 0, 15, 4)), modified("tests/t.py", b"1\n", b"2\n", (1, 1, 1, 1))]
    divided = divide(judge(units_of(files), time.monotonic, 5), lambda _: False, lambda _: False, {})

    def told(most: float) -> Session:
        asked = session(lambda job: Came.FAILED if job.states else Came.PASSED)
        asked.division, asked.yard.most = divided, most
        ask_all(asked, LEVELS)
        return asked

    cut, whole = told(most), told(float("inf"))
    known = answers(cut)
    assert all(whole.is_answered(level) for level in LEVELS)
    assert cut.is_answered("change") == (known["change"] is not None)
    assert cut.is_answered("old-tests") == (known["old-tests"] is not None)
    assert cut.is_answered("hunks") == (known.keys() == whole.trials.keys() and None not in known.values())


def test_what_was_not_asked_in_time_has_no_answer():
    asked = session(lambda _: Came.PASSED, budget_s=-1)
    ask_all(asked, LEVELS)
    assert set(answers(asked).values()) == {None}


@pytest.mark.parametrize("failures", range(1, 20))
def test_the_bound_holds_for_every_rate(failures):
    for passes in range(1, 30):
        worst = max((p / 1000) ** failures * (1 - p / 1000) ** passes for p in range(1, 1000))
        assert worst <= chance(failures, passes) * 1.0001
        assert is_sure(failures, passes) == (chance(failures, passes) <= DOUBT)


@pytest.mark.parametrize(("counts", "passes"), [([1], 2), ([1] * 20, 2), ([6], 6), ([2, 5], 40)])
def test_the_cheapest_way_is_sure(counts, passes):
    reds, greens = needed(counts, passes, 1.0, 2.0)
    assert greens >= passes
    assert is_sure(max(reds, 1), greens)


def test_a_slower_run_of_the_whole_change_is_not_flaky():
    limits = []

    def outcome(job):
        limits.append(job.limit_s) if job.key == "" else None
        return Came.PASSED if job.key in ("", "old-tests") else Came.FAILED

    ask_all(session(outcome), LEVELS)
    assert len(limits) > 2
    assert set(limits) == {60}
