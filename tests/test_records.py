"""Records are dataclasses in all that anybody sees, without the import."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys

import pytest

from planfence.records import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    tags: tuple[int, ...] = ()
    notes: dict[str, int] = field(default_factory=dict, repr=False)
    double: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.x)


@dataclass(slots=True)
class Tally:
    seen: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Named(Point):
    name: str = "origin"


def test_it_is_made_compared_shown_and_hashed_like_a_dataclass() -> None:
    one = Point(1, tags=(2,))
    assert (one.x, one.tags, one.notes, one.double) == (1, (2,), {}, 2)
    assert one == Point(1, (2,)) != Point(1)
    assert repr(one) == "Point(x=1, tags=(2,))"
    with pytest.raises(TypeError):
        hash(one)  # it holds a dictionary
    with pytest.raises(AttributeError, match="cannot change"):
        one.x = 2
    with pytest.raises(TypeError):
        Point()
    with pytest.raises(TypeError):
        Point(1, nothing=1)
    match one:
        case Point(x, _):
            assert x == 1
    assert not hasattr(one, "__dict__")


def test_defaults_are_not_shared_and_fields_are_inherited() -> None:
    Tally().seen.append(1)
    assert Tally().seen == []
    assert Named(1, name="a") == Named(1, (), {}, "a")
    assert Named(1).double == 2
    assert Named(1) != Point(1)


def test_the_standard_librarys_functions_take_it() -> None:
    one = Point(1, (2,))
    assert [each.name for each in dataclasses.fields(one)] == ["x", "tags", "notes", "double"]
    assert dataclasses.asdict(one) == {"x": 1, "tags": (2,), "notes": {}, "double": 2}
    assert replace(one, x=3) == dataclasses.replace(one, x=3) == Point(3, (2,))
    assert copy.deepcopy(one) == one


def test_it_loads_no_dataclasses() -> None:
    code = "import sys; from planfence.change import hunks; sys.exit('dataclasses' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("earlier", [0, 20])
@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, (), {}, 4), {}), ((1,), {"x": 2}), ((1,), {"y": 2})])
def test_arguments_that_do_not_fit_are_refused_before_and_after_it_is_compiled(earlier, given, named) -> None:
    @dataclass(frozen=True, slots=True)
    class Fresh:
        x: int
        tags: tuple[int, ...] = ()
        notes: dict[str, int] = field(default_factory=dict)

    for number in range(earlier):
        assert Fresh(number).x == number
    with pytest.raises(TypeError):
        Fresh(*given, **named)
    one, other = Fresh(1, notes={"a": 1}), Fresh(x=1)
    assert (one.notes, other.notes, one.tags) == ({"a": 1}, {}, ())
    assert Fresh(1).notes is not Fresh(1).notes


@pytest.mark.parametrize("models", [("codex", "human"), ("human", "codex")])
def test_of_two_trailers_the_first_counts_for_all(models: tuple[str, str]) -> None:
    """Else a commit was one model's for its role, and another's for who may review it."""
    from planfence.change.message import parse
    from planfence.judge.attribution import attribution_of
    from planfence.ledger.records import commit_fact

    text = "feat: x\n\nPlan-Task: p/a\n" + "".join(f"Plan-Model: {model}\n" for model in models)
    assert commit_fact("1" * 40, text.encode()).model == attribution_of(parse(text)).model == models[0]
