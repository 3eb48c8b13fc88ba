"""Counts from a JUnit XML report, read by junitparser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from planfence.ledger.evidence import Counts

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
    # A NUL is UTF-16's, in which the words below would not be found.
    if not data.strip() or b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        return None
    import junitparser

    try:
        report = junitparser.JUnitXml.fromstring(data)
        counts = _count([report])
    except (junitparser.JUnitXmlError, SyntaxError, ValueError, TypeError, AttributeError):
        # xml.etree's ParseError is a SyntaxError; the others are what the library makes of odd trees.
        return None
    return counts if _whole(report, counts) else None


def _count(nodes: Iterable[Any]) -> Counts:
    import junitparser

    tests = failed = skipped = 0
    waiting = list(nodes)
    while waiting:
        # Direct children only: Node's reporter puts cases under the root, pytest's under suites.
        node = waiting.pop()
        waiting += list(node.iterchildren(junitparser.TestSuite))
        for case in node.iterchildren(junitparser.TestCase):
            bad = case.is_failure or case.is_error
            tests += 1
            failed += bad
            skipped += case.is_skipped and not bad
    return Counts(tests, failed, skipped)


def _whole(report: Any, counts: Counts) -> bool:
    """Whether nothing stands where it was not counted: a case or a failure in an odd place is no pass."""
    found = Counter(str(element.tag).rpartition("}")[2] for element in report._elem.iter())
    return found["testcase"] == counts.tests and bool(counts.failed or not found["failure"] + found["error"])
