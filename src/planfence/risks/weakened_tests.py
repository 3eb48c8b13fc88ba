"""Tests that were deleted, skipped, or assert less than before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind, came, seek

_ASSERTS = re.compile(
    r"^[ \t]*+(?:assert\b|self\.assert|assert[A-Z_]\w*\s*\(|expect\s*\(|.*\.should\b"
    r"|t\.(?:Error|Fatal)|require\.|assert_|EXPECT_|ASSERT_"
    r"|with pytest\.raises)",
    re.MULTILINE,
)
_SKIPS = seek(
    r"@(?:pytest\.mark\.(?:skip|xfail)|unittest\.skip|Ignore\b|Disabled\b)|\bpytest\.(?:skip|xfail)\(|\b(?:it|test|describe)\.(?:skip|only)\b"
    r"|\b(?:xit|xdescribe|fit|fdescribe)\(|\bt\.Skip|#\[ignore\]|\bassert\s+True\b|assertTrue\(\s*[Tt]rue\s*\)",
    "skip,xfail,ignore,disabled,.only,xit(,xdescribe(,fit(,fdescribe(,true",
)
_TESTS = re.compile(r"^[ \t]*(?:async\s+)?(?:def\s+test_|it\(|test\(|func\s+Test|@Test\b|#\[test\])", re.MULTILINE)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at test files alone."""
    if PathClass.TEST not in (classify(file.path), classify(file.old_path)):
        return
    if file.is_deleted:
        yield Hit(0, "a test file is deleted")
        return
    for pattern, what in ((_TESTS, "tests"), (_ASSERTS, "assertions")):
        fewer = len(pattern.findall(file.removed_text)) - len(pattern.findall(file.added_text))
        if fewer > 0:
            line = next(each.number for each in file.removed if pattern.match(each.text))
            yield Hit(line, f"{fewer} {what} fewer than before")
    yield from came(file, _SKIPS, "a test is switched off or says nothing")


RISK = RiskKind(
    "weakened-tests",
    "deleted or weakened tests and assertions",
    5,
    check,
    risky=(
        Example("tests/test_a.py", "    assert total == 3", "    total"),
        Example("tests/test_a.py", "def test_a():\n    assert f()", ""),
        Example("tests/test_a.py", "", "@pytest.mark.skip"),
        Example("web/a.test.ts", "", "it.only('works', () => {"),
        Example("tests/test_a.py", "def test_a(): pass", new_mode=0),
        Example("tests/test_a.py", "assert f() == 3", "assert True"),
    ),
    harmless=(
        Example("tests/test_a.py", "    assert total == 3", "    assert total == 4"),
        Example("src/a.py", "assert x", ""),
        Example("tests/test_a.py", "", "def test_b():\n    assert g()"),
    ),
)
