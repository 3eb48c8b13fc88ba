"""Units of a change with what they do, apart from the proofs, so that a rule can speak of them at no cost."""

from __future__ import annotations

from enum import StrEnum

from planfence.change.hunks import Unit
from planfence.change.pathclass import PathClass
from planfence.records import dataclass


class UnitKind(StrEnum):
    """What a unit does. FORMAT and COMMENT are proven to change nothing that runs."""

    RENAME = "rename"
    MODE = "mode"
    SUBMODULE = "submodule"
    BINARY = "binary"
    ADD = "add"
    DELETE = "delete"
    FORMAT = "format"
    COMMENT = "comment"
    STYLE = "style"
    IDENTIFIER = "identifier-rename"
    MOVE = "move"
    CODEMOD = "codemod"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True, slots=True)
class ClassifiedUnit:
    """A unit, its kind, and what its path is for.

    ``certain`` says of behaviour that it is proven too: the file's code gained a word or
    lost one, or is new, or gone; not merely that nothing else could be proven in time.
    """

    unit: Unit
    kind: UnitKind
    path_class: PathClass
    certain: bool = False
