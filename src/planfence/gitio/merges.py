"""What a merge itself did: everything that the recomputed merge does not explain."""

from __future__ import annotations

import subprocess
from types import TracebackType

from planfence.core import paths
from planfence.core.change import FileChange
from planfence.errors import CouldNotCheck
from planfence.gitio.commits import parse_commit
from planfence.gitio.objects import Objects
from planfence.gitio.run import Git
from planfence.gitio.trees import TreeDiff

_COMMAND = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")


class Merges:
    """Recomputes merges (`merge-tree --write-tree`, git ≥ 2.38). A context manager.

    The merge is recomputed by git's default strategy with no configuration that could run a
    program: a merge driver or a rename limit of one clone does not decide a verdict.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._diff: TreeDiff | None = None

    def __enter__(self) -> Merges:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._diff is not None:
            self._diff.__exit__(kind, error, trace)

    def own(self, parents: tuple[str, ...], tree: str, objects: Objects) -> tuple[FileChange, ...]:
        """Return what the merge commit of these parents with this tree did itself.

        A path that merges cleanly must be as the recomputed merge has it: an evil merge, or
        `-s ours`, is seen. A path in conflict may be taken whole from one parent; any other
        resolution is the merge's own. The old side is the recomputed merge's.
        Raises :class:`CouldNotCheck` for an octopus, which can't be recomputed pairwise.
        """
        if self._diff is None:
            self._diff = TreeDiff(self._git)
        if len(parents) > 2:
            raise CouldNotCheck(
                f"a merge of {len(parents)} parents can't be recomputed", hint="merge the branches one by one"
            )
        merged, conflicted = self._recompute(parents[0], parents[1])
        differing = self._diff.diff(merged, tree)
        if not differing:
            return ()
        taken: set[str] = set()
        for parent in parents if conflicted else ():
            raw = objects.read(parent)
            if raw is None:
                raise CouldNotCheck(f"commit {parent} is missing", hint="fetch the whole history")
            changed = {file.path for file in self._diff.diff(parse_commit(raw).tree, tree)}
            taken |= conflicted - changed
        return tuple(file for file in differing if file.path not in taken)

    def _recompute(self, ours: str, theirs: str) -> tuple[str, set[str]]:
        command = [
            *self._git.command(()),
            *("-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict", "-c", "merge.renormalize=false"),
            *("-c", "merge.renameLimit=7000", "-c", "merge.default=text", "-c", "merge.conflictStyle=merge"),
            *_COMMAND, ours, theirs,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            cwd=self._git.root,
            env=self._git.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            words = done.stderr.decode("utf-8", "replace").strip()
            raise CouldNotCheck(
                f"the merge of {ours[:12]} and {theirs[:12]} can't be recomputed: {words}",
                hint="git 2.39 or later and the whole history are needed",
            )
        fields = done.stdout.split(b"\0")
        return fields[0].decode(), {paths.decode(name) for name in fields[1:] if name}
