"""A split where nothing has to be looked up: no policy, no task, a plain worktree. The same result, sooner.

Three `git commit`s take less time than an interpreter needs to load the full way, so this loads what it uses and
asks git side by side. It shares the reading, the grouping and the making of objects with `app.split`, and raises
:class:`Unsure` for everything that only the full way can decide, before anything has changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from planfence.core.hunks import units_of
from planfence.core.kinds import judge
from planfence.core.newobjects import NewObjects
from planfence.core.split import Group, Guide, propose
from planfence.core.splitsteps import steps_of
from planfence.errors import CouldNotCheck
from planfence.fastpath import Place, Unsure, exists
from planfence.gitio.committer import committer_of
from planfence.gitio.hunks import LARGEST_TEXT, OPTIONS, files_of
from planfence.quickgit import Child, children, private_index
from planfence.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.core.judged import Judged

#: A split is asked for, so proofs may take longer than in a hook (seconds).
BUDGET_S = 5.0
_POLICY = "planfence.toml"
#: What git has while something is half done, as `app.split` asks it.
HALF_DONE = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


@dataclass(frozen=True, slots=True)
class QuickSplit:
    """A proposal for what is staged on ``base``, and the commits that were made of it (none: a dry run)."""

    base: str
    groups: tuple[Group, ...]
    judged: tuple[Judged, ...]
    commits: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What `check` would say of these commits."""
        return f"not judged, since there was no {_POLICY} before them: {len(self.commits)} of the commits"


class _Reader:
    """Objects by their ids, through one process."""

    def __init__(self, child: Child) -> None:
        self.child = child

    def blobs(self, names: list[str]) -> dict[str, bytes]:
        found = {each[0]: each[2] for each in self.child.objects(names) if each}
        if len(found) != len(names):
            raise Unsure(b"missing")
        return {name: data for name, data in found.items() if len(data) <= LARGEST_TEXT}

    def tree(self, name: str) -> bytes:
        found = next(self.child.objects([name]))
        if found is None or found[1] != "tree":
            raise Unsure(b"tree")
        return found[2]


def split(words: str, *, apply: bool) -> QuickSplit:
    """Propose groups for what is staged, and with ``apply`` make the commits and move the branch.

    Raises :class:`Unsure` where the full way must decide, and :class:`CouldNotCheck` where the branch has moved.
    """
    place = Place()
    if place.task or any(exists(place.git_dir + b"/" + name.encode()) for name in HALF_DONE):
        raise Unsure(b"not plain")
    with private_index(place) as index, children() as started:
        staged = Child(place, "write-tree", index=index)
        diff = Child(place, "diff-index", "--cached", *OPTIONS, "HEAD", index=index)
        objects = Child(place, "cat-file", "--batch")
        listing = Child(place, "var", "-l") if apply else None
        started += [each for each in (staged, diff, objects, listing) if each]
        reader = _Reader(objects)
        head, policy = objects.objects(["HEAD", f"HEAD:{_POLICY}"])
        if head is None or head[1] != "commit" or policy is not None:
            raise Unsure(b"governed")
        tree = staged.end().decode().strip()
        base_tree = head[2].partition(b"\n")[0].removeprefix(b"tree ").decode()
        units = units_of(files_of(diff.end(), reader.blobs))
        if not units or tree == base_tree or any(unit.path == _POLICY for unit in units):
            raise Unsure(b"nothing plain is staged")
        judged = judge(units, time.monotonic, BUDGET_S)
        proposed = QuickSplit(head[0], propose(judged, Guide(words=words)), judged)
        if listing is None:
            return proposed
        who = committer_of(listing.end(), place.variables)
        if who is None:
            raise Unsure(b"identity")
        new = NewObjects(reader.tree, "sha1" if len(head[0]) == 40 else "sha256")
        by_id = {unit.id: unit for unit in units}
        steps = steps_of([[by_id[identity] for identity in group.units] for group in proposed.groups])
        trees = new.trees(base_tree, steps)
    if trees[-1] != tree:
        raise Unsure(b"another tree")
    said = [f"{group.message}\n" for group in proposed.groups]
    commits = new.chain(trees, said, (head[0],), who.author, who.committer)
    _publish(place, new, commits, head[0])
    return QuickSplit(head[0], proposed.groups, judged, commits)


def _publish(place: Place, new: NewObjects, commits: Sequence[str], base: str) -> None:
    """Store everything, then move the branch in one compare-and-swap."""
    unpack = Child(place, "unpack-objects", "-q")
    unpack.say(new.pack())
    unpack.end()
    reason = f"planfence split: one staged change into {len(commits)}"
    moved = Child(place, "update-ref", "-m", reason, "HEAD", commits[-1], base)
    if moved.status() != 0:
        raise CouldNotCheck(
            "git would not move the branch from where it was; nothing was changed",
            hint="somebody committed meanwhile, or holds its lock: look with `git status`, and split again",
        )
