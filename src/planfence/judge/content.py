"""The content of a change for the rules that ask for it: its hunks' kinds, read only when needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planfence import prover
from planfence.change import reader
from planfence.change.change import Change
from planfence.change.message import Message
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.records import dataclass
from planfence.rules.rule import Context, Need, Rule
from planfence.rules.runner import clauses

if TYPE_CHECKING:
    from planfence.change.hunks import FileDiff
    from planfence.content.unitkinds import ClassifiedUnit  # a hook that reads no content loads none of this

#: How long proofs may take (seconds): a person waits for a commit; a push or CI must be sure.
_HOOK_S = 0.04
_SURE_S = 2.0


@dataclass(frozen=True, slots=True)
class Content:
    """A change's units with their kinds; ``folders`` are the repository's, if a scope had to be looked up."""

    judged: tuple[ClassifiedUnit, ...]
    folders: frozenset[str] = frozenset()


def is_needed(ctx: Context, rules: Sequence[Rule]) -> bool:
    """Whether a rule that asks for the content is not proven without it, by the message alone."""
    asking = [rule for rule in rules if Need.CONTENT in rule.needs]
    if ctx.change.is_merge or not asking:
        return False
    if ctx.message is not None and len(ctx.message.issues) < 2 <= len(ctx.message.all_issues):
        return True  # whether they are two things, the change shows
    said = clauses(ctx.policy, ctx.plan, ctx.task, asking)
    if said is None:
        return True
    words = prover.read(map(paths.encode, said))
    types = ctx.message.types[:1] if ctx.message is not None and not ctx.message.autosquash else ()
    return not words.keys() <= {b"governs", b"type", b"no-type"} or not prover.allows(words, "".join(types).encode())


def read(repository: Repository, change: Change, message: Message | None, *, in_hook: bool) -> Content | None:
    """Read a change's hunks and judge their kinds, ``in_hook`` in little time; None for a merge: others wrote it."""
    if change.is_merge or not change.files:
        return None
    from planfence.content.committypes import named_folders, owns

    parent = change.parents[0] if change.parents else ""
    base = f"{parent}^{{tree}}" if parent else repository.empty_tree()
    judged = between(repository, base, change.tree, _HOOK_S if in_hook else _SURE_S)
    scope = message.scope if message is not None else ""
    lookup = bool(scope) and not owns(scope, change.paths)
    folders = named_folders(list(reader.tree_paths(repository, change.tree))) if lookup else frozenset()
    return Content(judged, folders)


def between(repository: Repository, old: str, new: str, budget_s: float = _SURE_S) -> tuple[ClassifiedUnit, ...]:
    """Return the units between two trees with their kinds; proofs end after ``budget_s`` seconds."""
    # Loaded if it is asked for: most commits never are.
    from planfence.change.hunkreader import read_files

    return of(read_files(repository, old, new), budget_s)


def of(files: Sequence[FileDiff], budget_s: float = _SURE_S) -> tuple[ClassifiedUnit, ...]:
    """Return the units of these files with their kinds."""
    from planfence.change.hunks import units_of
    from planfence.content.kinds import judge

    return judge(units_of(files), time.monotonic, budget_s)
