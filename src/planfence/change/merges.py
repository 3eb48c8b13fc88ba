"""What a merge itself did: everything that the recomputed merge does not explain."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from planfence.change.change import FileChange
from planfence.change.trees import TreeDiff
from planfence.errors import CouldNotCheck
from planfence.gitio import paths
from planfence.gitio.commits import parse_commit
from planfence.gitio.isolated import BareView
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git

_SETTINGS = (
    *("-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict", "-c", "merge.renormalize=false"),
    *("-c", "merge.renameLimit=7000", "-c", "merge.conflictStyle=merge"),
)
_COMMAND = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--allow-unrelated-histories")


class Merges:
    """Recomputes merges (`merge-tree --write-tree`, git ≥ 2.38). A context manager.

    The merge is recomputed by git's default strategy in a scratch repository without any
    configuration or attributes: a merge driver or a rename limit of one clone does not decide a verdict.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._stack = ExitStack()
        self._scratch: Git | None = None
        self._diff: TreeDiff | None = None

    def __enter__(self) -> Merges:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def own(
        self, parents: tuple[str, ...], tree: str, objects: Objects
    ) -> tuple[tuple[FileChange, ...], tuple[FileChange, ...]]:
        """Return what the merge commit of these parents with this tree did itself, and what it settled.

        A path that merges cleanly must be as the recomputed merge has it: an evil merge, or
        `-s ours`, is seen. A path in conflict may be taken whole from one parent, which settles it; any other
        resolution is the merge's own. The old side is the recomputed merge's.
        Raises :class:`CouldNotCheck` for an octopus, which can't be recomputed pairwise.
        """
        if len(parents) > 2:
            raise CouldNotCheck(
                f"a merge of {len(parents)} parents can't be recomputed", hint="merge the branches one by one"
            )
        if self._scratch is None or self._diff is None:
            self._scratch = self._stack.enter_context(BareView(self._repository))
            self._diff = self._stack.enter_context(TreeDiff(self._scratch))
        merged, conflicted = _recompute(self._scratch, parents[0], parents[1])
        differing = self._diff.diff(merged, tree)
        if not differing:
            return (), ()
        taken: set[str] = set()
        for parent in parents if conflicted else ():
            raw = objects.read(parent)
            if raw is None:
                raise CouldNotCheck(f"commit {parent} is missing", hint="fetch the whole history")
            changed = {file.path for file in self._diff.diff(parse_commit(raw).tree, tree)}
            taken |= conflicted - changed
        own = tuple(file for file in differing if file.path not in taken)
        return own, tuple(file for file in differing if file.path in taken)


def _recompute(git: Git, ours: str, theirs: str) -> tuple[str, set[str]]:
    """Merge two commits; return the tree and the paths in conflict."""
    status, out = git.status(*_SETTINGS, *_COMMAND, ours, theirs)
    fields = out.split(b"\0")
    if status and not fields[0]:
        raise CouldNotCheck(f"the merge of {ours[:12]} and {theirs[:12]} can't be recomputed")
    return fields[0].decode(), {paths.decode(name) for name in fields[1:] if name}
