"""Where the repository is: its worktree, its own and its common git directory, its object format."""

from __future__ import annotations

import os
from collections.abc import Callable

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.run import Git, too_old
from planfence.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_QUESTION = (
    *("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"),
    *("--is-bare-repository", "--show-object-format"),
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as seen from one worktree.

    ``top`` is the top of the worktree (of a bare repository: its git directory), ``git_dir``
    this worktree's own git directory, ``common_dir`` the one that all worktrees share.
    ``zero`` is the null id in this repository's object format, ``objects`` what reads them: one process for whoever
    has the repository. The folders are kept as names, for what has no time to load `pathlib`.
    """

    git: Git
    top_name: str
    git_dir_name: str
    common_dir_name: str
    bare: bool
    zero: str
    objects: Objects = field(repr=False, compare=False)

    @property
    def top(self) -> Path:
        """See the class."""
        return _path(self.top_name)

    @property
    def git_dir(self) -> Path:
        """See the class."""
        return _path(self.git_dir_name)

    @property
    def common_dir(self) -> Path:
        """See the class."""
        return _path(self.common_dir_name)

    @property
    def environment(self) -> Environment:
        """The environment that the repository is read with."""
        return self.git.environment

    @property
    def state_name(self) -> str:
        """This worktree's own state: the active task, what the last hooks saw."""
        return os.path.join(self.git_dir_name, "planfence")

    @property
    def state_dir(self) -> Path:
        """The same as a path."""
        return _path(self.state_name)

    @property
    def cache_dir(self) -> Path:
        """What can be made again, shared by all worktrees."""
        return self.common_dir / "planfence" / "cache"

    def main_worktree(self) -> Path:
        """The top of the main worktree; if git knows of none, the common git directory.

        `worktree list` names the main worktree first. That of a bare repository is the git directory (gitworktrees has
        `bare` behind it), and so it is, to a linked worktree, for `--separate-git-dir`, unless `core.worktree` says
        where it is, as for a submodule.
        """
        if self.git_dir == self.common_dir:
            return self.top
        lines = self.git.run("worktree", "list", "--porcelain", "-z").partition(b"\0\0")[0].split(b"\0")
        first = _path(lines[0].removeprefix(b"worktree ").decode("utf-8", "surrogateescape"))
        if b"bare" in lines:
            return self.common_dir
        if first != self.common_dir:
            return first
        status, out = self.git.status("config", "--file", os.path.join(self.common_dir_name, "config"), "core.worktree")
        named = out.decode("utf-8", "surrogateescape").removesuffix("\n")
        return _path(os.path.normpath(os.path.join(self.common_dir_name, named))) if status == 0 and named else first

    def is_id(self, text: str) -> bool:
        """Whether a text is a whole object id in this repository's format."""
        return len(text) == len(self.zero) and not text.strip("0123456789abcdef")

    def empty_tree(self) -> str:
        """The empty tree's id, which differs between object formats."""
        return self.git.text("hash-object", "-t", "tree", "--stdin", stdin=b"")


def branch_of(repository: Repository) -> str:
    """Return the short name of the branch that HEAD is on; empty if it is on none."""
    return repository.git.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1, 128)).removeprefix("refs/heads/")


def _path(name: str) -> Path:
    from pathlib import Path

    return Path(name)


def open_repository(environment: Environment, cwd: str | Path, meanwhile: Callable[[], object] = int) -> Repository:
    """Find the repository that ``cwd`` is in; ``meanwhile`` is called while git looks.

    Raises :class:`PlanfenceError` outside a repository, :class:`CouldNotCheck` where git
    refuses to read it (dubious ownership) or is missing.
    """
    git = Git(cwd, environment)
    with git.begin(*_QUESTION, "--show-toplevel") as asked:
        meanwhile()
        _, out = asked.status(ok=(0, 128))
    words = out.decode("utf-8", "surrogateescape").split("\n")
    bare = words[2:3] == ["true"]  # then git says all but the last, which there is not
    if len(words) == 6 - bare and words[2] in ("true", "false"):
        git_dir, common_dir, zero, top = words[0], words[1], _zero(words[3]), words[0] if bare else words[4]
        found = Git(top, environment, partial=_is_partial(common_dir))
        return Repository(found, top, git_dir, common_dir, bare, zero, Objects(found))
    return _open_unusual(git, cwd)


def _zero(object_format: str) -> str:
    return "0" * (64 if object_format == "sha256" else 40)


def _open_unusual(git: Git, cwd: str | Path) -> Repository:
    """Open a repository that has no worktree, or a newline in a folder's name, or that can't be opened."""
    status, out = git.status(*_QUESTION, ok=(0, 128))
    if status == 128:
        raise _unreadable(git)
    if out[:1] == b"-" and (error := too_old(git)):  # before 2.31 rev-parse echoes the options that it does not know
        raise error
    folders, is_bare, object_format, _ = out.decode("utf-8", "surrogateescape").rsplit("\n", 3)
    (git_dir, common_dir), bare = _two_folders(folders), is_bare == "true"
    top = git_dir if bare else _top(git, cwd, git_dir)
    found = Git(top, git.environment, partial=_is_partial(common_dir))
    return Repository(found, top, git_dir, common_dir, bare, _zero(object_format), Objects(found))


def _is_partial(common_dir: str) -> bool:
    """Whether the clone left objects out (`clone --filter`): each pack of such a fetch has a `.promisor` beside it."""
    try:
        return any(name.endswith(".promisor") for name in os.listdir(os.path.join(common_dir, "objects", "pack")))
    except OSError:
        return False


def _two_folders(lines: str) -> tuple[str, str]:
    """Part git's two lines, the git directory and the common one, also if a folder's name holds a newline.

    The common directory is the git directory itself, or a folder above it.
    """
    first, _, second = lines.partition("\n")
    if "\n" in second:
        breaks = (place for place, letter in enumerate(lines) if letter == "\n")
        pairs = ((lines[:place], lines[place + 1 :]) for place in breaks)
        first, second = next(((a, b) for a, b in pairs if a == b or a.startswith(f"{b}/worktrees/")), (first, second))
    return first, second


def _top(git: Git, cwd: str | Path, git_dir: str) -> str:
    status, out = git.status("rev-parse", "--path-format=absolute", "--show-toplevel", ok=(0, 128))
    if status == 0:
        return out.decode("utf-8", "surrogateescape").removesuffix("\n")
    if _path(os.fspath(cwd)).resolve().is_relative_to(git_dir):
        raise PlanfenceError(f"{cwd} is inside the git directory", hint="change into the worktree and run it again")
    raise CouldNotCheck("git does not say where the worktree is", hint="run `git rev-parse --show-toplevel`")


def _unreadable(git: Git) -> PlanfenceError:
    """Tell a folder outside any repository from one that git refuses to read."""
    try:
        git.run("rev-parse", "--git-dir")
    except CouldNotCheck as error:
        if "not a git repository" in error.message:
            return PlanfenceError(
                f"{git.folder} is not in a git repository", hint="run `git init`, or change directory"
            )
        return error
    return CouldNotCheck("git could not describe this repository", hint="run `planfence doctor`")
