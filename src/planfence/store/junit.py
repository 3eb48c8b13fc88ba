"""Counts from a JUnit XML report, read by junitparser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from planfence.core.evidence import Counts

#: A report of a hundred thousand tests is some 20 MB; what is larger is not read.
LARGEST = 256 * 1024 * 1024


def read_counts(path: Path) -> Counts | None:
    """Count the test cases of a report; None where there is none, or it can't be read whole.

    The cases are counted, not the totals that the report claims for itself. A report with a
    document type is refused: it could expand into anything.
    """
    try:
        if path.stat().st_size > LARGEST:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    if not data.strip() or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return None
    import junitparser

    try:
        tests, failed, skipped = _count([junitparser.JUnitXml.fromstring(data)])
    except (junitparser.JUnitXmlError, SyntaxError, ValueError, TypeError, AttributeError):
        # xml.etree's ParseError is a SyntaxError; the others are what the library makes of odd trees.
        return None
    return Counts(tests, failed, skipped)


def _count(nodes: Iterable[Any]) -> tuple[int, int, int]:
    import junitparser

    tests = failed = skipped = 0
    waiting = list(nodes)
    while waiting:
        # Direct children only: Node's reporter puts cases under the root, pytest's under suites.
        node = waiting.pop()
        waiting += list(node.iterchildren(junitparser.TestSuite))
        for case in node.iterchildren(junitparser.TestCase):
            tests += 1
            failed += not (case.is_passed or case.is_skipped)
            skipped += bool(case.is_skipped)
    return tests, failed, skipped
