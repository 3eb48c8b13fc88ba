import pytest

from planfence.report.linerework import HunkRange, TaskCommit, replay

DAY = 86_400


def add(epoch, task, old, come, path="a", gone=0):
    return TaskCommit(epoch, task, (HunkRange(path, old, gone, old, come),))


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([add(0, "p/a", 0, 10)], {"p/a": (10, 0)}),
        ([add(0, "p/a", 0, 10), add(DAY, "p/b", 3, 2, gone=4)], {"p/a": (10, 4), "p/b": (2, 0)}),
        ([add(0, "p/a", 0, 10), add(DAY, "", 3, 0, gone=4)], {"p/a": (10, 4)}),
        ([add(0, "p/a", 0, 10), add(DAY, "p/a", 3, 2, gone=4)], {"p/a": (12, 0)}),
        (
            [add(0, "p/a", 0, 10), add(8 * DAY, "p/b", 3, 2, gone=4)],
            {"p/a": (10, 0), "p/b": (2, 0)},
        ),
        ([add(0, "p/a", 500, 3), add(DAY, "p/b", 499, 0, gone=3)], {"p/a": (3, 1), "p/b": (0, 0)}),
        (
            [add(0, "p/a", 0, 3), add(1, "p/b", 0, 5), add(2, "p/c", 6, 1, gone=3)],
            {"p/a": (3, 3), "p/b": (5, 0), "p/c": (1, 0)},
        ),
        (
            [add(0, "p/a", 0, 3), add(DAY, "p/b", 1, 0, path="b", gone=3)],
            {"p/a": (3, 0), "p/b": (0, 0)},
        ),
    ],
)
def test_lines_changed_again(steps, found):
    assert replay(steps, 7 * DAY) == found
