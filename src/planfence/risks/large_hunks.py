"""Hunks too large to be read with care."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind

#: Added plus removed lines in one hunk. Reviews find fewest faults per line above some 200 to 400
#: lines (SmartBear's study of 2,500 reviews at Cisco, 2006).
LARGE = 200


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at hunks of files that people write."""
    if classify(file.path) in (PathClass.LOCK, PathClass.GENERATED):
        return
    for hunk in file.hunks:
        if hunk.changed > LARGE:
            yield Hit(hunk.start, f"{hunk.changed} lines in one hunk")


RISK = RiskKind(
    "large-hunks",
    "large hunks",
    2,
    check,
    risky=(Example("a.py", "", "x\n" * (LARGE + 1)),),
    harmless=(Example("a.py", "", "x\n" * 20), Example("yarn.lock", "", "x\n" * (LARGE + 1))),
)
