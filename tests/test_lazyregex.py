import re

import pytest

from planfence.lazyregex import pattern


def test_it_answers_as_the_compiled_one():
    late = pattern(r"(?P<a>x+)", re.IGNORECASE)
    for _ in range(2):
        match = late.match("XXy")
        assert match is not None
        assert match["a"] == "XX"
        assert late.sub("-", "axxb") == "a-b"
    assert late.pattern == r"(?P<a>x+)"


def test_a_faulty_one_is_said_when_it_is_asked():
    late = pattern("(")
    with pytest.raises(re.error):
        late.match("x")
