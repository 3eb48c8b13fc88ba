"""From groups of units to the file states that each commit begins and ends."""

from __future__ import annotations

from collections.abc import Sequence

from planfence.change.hunks import Atom, FileDiff, FileState, Hunk, Unit, state_after
from planfence.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit of a split does: paths that it takes away (``gone``), and states that it writes."""

    gone: tuple[str, ...]
    states: tuple[FileState, ...]


@dataclass(slots=True)
class _Progress:
    """The units of one file that are applied so far."""

    hunks: list[Hunk] = field(default_factory=list)
    atoms: set[Atom] = field(default_factory=set)


def steps_of(groups: Sequence[Sequence[Unit]]) -> tuple[Step, ...]:
    """Return what each group's commit does on top of those before it."""
    progress: dict[str, _Progress] = {}
    steps = []
    for group in groups:
        gone: list[str] = []
        states: list[FileState] = []
        for file, own in _by_file(group):
            so_far = progress.setdefault(file.path, _Progress())
            before = _state(file, so_far)
            so_far.hunks += [unit.hunk for unit in own if unit.hunk is not None]
            so_far.atoms |= {unit.atom for unit in own if unit.atom is not None}
            after = _state(file, so_far)
            if before.path and before.path != after.path:
                gone.append(before.path)
            if after.path:
                states.append(after)
        written = {state.path for state in states}
        steps.append(Step(tuple(path for path in gone if path not in written), tuple(states)))
    return tuple(steps)


def _state(file: FileDiff, so_far: _Progress) -> FileState:
    return state_after(file, so_far.hunks, so_far.atoms)


def _by_file(units: Sequence[Unit]) -> list[tuple[FileDiff, list[Unit]]]:
    files: dict[str, tuple[FileDiff, list[Unit]]] = {}
    for unit in units:
        files.setdefault(unit.path, (unit.file, []))[1].append(unit)
    return list(files.values())
