"""How many runs it takes until a failing test is no longer a matter of chance.

A suite that fails by chance, with whatever probability p, shows f failing and g passing runs in that order with
probability p^f (1-p)^g. No p makes that more likely than p = f / (f + g). What is less likely than :data:`DOUBT` under
every p is not by chance.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Six failures beside six passes of the whole change; fewer failures, if it passed more often.
DOUBT = 1 / 4000
#: More passing runs than this save nothing.
_MOST = 120


def chance(failures: int, passes: int) -> float:
    """The highest probability, over all p, that chance gives these outcomes; 1.0 if either is missing."""
    runs = failures + passes
    if not failures or not passes:
        return 1.0
    return float((failures / runs) ** failures * (passes / runs) ** passes)


def is_sure(failures: int, passes: int) -> bool:
    """Whether so many failing runs of one tree, beside so many passing ones of another, are more than chance."""
    return chance(failures, passes) <= DOUBT


def needed(failures: Sequence[int], passes: int, red_s: float, green_s: float) -> tuple[int, int]:
    """The cheapest way to be sure of several trees: how often each must have failed, and the change have passed.

    ``failures`` are how often each failed so far, ``red_s`` and ``green_s`` how long such runs take.
    """
    best = (float("inf"), 0, 0)
    reds = 64
    for greens in range(max(1, passes), max(1, passes) + _MOST):
        while reds > 1 and is_sure(reds - 1, greens):
            reds -= 1
        if is_sure(reds, greens):
            more = sum(max(0, reds - each) for each in failures)
            best = min(best, (more * red_s + (greens - passes) * green_s, reds, greens))
    return best[1], best[2]
