"""Counts from a JUnit XML report, read by junitparser once it is known to be harmless."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.parsers import expat

from planfence.ledger.evidence import Counts

#: A report of a hundred thousand tests is some 20 MB and has some 300,000 elements; what is larger is not read.
LARGEST = 64 * 1024 * 1024
MOST_ELEMENTS = 2_000_000
#: Suites in suites, cases, properties: no runner goes past ten.
DEEPEST = 50


class _Refused(ValueError):
    """A report that is not read; says why."""


def read_counts(path: Path, say: Callable[[str], object] = str) -> Counts | None:
    """Count the test cases of a report; None if there is none, or it can't be read whole, and ``say`` is told why.

    The cases are counted, not the totals that the report claims for itself. It has to be a plain file (a pipe would
    never end, nor would `/dev/zero` behind a link), no larger and no deeper than any runner writes. A report with a
    document type is refused: it could expand into anything.
    """
    try:
        data = plain_file(path)
        _harmless(data)
        return _counted(data)
    except FileNotFoundError:
        return None
    except OSError as error:
        say(f"the report could not be read: {error.strerror}")
    except _Refused as error:
        say(f"the report is not read: {error}")
    return None


def read_failed(path: Path) -> tuple[str, ...]:
    """The names of the tests that failed, a hundred at most, by a report that :func:`read_counts` can read."""
    import junitparser

    try:
        data = plain_file(path)
        _harmless(data)
        waiting: list[Any] = [junitparser.JUnitXml.fromstring(data)]
        names: list[str] = []
        while waiting:
            node = waiting.pop()
            waiting += list(node.iterchildren(junitparser.TestSuite))
            for case in node.iterchildren(junitparser.TestCase):
                if case.is_failure or case.is_error:
                    names.append("::".join(str(each) for each in (case.classname, case.name) if each))
    except (OSError, junitparser.JUnitXmlError, SyntaxError, ValueError, TypeError, AttributeError):
        return ()
    return tuple(dict.fromkeys(name[:300] for name in sorted(names)[:100]))


def harmless_report(path: Path) -> Element:
    """The root of any XML report that is harmless to read. Raises :class:`ValueError` or :class:`OSError` otherwise."""
    from xml.etree.ElementTree import ParseError, fromstring

    data = plain_file(path)
    _harmless(data)
    try:
        return fromstring(data)  # noqa: S314 - no document type, no depth, by `_harmless`
    except ParseError as error:
        raise _Refused(f"it is no XML: {error}") from error


def plain_file(path: Path) -> bytes:
    """The bytes of a report. Raises :class:`ValueError` if it is a link, no file, or too large; :class:`OSError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        if path.is_symlink():
            raise _Refused("it is a link; write a plain file") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _Refused("it is not a plain file")
    with os.fdopen(descriptor, "rb") as file:
        # Not by its size alone: it may grow meanwhile.
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise _Refused(f"it is larger than {LARGEST >> 20} MB; report fewer tests at a time, or without their output")
    return data


def _harmless(data: bytes) -> None:
    """Refuse what costs its reader more than it is long; expat itself needs no stack for it."""
    if b"\0" in data:
        raise _Refused("it holds a NUL, as UTF-16 does; write it in UTF-8")
    depth = elements = 0
    parser = expat.ParserCreate()

    def began(*_: object) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > DEEPEST:
            raise _Refused(f"its elements are nested more than {DEEPEST} deep")
        if elements > MOST_ELEMENTS:
            raise _Refused(f"it has more than {MOST_ELEMENTS} elements")

    def ended(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def typed(*_: object) -> None:
        raise _Refused("it has a document type")

    parser.StartElementHandler, parser.EndElementHandler = began, ended
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = typed
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # an encoding may have any name
        raise error if isinstance(error, _Refused) else _Refused(f"it is not XML: {error}") from error


def _counted(data: bytes) -> Counts:
    import junitparser

    try:
        report = junitparser.JUnitXml.fromstring(data)
        counts = _count([report])
    except (junitparser.JUnitXmlError, SyntaxError, ValueError, TypeError, AttributeError) as error:
        # xml.etree's ParseError is a SyntaxError; the others are what the library makes of odd trees.
        raise _Refused(f"it is not a JUnit report: {error}") from error
    if not _whole(report, counts):
        raise _Refused("a case or a failure stands in it where none can be counted")
    return counts


def _count(nodes: Iterable[Any]) -> Counts:
    import junitparser

    tests = failed = skipped = 0
    waiting = list(nodes)
    while waiting:
        # Direct children only: Node's reporter puts cases under the root, pytest's under suites.
        node = waiting.pop()
        waiting += list(node.iterchildren(junitparser.TestSuite))
        for case in node.iterchildren(junitparser.TestCase):
            # Wherever in the case it stands, and in whatever namespace.
            said = _names(case._elem)
            bad = bool(said["failure"] + said["error"])
            tests += 1
            failed += bad
            # GoogleTest and CTest say by an attribute that a case did not run.
            skipped += (said["skipped"] > 0 or case._elem.get("status") in ("notrun", "disabled")) and not bad
    return Counts(tests, failed, skipped)


def _names(element: Any) -> Counter[str]:
    return Counter(str(each.tag).rpartition("}")[2] for each in element.iter())


def _whole(report: Any, counts: Counts) -> bool:
    """Whether nothing stands where it was not counted: a case or a failure in an odd place is not a pass."""
    found = _names(report._elem)
    return found["testcase"] == counts.tests and bool(counts.failed or not found["failure"] + found["error"])
