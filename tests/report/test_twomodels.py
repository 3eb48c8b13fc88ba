import random

from planfence.report.taskfacts import TaskFacts
from planfence.report.twomodels import by_size as advice


def tasks(flow, count, cost, rounds, est_min=40.0):
    generator = random.Random(flow)
    for index in range(count):
        yield TaskFacts(
            f"p/{flow}{index}",
            flow=flow,
            cost=cost * generator.lognormvariate(0, 0.3),
            costs=1,
            est_min=est_min,
            rounds=rounds,
            finished=1000,
        )


def said(*groups):
    return list(advice([task for group in groups for task in group]))


def test_dearer_and_no_better_is_not_worth_it():
    (text,) = said(tasks("single", 60, 1.0, 1), tasks("dual", 60, 2.0, 1))
    assert text.startswith("Tasks of up to 60 minutes: the split is not worth it")
    assert "n = 60 and 60" in text


def test_cheaper_pays():
    (text,) = said(tasks("single", 20, 2.0, 1), tasks("dual", 20, 1.0, 1))
    assert "the split pays" in text


def test_dearer_and_better_is_a_price():
    (text,) = said(tasks("single", 20, 1.0, 2), tasks("dual", 20, 2.0, 1))
    assert "buys first passes with dollars" in text


def test_the_same_is_too_close_and_few_say_nothing():
    (text,) = said(tasks("single", 9, 1.0, 1), tasks("dual", 9, 1.0, 1))
    assert "too close to tell" in text
    assert said(tasks("single", 4, 1.0, 1), tasks("dual", 9, 1.0, 1)) == []
    assert said(tasks("single", 9, 1.0, 1, 20.0), tasks("dual", 9, 1.0, 1, 90.0)) == []
