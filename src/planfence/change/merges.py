"""What git's own merge makes of commits and trees: what a merge itself did, and what a squash or a revert should be."""

from __future__ import annotations

from contextlib import ExitStack

from planfence.change.change import FileChange
from planfence.change.trees import TreeDiff, parse_raw
from planfence.errors import CouldNotCheck
from planfence.gitio import paths
from planfence.gitio.isolated import BareView
from planfence.gitio.newobjects import NewObjects, commit_of
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git
from planfence.tables import RAW_DIFF

_SETTINGS = (
    *("-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict", "-c", "merge.renormalize=false"),
    *("-c", "merge.renameLimit=7000", "-c", "merge.conflictStyle=merge"),
)
_COMMAND = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--allow-unrelated-histories")


_WHO = b"planfence <planfence> 0 +0000"
#: The largest octopus in the history of Linux has 66 parents.
_PARENTS = 66


class Merges(ExitStack):
    """Recomputes merges (`merge-tree --write-tree`, git ≥ 2.38). A context manager.

    The merge is recomputed by git's default strategy in a scratch repository without any
    configuration or attributes: a merge driver or a rename limit of one clone does not decide a verdict.
    """

    def __init__(self, repository: Repository) -> None:
        super().__init__()
        self._repository = repository
        self._scratch: Git | None = None
        self._diff: TreeDiff | None = None

    def own(
        self, parents: tuple[str, ...], tree: str, objects: Objects
    ) -> tuple[tuple[FileChange, ...], tuple[FileChange, ...], frozenset[str]]:
        """Return what the merge commit of these parents with this tree did itself, what it settled, and all conflicts.

        A path that merges cleanly must be as the recomputed merge has it: an evil merge, or
        `-s ours`, is seen. A path in conflict may be taken whole from one parent, which settles it; any other
        resolution is the merge's own. The old side is the recomputed merge's. An octopus is
        recomputed as git makes it: one branch after the other. Raises :class:`CouldNotCheck` for more parents than
        anybody merges at once, since each costs a merge.
        """
        if len(parents) > _PARENTS:
            raise CouldNotCheck(
                f"a merge of {len(parents)} parents can't be judged",
                hint=f"merge at most {_PARENTS - 1} branches at once",
            )
        git, differ = self.git, self._differ
        merged, conflicted, ours = "", set[str](), parents[0]
        for index, theirs in enumerate(parents[1:]):
            if index:
                (ours,) = self._commits((merged, *parents[: index + 1]))
            merged, found = _recompute(git, ours, theirs)
            conflicted |= found
        differing = differ.diff(merged, tree)
        if not differing:
            return (), (), frozenset(conflicted)
        taken: set[str] = set()
        for parent in parents if conflicted else ():
            changed = {file.path for file in differ.diff(objects.tree_of(parent), tree)}
            taken |= conflicted - changed
        own = tuple(file for file in differing if file.path not in taken)
        return own, tuple(file for file in differing if file.path in taken), frozenset(conflicted)

    def merged(self, ours: str, theirs: str) -> str:
        """Return the tree of a merge of two commits; empty if it has conflicts."""
        tree, conflicted = _recompute(self.git, ours, theirs)
        return "" if conflicted else tree

    def applied(self, old: str, new: str, onto: str) -> str:
        """Return the tree that has the change from ``old`` to ``new`` on top of ``onto`` (trees); empty: conflicts.

        A revert is that of a commit's tree to its parent's, a cherry-pick the other way round.
        """
        _, ours, theirs = self._commits((old,), (onto, ""), (new, ""))
        return self.merged(ours, theirs)

    def changed(self, old: str, new: str, *below: str) -> list[FileChange]:
        """Return what differs between two trees, or only ``below`` some paths; a tree may be known here alone."""
        if below:
            return parse_raw(self.git.run("--literal-pathspecs", "diff-tree", *RAW_DIFF, old, new, "--", *below))
        return self._differ.diff(old, new)

    @property
    def git(self) -> Git:
        """Git in the scratch repository, which alone has what was recomputed."""
        if self._scratch is None:
            self._scratch = self.enter_context(BareView(self._repository))
        return self._scratch

    @property
    def _differ(self) -> TreeDiff:
        if self._diff is None:
            self._diff = self.enter_context(TreeDiff(self.git))
        return self._diff

    def _commits(self, *wanted: tuple[str, ...]) -> list[str]:
        """Make commits (tree, parents; empty: the first of them) that go away with the scratch repository.

        `merge-tree --merge-base` needs git 2.40.
        """
        new, made = NewObjects(self._repository.zero), list[str]()
        for tree, *parents in wanted:
            above = [parent or made[0] for parent in parents]
            made.append(new.add("commit", commit_of(tree, above, _WHO, _WHO, "")))
        new.store(self.git)
        return made


def _recompute(git: Git, ours: str, theirs: str) -> tuple[str, set[str]]:
    """Merge two commits; return the tree and the paths in conflict."""
    status, out = git.status(*_SETTINGS, *_COMMAND, ours, theirs)
    fields = out.split(b"\0")
    if status and not fields[0]:
        raise CouldNotCheck(f"the merge of {ours[:12]} and {theirs[:12]} can't be recomputed")
    return fields[0].decode(), {paths.decode(name) for name in fields[1:] if name}
