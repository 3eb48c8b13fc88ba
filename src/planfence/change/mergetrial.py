"""What `git merge` would do in this clone, tried out: with the user's own configuration, attributes and merge drivers.

The verdicts' merges (`change/merges.py`) are deaf to all of that, since they must come out alike everywhere; a forecast
must come out as the merge that it is about. Nothing is written to the repository: new objects go to a scratch folder.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from planfence.errors import CouldNotCheck
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git, git_version
from planfence.records import dataclass

#: Since then `git merge` reads `diff.algorithm`, which merge-tree, a plumbing command, does not.
_READS_ALGORITHM = (2, 46)
_ATTRIBUTES = b".gitattributes"
#: What `pull.twohead` may say: all of it is the strategy that merge-tree knows.
_STRATEGIES = ("", "ort", "recursive")
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "planfence"), ("EMAIL", "planfence@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a merge: a commit, and how git calls it (a branch's short name)."""

    commit: str
    name: str


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge comes to: ``files`` would be left in conflict, ``tree`` is what git writes.

    ``unrelated``: the two have no common commit, and git refuses to merge them; then there is no tree.
    """

    tree: str = ""
    files: tuple[str, ...] = ()
    unrelated: bool = False

    @property
    def clean(self) -> bool:
        """Whether nobody is asked to resolve anything."""
        return not self.files and not self.unrelated


class MergeTrials:
    """A context manager; `merge-tree --write-tree --stdin` does the merging (git ≥ 2.39)."""

    def __init__(self, repository: Repository) -> None:
        strategy = repository.git.text("config", "--get", "pull.twohead", ok=(0, 1))
        if strategy not in _STRATEGIES:
            raise CouldNotCheck(
                f"`git merge` merges by `{strategy}` here (pull.twohead), which can't be tried out",
                hint="git config --unset pull.twohead",
            )
        self._repository = repository
        self._folder = tempfile.TemporaryDirectory(prefix="planfence-merge-")
        self._root = Path(self._folder.name)
        self._git = self._scratch()
        self._options = self._asked()
        self._ours = ""

    def __enter__(self) -> MergeTrials:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def _scratch(self) -> Git:
        """Git with this clone's configuration, an own place for new objects, and an empty worktree."""
        repository, root = self._repository, self._root
        (root / "tree").mkdir()
        (root / "objects/info").mkdir(parents=True)
        objects = os.path.abspath(os.path.join(repository.common_dir_name, "objects"))
        (root / "objects/info/alternates").write_bytes(os.fsencode(f"{objects}\n"))
        environment = repository.environment
        own = {
            "GIT_DIR": os.path.abspath(repository.git_dir_name),
            "GIT_WORK_TREE": str(root / "tree"),
            "GIT_INDEX_FILE": str(root / "index"),
            "GIT_OBJECT_DIRECTORY": str(root / "objects"),
        }
        return Git(root / "tree", environment.but(environment.for_child() | own), partial=repository.git.partial)

    def _asked(self) -> tuple[str, ...]:
        algorithm = self._git.text("config", "--get", "diff.algorithm", ok=(0, 1))
        reads = bool(algorithm) and git_version(self._git) >= _READS_ALGORITHM
        return ("-X", f"diff-algorithm={algorithm}") if reads else ()

    def merges(self, ours: Side, theirs: Sequence[Side]) -> list[MergeResult]:
        """Say what merging each of ``theirs`` into ``ours`` comes to, each by itself, in their order."""
        self._check_out_attributes(ours.commit)
        found: list[MergeResult] = []
        while len(found) < len(theirs):
            rest = theirs[len(found) :]
            asked = "".join(f"{ours.commit} {each.commit}\n" for each in rest).encode()
            options = ("merge-tree", "--write-tree", "--stdin", "-z", "--name-only", "--no-messages", *self._options)
            system = {"GIT_ATTR_NOSYSTEM": "0"}  # as for the merge itself
            status, out = self._git.status(*options, stdin=asked, ok=range(256), variables=system)
            outcomes = _outcomes(out)
            found += [_named(each, ours, other) for each, other in zip(outcomes, rest, strict=False)]
            if status == 0 and len(outcomes) == len(rest):
                break
            if len(outcomes) >= len(rest) or not self._unrelated(ours, rest[len(outcomes)]):
                self._git.run(*options, stdin=asked, variables=system)  # git's own words say why
                raise CouldNotCheck(f"the merges into {ours.name} can't be tried out")
            found.append(MergeResult(unrelated=True))
        return found

    def _unrelated(self, ours: Side, theirs: Side) -> bool:
        return self._git.status("merge-base", ours.commit, theirs.commit, ok=(0, 1))[0] == 1

    def committed(self, tree: str, parents: Sequence[str]) -> str:
        """Return a commit of this tree, known here alone, to be merged into in its turn."""
        options = [word for parent in parents for word in ("-p", parent)]
        out = self._git.run("commit-tree", tree, *options, "--no-gpg-sign", "-m", "a trial", variables=_IDENTITY)
        return out.decode().strip()

    def _check_out_attributes(self, commit: str) -> None:
        """Give git the `.gitattributes` of the side that is merged into: it reads them in its worktree alone."""
        if commit == self._ours:
            return
        tree = os.fsencode(self._root / "tree")
        shutil.rmtree(tree)
        os.mkdir(tree)
        for mode, name, path in self._git.entries(commit):
            parts = path.split(b"/")
            if parts[-1] == _ATTRIBUTES and stat.S_ISREG(mode) and not {b"", b".", b".."} & {*parts}:
                place = os.path.join(tree, path)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "wb") as file:
                    file.write(self._git.run("cat-file", "blob", name))
        self._ours = commit


def _outcomes(out: bytes) -> list[MergeResult]:
    """Read what `--stdin` answers: for each merge a status, a tree, the files in conflict, and an empty field."""
    found = []
    fields = iter(out.split(b"\0"))
    for status in fields:
        if status not in (b"0", b"1"):
            break
        tree = next(fields, b"")
        names = []
        for name in fields:
            if not name:
                break
            names.append(name)
        files = tuple(sorted({paths.decode(name) for name in names})) if status == b"0" else ()
        found.append(MergeResult(tree.decode("ascii", "replace"), files))
    return found


def _named(outcome: MergeResult, ours: Side, theirs: Side) -> MergeResult:
    """With the names that a merge gives to files that can't both stay: `file~HEAD`, `file~BRANCH` (merge-ort.c)."""
    own, other = f"~{ours.commit}", f"~{theirs.commit}"
    if not any(own in name or other in name for name in outcome.files):
        return outcome
    label = "~" + theirs.name.replace("/", "_")
    return MergeResult(
        outcome.tree, tuple(sorted(name.replace(own, "~HEAD").replace(other, label) for name in outcome.files))
    )
