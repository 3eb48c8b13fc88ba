"""Where a refusal stands: what decides which commands can be typed there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from planfence.records import dataclass


class At(StrEnum):
    """What was going on.

    A commit about to be made: of the index, of all tracked files (`commit -a`), of paths that the command names
    (`commit -- PATH`), of a merge, a cherry-pick or a revert, or a rebase. A commit that was made: the last one of
    this branch, or an earlier one. An edit that a model is about to make.
    """

    INDEX = "index"
    ALL = "all"
    PATHS = "paths"
    MERGE = "merge"
    PICK = "pick"
    REVERT = "revert"
    REBASE = "rebase"
    TIP = "tip"
    EARLIER = "earlier"
    EDIT = "edit"


def _none(paths: Iterable[str]) -> tuple[str, ...]:  # stands for a search that finds nothing
    return ()


@dataclass(frozen=True, slots=True)
class RefusalContext:
    """Where a refusal stands.

    ``words`` are those of the `git commit` that was refused (empty: not known); ``text`` is the message's file as it
    was refused (None: not known yet), ``edited`` whether an editor was opened for it. ``far`` says that a server or
    CI judged, so that records must be sent there; ``remote`` is where a push was to go. ``tasks`` returns the tasks
    (`<plan>/<task>`) that list all of the paths, and that the same model may begin.
    """

    at: At = At.INDEX
    words: tuple[str, ...] = ()
    text: str | None = None
    edited: bool = False
    far: bool = False
    remote: str = "origin"
    tasks: Callable[[Iterable[str]], tuple[str, ...]] = _none

    @property
    def amends(self) -> bool:
        """Whether the commit takes the last one's place."""
        return "--amend" in self.words

    @property
    def made(self) -> bool:
        """Whether the commit is there already."""
        return self.at in (At.TIP, At.EARLIER)

    @property
    def under_way(self) -> bool:
        """Whether git stopped in the middle of something longer than a commit."""
        return self.at in (At.MERGE, At.PICK, At.REVERT, At.REBASE)
