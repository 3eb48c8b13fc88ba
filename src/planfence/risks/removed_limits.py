"""Timeouts, retries and limits that were removed, or set to forever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind, came, gone, seek

_LIMITS = seek(
    r"time_?out|retr(?:y|ies)|back_?off|deadline|rate_?limit|circuit_?breaker|max_attempts",
    "timeout,time_out,retry,retries,backoff,back_off,deadline,ratelimit,rate_limit,circuit,max_attempts",
    re.IGNORECASE,
)
_FOREVER = seek(
    r"(?<!\w)(?:(?>\w*?time_?out)\w*[\"']?\s*[=:]\s*(?:None|null|0\b|-1|Infinity)|(?>\w*?retries)\w*[\"']?\s*[=:]\s*0\b)",
    "=none,= none,: none,null,=0,= 0,: 0,:0,-1,infinity",
    re.IGNORECASE,
)
_PROSE = (PathClass.DOCS, PathClass.LOCK, PathClass.GENERATED)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at code and configuration, not at prose."""
    if file.is_deleted or classify(file.path) in _PROSE:
        return
    if _fewer(file):
        yield from gone(file, _LIMITS, "a timeout, retry or limit is gone")
    yield from came(file, _FOREVER, "without a limit")


def _fewer(file: PatchFile) -> bool:
    """Whether the words for a limit stand in fewer places than before."""
    before, after = file.removed_lower, file.added_lower
    here = [word for word in _LIMITS.words if word in before]
    return sum(map(before.count, here)) > sum(map(after.count, here))


RISK = RiskKind(
    "removed-limits",
    "removed or unlimited timeouts and retries",
    4,
    check,
    risky=(
        Example("a.py", "requests.get(url, timeout=5)", "requests.get(url)"),
        Example("a.py", "@retry(max_attempts=3)", ""),
        Example("a.py", "get(url, timeout=5)", "get(url, timeout=None)"),
        Example("a.yaml", "retries: 3", "retries: 0"),
    ),
    harmless=(
        Example("a.py", "get(url, timeout=5)", "get(url, timeout=10)"),
        Example("docs/a.md", "the timeout is 5 s", ""),
    ),
)
