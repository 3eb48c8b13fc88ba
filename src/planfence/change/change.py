"""What is judged: the staged tree, one commit, or a merge's own part."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from planfence.records import dataclass

STAGED = "staged"


class Mode(IntEnum):
    """A tree entry's mode, as git writes it (gitformat-index(5))."""

    ABSENT = 0
    TREE = 0o040000
    FILE = 0o100644
    #: Written by git before 2005 and by importers since; git reads it, so it may appear.
    GROUP_WRITABLE = 0o100664
    EXECUTABLE = 0o100755
    SYMLINK = 0o120000
    GITLINK = 0o160000


class Action(StrEnum):
    """What a change does to a path, in the plan's words."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"

    @property
    def letter(self) -> str:
        """What git's raw records call it."""
        return str(self)[0].upper()


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path's change, read from `diff-tree --raw -z --no-renames`.

    A rename is two of these, a deletion and an addition: both are judged. Ids are full hex;
    an absent side has mode 0 and an id of zeros. ``lines`` is added plus deleted lines, or
    -1 if it was not counted (binary, or nobody asked).
    """

    path: str
    old_mode: int
    new_mode: int
    old_id: str
    new_id: str
    lines: int = -1

    @property
    def action(self) -> Action:
        """The plan's word for it; a type or mode change is a modification."""
        if self.old_mode == 0:
            return Action.ADD
        return Action.DELETE if self.new_mode == 0 else Action.MODIFY


@dataclass(frozen=True, slots=True)
class Change:
    """One judged change.

    ``name`` is ``staged`` or a full commit id; ``parents`` are the *real* parents (from the
    raw commit; for the staged tree HEAD and any MERGE_HEAD); the plan and the policy are read
    from the first. ``tree`` is a tree id. For a merge, ``files`` holds only what the merge
    itself did, and ``settled`` the paths in conflict that it took whole from one parent: for code that is nobody's
    change, for a plan it is a choice; ``conflicted`` are all paths that git could not merge. ``message`` is None where
    there is none yet (pre-commit). ``author`` is the author's e-mail address, empty if it is not known.
    """

    name: str
    parents: tuple[str, ...]
    tree: str
    files: tuple[FileChange, ...]
    message: str | None = None
    settled: tuple[FileChange, ...] = ()
    conflicted: frozenset[str] = frozenset()
    author: str = ""

    @property
    def decided(self) -> tuple[FileChange, ...]:
        """What it changes, and what a merge settled."""
        return (*self.files, *self.settled)

    @property
    def paths(self) -> tuple[str, ...]:
        """The changed paths, in git's order."""
        return tuple(file.path for file in self.files)

    @property
    def is_merge(self) -> bool:
        """Whether it has two parents or more."""
        return len(self.parents) > 1
