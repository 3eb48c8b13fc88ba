"""Enumerations are the standard library's in all that is used of them, without the import."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import subprocess
import sys

import pytest

from planfence import enums


class Colour(enums.StrEnum):
    RED = "red"
    BLUE = "blue"

    @property
    def warm(self) -> bool:
        return self is Colour.RED


class Level(enums.IntEnum):
    NONE = 0
    SOME = 1


class Shape(enums.Enum):
    ROUND = "round"
    FLAT = "flat"


class StdColour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class StdLevel(enum.IntEnum):
    NONE = 0
    SOME = 1


class StdShape(enum.Enum):
    ROUND = "round"
    FLAT = "flat"


PAIRS = [(Colour, StdColour), (Level, StdLevel), (Shape, StdShape)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_members_show_sort_and_are_found_as_the_standard_librarys_are(ours, theirs) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.name, one.value) == (other.name, other.value)
        assert str(one) == str(other).removeprefix("Std")
        assert f"{one}" == f"{other}".removeprefix("Std")
        assert repr(one) == repr(other).replace("Std", "")
        assert ours(one.value) is ours(one) is one
        assert (one == one.value, hash(one) == hash(one.value)) == (
            other == other.value,
            hash(other) == hash(one.value),
        )
        assert pickle.loads(pickle.dumps(one)) is copy.deepcopy(one) is one
        assert isinstance(one, ours)
    for value in ("no such", None, [], 7):
        with pytest.raises(ValueError, match="is not a valid"):
            ours(value)
        with pytest.raises(ValueError, match="is not a valid"):
            theirs(value)


def test_they_are_text_and_numbers_where_those_are_wanted() -> None:
    assert json.dumps([Colour.RED, Level.SOME, {Colour.BLUE: Level.NONE}]) == '["red", 1, {"blue": 0}]'
    assert sorted([Level.SOME, Level.NONE]) == [0, 1]
    assert f"{Level.SOME:03o}" == "001"
    assert {Colour.RED: 1}["red"] == 1
    assert Colour.RED.warm
    assert not Colour.BLUE.warm


def test_a_value_that_comes_twice_is_one_member() -> None:
    class Both(enums.IntEnum):
        ONE = 1
        SAME = 1

    assert Both.SAME is Both.ONE
    assert [member.name for member in Both] == ["ONE"]


def test_it_loads_no_enum() -> None:
    code = "import sys; before = {*sys.modules}; import planfence.errors; sys.exit('enum' in {*sys.modules} - before)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
