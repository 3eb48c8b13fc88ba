"""The tokens of plain code."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from planfence.content.languages import OPERATORS, pieces

#: What `pieces` means, as one pattern: of the alternatives at a place the first that fits.
ORACLE = re.compile(
    r"(?P<space>[ \t\r\f\v]+)|(?P<newline>\n)|(?P<word>[^\W\d]\w*)|(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?P<op>"
    + "|".join(re.escape(operator) for operator in sorted(OPERATORS, key=len, reverse=True))
    + r"|[\s\S])"
)


@given(st.text("ab1e.\n \t?+-=<>&|^*/!~:%#[]()\xe9", max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_operators_are_the_longest_that_fit(text: str, start: int, short: int) -> None:
    end = len(text) - short
    wanted = [(match.lastgroup, match.group()) for match in ORACLE.finditer(text, start, max(end, start))]
    assert list(pieces(text, start, end)) == wanted
