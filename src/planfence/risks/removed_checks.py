"""Checks for null and empty values that went away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.risks.base import Example, Hit, RiskKind, gone, seek

_CHECKS = seek(
    r"\bis\s+(?:not\s+)?None\b|[!=]==?\s*(?:null|undefined|nil|nullptr|NULL)\b"
    r"|^[ \t]*if\s+not\s+\w+\s*:|^[ \t]*if\s*\(\s*!\s*\w+\s*\)"
    r"|\bif\s+err\s*!=\s*nil\b|\bif let Some\b|Objects\.requireNonNull|\?\?\s|\.is_none\(\)|\.is_some\(\)|\w\?\.\w",
    "none,null,undefined,nil,if not,if (,if(,??,?.,if let,is_some",
    re.MULTILINE,
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at removed lines that compare with nothing."""
    if not file.is_deleted:
        yield from gone(file, _CHECKS, "a check for a missing value is gone")


RISK = RiskKind(
    "removed-checks",
    "removed null checks",
    4,
    check,
    risky=(
        Example("a.py", "    if user is None:\n        return", ""),
        Example("a.ts", "if (x !== null) {", "{"),
        Example("a.go", "if err != nil {", ""),
        Example("a.ts", "return a?.b", "return a.b"),
    ),
    harmless=(
        Example("a.py", "if user is None:", "    if user is None:"),
        Example("a.py", "", "if user is None:"),
        Example("a.py", "x = 1", "x = 2"),
        Example("a.py", "if user is None:", new_mode=0),
    ),
)
