import difflib
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.change.hunks import (
    Atom,
    FileDiff,
    Hunk,
    compose,
    ends_every_line,
    make_hunks,
    split_lines,
    state_after,
    units_of,
)

TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"\r", b"\r\n", b"\n", b"\xff\n", b"c"]), max_size=12).map(b"".join)


def hunks_of(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    before, after = split_lines(old), split_lines(new)
    ranges = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            ranges.append((a + 1 if b > a else a, b - a, c + 1 if d > c else c, d - c))
    return make_hunks(old, new, ranges)


@given(TEXTS)
def test_lines_are_cut_at_newlines_alone_and_nothing_is_lost(data: bytes) -> None:
    lines = split_lines(data)
    assert b"".join(lines) == data
    assert all(line.endswith(b"\n") for line in lines[:-1])
    assert len(lines) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


@given(TEXTS, TEXTS)
def test_all_hunks_make_the_new_text_and_none_the_old(old: bytes, new: bytes) -> None:
    hunks = hunks_of(old, new)
    assert compose(split_lines(old), hunks) == new
    assert compose(split_lines(old), ()) == old
    for one, other in pairwise(hunks):
        assert one.old_start + len(one.old) <= other.old_start
        assert one.new_start + len(one.new) <= other.new_start


@given(TEXTS, TEXTS)
def test_hunks_are_applied_in_any_order_to_the_same_end(old: bytes, new: bytes) -> None:
    file = FileDiff("a", "a", 0o100644, 0o100644, "1", "2", old, new, hunks_of(old, new))
    for count in range(len(file.hunks)):
        for chosen in list(combinations(file.hunks, count))[:8]:
            state = state_after(file, reversed(chosen), frozenset())
            assert state.id == "1" if not chosen else state.data == compose(split_lines(old), chosen)


def test_wrong_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match="do not make"):
        make_hunks(b"a\nb\n", b"a\nc\n", [(1, 1, 1, 1)])


def test_a_cut_hunk_composes_to_the_same() -> None:
    (hunk,) = hunks_of(b"a\nb\n", b"c\nd\ne\n")
    first, second = hunk.cut(1, 2)
    assert compose([b"a\n", b"b\n"], [first]) == b"c\nd\nb\n"
    assert compose([b"a\n", b"b\n"], [first, second]) == b"c\nd\ne\n"
    assert ends_every_line(first)
    assert not ends_every_line(Hunk(0, 0, (b"a",), (b"a\n",)))


def test_ids_are_stable_and_unique() -> None:
    old, new = b"x\n" + b"s\n" * 3 + b"x\n", b"y\n" + b"s\n" * 3 + b"y\n"
    file = FileDiff("a", "a", 0o100644, 0o100755, "1", "2", old, new, hunks_of(old, new))
    ids = [unit.id for unit in units_of([file])]
    assert len(set(ids)) == 3
    other = FileDiff("z", "z", 0, 0o100644, "0", "3", None, b"q")
    assert [unit.id for unit in units_of([other, file])][1:] == ids


def test_states_of_a_renamed_file_with_edits_and_mode() -> None:
    file = FileDiff("b", "a", 0o100644, 0o100755, "1", "2", b"a\n", b"b\n", hunks_of(b"a\n", b"b\n"))
    assert [unit.atom for unit in units_of([file])] == [Atom.RENAME, Atom.MODE, None]
    state = state_after(file, (), frozenset({Atom.RENAME}))
    assert (state.path, state.mode, state.id) == ("b", 0o100644, "1")
    state = state_after(file, file.hunks, frozenset({Atom.MODE}))
    assert (state.path, state.mode, state.id) == ("a", 0o100755, "2")
    gone = FileDiff("a", "a", 0o100644, 0, "1", "0", b"a\n")
    assert state_after(gone, (), frozenset()).path == "a"
    assert state_after(gone, (), frozenset({Atom.WHOLE})).path == ""
