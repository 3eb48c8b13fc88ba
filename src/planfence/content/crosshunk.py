"""What only shows when hunks are seen together: renamed identifiers, moved blocks, the same edit everywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from planfence.change.hunks import Unit
from planfence.content.languages import pieces


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: A block this small may be equal to another by chance (letters and digits).
_BLOCK = 20
#: Above so many lines a hunk is not a token edit.
_LONG = 40
#: Words of some language that look like names.
NOT_NAMES = _words(
    "if else elif elsif for while do switch case default break continue return yield and or not in is True False None "
    "true false null nil undefined this self super new delete try except catch finally raise throw throws with as from "
    "import export def class fn func function let const var mut pub public private protected static final abstract "
    "async await print len range object console require module exports string String list dict isinstance "
    "int long short float double char bool boolean void unsigned signed min max any all"
)

Tokens = tuple[str, ...]


def relate(units: Sequence[Unit], late: Callable[[], bool]) -> dict[str, str]:
    """Return the units that are moves, identifier renames or codemods, with the kind's name."""
    found: dict[str, str] = {}
    for relation in (_moves, _renames, _codemods):
        if late():
            break
        for identity, kind in relation(units):
            found.setdefault(identity, kind)
    return found


def _block(lines: Iterable[bytes]) -> bytes:
    return b"\n".join(line.strip() for line in lines if line.strip())


def _moves(units: Sequence[Unit]) -> list[tuple[str, str]]:
    """A block that is removed in one place and added, but for its indentation, in another."""
    removed: dict[bytes, list[str]] = defaultdict(list)
    added: dict[bytes, list[str]] = defaultdict(list)
    for unit in units:
        assert unit.hunk is not None
        if bool(unit.hunk.old) == bool(unit.hunk.new):
            continue
        block = _block(unit.hunk.old or unit.hunk.new)
        if sum(chr(byte).isalnum() for byte in block) >= _BLOCK:
            (removed if unit.hunk.old else added)[block].append(unit.id)
    pairs = [pair for block, sources in removed.items() for pair in zip(sources, added.get(block, ()), strict=False)]
    return [(identity, "move") for pair in pairs for identity in pair]


def _tokens(lines: Iterable[bytes]) -> list[tuple[str, str]]:
    text = b"".join(lines).decode("latin-1")
    return [(kind or "", word) for kind, word in pieces(text, 0, len(text)) if kind not in ("space", "newline")]


def _renames(units: Sequence[Unit]) -> list[tuple[str, str]]:
    """Hunks whose tokens differ only by one consistent, injective map of names, seen in two hunks at least."""
    maps: dict[str, dict[str, str]] = {}
    kept: set[str] = set()
    for unit in units:
        assert unit.hunk is not None
        new = _tokens(unit.hunk.new) if len(unit.hunk.new) <= _LONG else []
        names = _name_map(_tokens(unit.hunk.old), new) if new and len(unit.hunk.old) <= _LONG else None
        if names:
            maps[unit.id] = names
            kept.update(text for _, text in new)
    targets: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, set[str]] = defaultdict(set)
    seen: Counter[tuple[str, str]] = Counter()
    for names in maps.values():
        for old, new_name in names.items():
            targets[old].add(new_name)
            sources[new_name].add(old)
            seen[old, new_name] += 1

    def consistent(old: str, new_name: str) -> bool:
        alone = len(targets[old]) == 1 and len(sources[new_name]) == 1
        return alone and seen[old, new_name] >= 2 and old not in kept

    return [
        (identity, "identifier-rename")
        for identity, names in maps.items()
        if all(consistent(old, new_name) for old, new_name in names.items())
    ]


def _name_map(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> dict[str, str] | None:
    """The map of names that turns one token list into the other; None if there is none."""
    if len(old) != len(new):
        return None
    names: dict[str, str] = {}
    for (kind, before), (other_kind, after) in zip(old, new, strict=True):
        if kind != other_kind:
            return None
        if before == after:
            continue
        if kind != "word" or before in NOT_NAMES or after in NOT_NAMES or names.setdefault(before, after) != after:
            return None
    return names


def _trimmed(old: Tokens, new: Tokens) -> tuple[Tokens, Tokens]:
    """The tokens that differ, without what both sides begin and end with."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def _edits(unit: Unit) -> list[tuple[Tokens, Tokens]]:
    """The token edits of a hunk: line by line where the lines pair up, else as a whole."""
    hunk = unit.hunk
    assert hunk is not None
    if hunk.lines > _LONG:
        return []
    pairs: list[tuple[tuple[bytes, ...], tuple[bytes, ...]]] = [(hunk.old, hunk.new)]
    if len(hunk.old) == len(hunk.new):
        pairs = [((old,), (new,)) for old, new in zip(hunk.old, hunk.new, strict=True)]
    sides = [(tuple(t for _, t in _tokens(old)), tuple(t for _, t in _tokens(new))) for old, new in pairs]
    return [edit for edit in (_trimmed(old, new) for old, new in sides) if edit != ((), ())]


def _codemods(units: Sequence[Unit]) -> list[tuple[str, str]]:
    """Hunks made only of token edits that occur three times or more, in two files or more."""
    edits = {unit.id: _edits(unit) for unit in units}
    times: Counter[tuple[Tokens, Tokens]] = Counter()
    places: dict[tuple[Tokens, Tokens], set[str]] = defaultdict(set)
    for unit in units:
        for edit in edits[unit.id]:
            times[edit] += 1
            places[edit].add(unit.path)
    frequent = {edit for edit, count in times.items() if count >= 3 and len(places[edit]) >= 2}
    return [(identity, "codemod") for identity, own in edits.items() if own and all(edit in frequent for edit in own)]


def related(units: Sequence[Unit]) -> list[frozenset[str]]:
    """Which units can't be told apart: the two ends of one moved block, one renamed name, one edit everywhere.

    Returns sets of at least two ids each.
    """
    kinds = relate(units, lambda: False)
    own = [unit for unit in units if unit.id in kinds]
    keys: list[frozenset[str]] = []
    for unit in own:
        assert unit.hunk is not None
        if kinds[unit.id] == "move":
            shared: Iterable[object] = [_block(unit.hunk.old or unit.hunk.new)]
        elif kinds[unit.id] == "codemod":
            shared = _edits(unit)
        else:
            shared = (_name_map(_tokens(unit.hunk.old), _tokens(unit.hunk.new)) or {}).items()
        keys.append(frozenset(f"{kinds[unit.id]} {key!r}" for key in shared))
    together: dict[int, set[str]] = defaultdict(set)
    for unit, number in zip(own, clusters(keys, [unit.id for unit in own]), strict=True):
        together[number].add(unit.id)
    return [frozenset(ids) for ids in together.values() if len(ids) > 1]


def clusters(names: Sequence[frozenset[str]], places: Sequence[str]) -> list[int]:
    """Group items that share a place or a name; return for each the number of its group.

    ``places`` are usually paths, ``names`` the rare identifiers of each item.
    """
    parent = list(range(len(places)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[str, list[int]] = defaultdict(list)
    for index, (own, place) in enumerate(zip(names, places, strict=True)):
        for key in (f"\0{place}", *own):
            holders[key].append(index)
    for members in holders.values():
        for one, other in pairwise(members):
            parent[root(other)] = root(one)
    return [root(index) for index in range(len(places))]
