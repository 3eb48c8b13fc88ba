"""The worktrees of this clone: where each is, which task is active there, and what differs from HEAD."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from planfence.errors import CouldNotCheck
from planfence.files.plain import read_plain
from planfence.files.ranges import processors
from planfence.files.state import read_active_task
from planfence.gitio import paths
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.run import Asked, Git
from planfence.identity import worktree_maker
from planfence.records import dataclass

#: More than any worktree's `.git` has, in bytes.
_LONGEST = 1 << 14
_STATUS = (
    *("-c", "status.relativePaths=false", "status", "--porcelain=v1", "-z", "--untracked-files=all"),
    *("--no-renames", "--no-ahead-behind", "--ignore-submodules=none"),
)


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree that is where git knows it.

    ``top`` is its folder, ``git_dir`` its own git directory, ``head`` its commit (empty: none yet), ``branch`` the
    short name of its branch (empty: detached), ``task`` its active task, ``agent`` whose program made it (empty: not
    told).
    """

    top: str
    git_dir: str
    head: str
    branch: str
    task: str = ""
    agent: str = ""
    locked: bool = False
    is_main: bool = False

    @property
    def shown(self) -> str:
        """As a message names it."""
        return f"{self.top} on branch {self.branch}" if self.branch else self.top


def worktrees(repository: Repository) -> tuple[Worktree, ...]:
    """Return all worktrees that are where git knows them, the main one first. Raises :class:`CouldNotCheck`.

    Git names them, since no file says what a branch of `reftable` is. It names this one by where it stood once, if its
    folder was moved by hand (`git worktree repair`).
    """
    out = repository.git.run("worktree", "list", "--porcelain", "-z")
    git_dirs = dict(_linked(repository.common_dir_name))
    found: list[Worktree] = []
    for number, block in enumerate(out.decode("utf-8", "surrogateescape").split("\0\0")):
        told = dict(line.partition(" ")[::2] for line in block.split("\0") if line)
        is_main = number == 0
        # Before 2.48 git says a relative name as it stands, which counts from the worktree's own git directory.
        top = os.path.normpath(os.path.join(repository.common_dir_name, "worktrees", "its", told.get("worktree", "")))
        if is_main and top == repository.common_dir_name:
            top = os.fspath(repository.main_worktree())
        git_dir = repository.common_dir_name if is_main else git_dirs.get(os.path.realpath(top), "")
        if git_dir == repository.git_dir_name:
            top = repository.top_name
        # `--separate-git-dir` tells no linked worktree where the main one is.
        is_there = os.path.isdir(top) and top != git_dir if is_main else _leads(top, git_dir)
        if "bare" in told or not git_dir or not is_there:
            continue
        head, branch = told.get("HEAD", ""), told.get("branch", "").removeprefix("refs/heads/")
        head = head if head.strip("0") else ""
        task, agent = _task(git_dir), worktree_maker(top)
        found.append(Worktree(top, git_dir, head, branch, task, agent, "locked" in told, is_main))
    return tuple(found)


def _linked(common_dir: str) -> Iterator[tuple[str, str]]:
    """Yield each linked worktree's folder with its git directory (gitrepository-layout(5))."""
    folder = os.path.join(common_dir, "worktrees")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        git_dir = os.path.join(folder, name)
        try:
            said = _text(os.path.join(git_dir, "gitdir")).removesuffix("\n")
        except OSError:
            continue
        # Relative since `worktree.useRelativePaths` (git 2.48).
        yield os.path.realpath(os.path.dirname(os.path.join(git_dir, said))), git_dir


def _text(name: str) -> str:
    """A short file's text; raises :class:`OSError`, also for a pipe, which would never end."""
    return read_plain(name, _LONGEST).decode("utf-8", "surrogateescape")


def _leads(top: str, git_dir: str) -> bool:
    """Whether a folder is the linked worktree of this git directory: else git, asked there, tells of another one."""
    try:
        said = _text(os.path.join(top, ".git")).removeprefix("gitdir: ").removesuffix("\n")
    except OSError:
        return False
    return os.path.realpath(os.path.join(top, said)) == os.path.realpath(git_dir)


def lost(repository: Repository, known: Iterable[Worktree]) -> Iterator[tuple[str, str]]:
    """Yield the worktrees with an active task that are not where git knows them: where that is, and the task."""
    found = {each.git_dir for each in known}
    for top, git_dir in _linked(repository.common_dir_name):
        if git_dir not in found and (task := _task(git_dir)):
            yield top, task


def _task(git_dir: str) -> str:
    """The active task; one that can't be read is said where it is asked for, and hides no other worktree."""
    try:
        return read_active_task(os.path.join(git_dir, "planfence"))
    except CouldNotCheck:
        return ""


def here(repository: Repository, known: Iterable[Worktree]) -> Worktree | None:
    """Return the worktree that this repository was opened in; None for a bare one."""
    return next((each for each in known if each.git_dir == repository.git_dir_name), None)


def holding(folder: str, known: Iterable[Worktree]) -> Worktree | None:
    """Return the innermost of these worktrees that holds a folder, since they can lie in one another; None: none."""
    try:
        inside = f"{os.path.realpath(folder)}/" if folder else ""
    except ValueError:  # a text that names no folder
        return None
    found = [(top, each) for each in known if inside.startswith(f"{(top := os.path.realpath(each.top))}/")]
    return max(found, key=lambda pair: len(pair[0]))[1] if found else None


def opened(repository: Repository, worktree: Worktree) -> Repository:
    """Return the repository as seen from another worktree, without asking git if that is."""
    return _opened(repository, worktree.top, worktree.git_dir)


def _opened(repository: Repository, top: str, git_dir: str) -> Repository:
    if git_dir == repository.git_dir_name:
        return repository
    environment = repository.environment
    git = Git(top, environment.but(environment.for_child()), partial=repository.git.partial)
    return Repository(git, top, git_dir, repository.common_dir_name, False, repository.zero, Objects(git))


def edits(repository: Repository, asked: Sequence[tuple[str, str]]) -> Iterator[tuple[str, ...] | CouldNotCheck]:
    """Yield for each worktree (its folder, its git directory) the paths that differ from its HEAD, or why none is told.

    Those are staged, modified, deleted or new. One `git status` for each, as many at once as there are processors.
    """
    running: deque[tuple[str, Asked | CouldNotCheck]] = deque()
    waiting = deque(asked)
    try:
        for _ in asked:
            while waiting and len(running) < processors():
                there = _opened(repository, *waiting.popleft())
                running.append((there.top_name, _begun(there)))
            yield _answered(*running.popleft())
    finally:
        for _, left in running:
            if not isinstance(left, CouldNotCheck):
                left.__exit__(None, None, None)


def _begun(there: Repository) -> Asked | CouldNotCheck:
    try:
        return there.git.begin(*_STATUS)
    except CouldNotCheck as error:  # the folder was just removed, say
        return error


def _answered(top: str, answer: Asked | CouldNotCheck) -> tuple[str, ...] | CouldNotCheck:
    if isinstance(answer, CouldNotCheck):
        return answer
    try:
        return _paths(top, answer.status(ok=(0,))[1])
    except CouldNotCheck as error:
        return error


def _paths(top: str, out: bytes) -> tuple[str, ...]:
    """The paths that git's status names, but for worktrees of this clone inside this one (`.claude/worktrees/…/`)."""
    found = {paths.decode(record[3:]) for record in out.split(b"\0") if record}
    return tuple(sorted(path for path in found if not (path[-1:] == "/" and _is_linked(os.path.join(top, path)))))


def _is_linked(top: str) -> bool:
    """Whether a folder is a linked worktree, of whatever repository: its `.git` is a file that leads to one."""
    try:
        return "/worktrees/" in _text(os.path.join(top, ".git"))
    except OSError:
        return False
