"""A worktree for one task: made with its branch, and taken away once its work is on the base and nothing is in it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from planfence.change.merges import Merges
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.plain import read_plain
from planfence.gate import stage
from planfence.gate.stage import Moved, StartOptions
from planfence.gate.status import place_of
from planfence.gate.testrun import link
from planfence.gitio import paths
from planfence.gitio.repository import Repository, branch_of, open_repository
from planfence.gitio.worktrees import Worktree, here, opened, worktrees
from planfence.inert import listed
from planfence.judge.attribution import active_task
from planfence.judge.situation import Scene, look
from planfence.ledger.records import base_refs
from planfence.ledger.stages import Stage
from planfence.log.writer import exclude, ignored_by
from planfence.records import dataclass

#: What git leaves in a worktree's own directory while something is not finished there (wt-status.c).
_UNFINISHED = (
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_LOG",
    "rebase-merge",
    "rebase-apply",
    "sequencer",
    "NOTES_MERGE_WORKTREE",
)
_COMES_BACK = ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START")
#: What each worktree has for itself (git-worktree(1)); with their commits they go away with it.
_OWN_REFS = ("refs/worktree", "refs/bisect", "refs/rewritten")
_ALL = (
    *("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames"),
    "--ignore-submodules=none",
)
_WORDS = {"??": "untracked", "!!": "ignored"}
_SHOWN = 5


def start_apart(scene: Scene, folder: Path | None, wish: StartOptions) -> Moved:
    """Make a branch `<plan>/<task>` from HEAD and a worktree of it, and start the task there (as :func:`stage.start`).

    ``folder`` None: beside the main worktree. A branch of that name that is there is taken as it is. The policy's
    `links` lead to the main worktree's. What is refused leaves nothing behind. Raises :class:`PlanfenceError`.
    """
    repository = scene.repository
    top = folder or _beside(repository, scene)
    if os.path.lexists(top) and (not top.is_dir() or any(top.iterdir())):
        raise PlanfenceError(f"{top} is there already", hint=f"planfence start {scene.name} --worktree DIR")
    branch, git = scene.name, repository.git
    is_new = git.status("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")[0] != 0
    try:
        if is_new:  # by itself, so that it is known whose it is
            git.run("branch", "--no-track", branch, scene.head)
    except CouldNotCheck as error:
        raise PlanfenceError(f"git made no branch {branch}: {error.message}", hint=error.hint) from error
    try:
        git.run("worktree", "add", "--quiet", str(top), branch)
    except CouldNotCheck as error:
        _undo(repository, None, branch if is_new else "", scene.head)
        hint = f"planfence start {scene.name} --worktree DIR"
        raise PlanfenceError(f"git made no worktree in {top}: {error.message}", hint=hint) from error
    try:
        environment = repository.environment
        there = open_repository(environment.but(environment.for_child()), top)
        _lead(repository, there, scene)
        moved = stage.start(look(there, scene.name), wish)
    except BaseException:
        _undo(repository, top, branch if is_new else "", scene.head)
        raise
    if moved.refused:
        _undo(repository, top, branch if is_new else "", scene.head)
    return moved


def _beside(repository: Repository, scene: Scene) -> Path:
    main = repository.main_worktree()
    prefix = "" if main == repository.common_dir else f"{main.name}-"
    place = main.parent / f"{prefix}{scene.task.id}"
    return main.parent / f"{prefix}{scene.plan.id}-{scene.task.id}" if os.path.lexists(place) else place


def _lead(repository: Repository, there: Repository, scene: Scene) -> None:
    """Make the links, and see to it that git takes neither them nor the worktree for new files."""
    known = worktrees(repository)
    main = next((each for each in known if each.is_main), None)
    source = opened(repository, main) if main else repository
    link(source, scene.policy.tests.links, there.top)
    made = [name for name in scene.policy.tests.links if (there.top / name).is_symlink()]
    for name in made:  # `node_modules/` in a .gitignore names no link
        if there.git.status("check-ignore", "--quiet", "--", name)[0] != 0:
            exclude(repository, ignored_by(name).removesuffix("*"))
    above = [each for each in known if there.top.is_relative_to(each.top) and Path(each.top) != there.top]
    for each in above:
        inside = there.top.relative_to(each.top).as_posix()
        if opened(repository, each).git.status("check-ignore", "--quiet", "--", f"{inside}/")[0] != 0:
            exclude(repository, ignored_by(inside).removesuffix("*") + "/")


def _undo(repository: Repository, top: Path | None, branch: str, head: str) -> None:
    """Take away what was made a moment ago, and holds nothing of anybody's."""
    if top:
        repository.git.status("worktree", "remove", "--force", str(top), ok=range(256))
    if branch:
        _delete(repository, branch, head)


def _delete(repository: Repository, branch: str, head: str) -> bool:
    """Delete a branch if it is still at this commit and no worktree stands on it, or is to come back to it.

    `git branch -D` asks only who uses it, and would take a commit along that came to it a moment ago.
    """
    named = [os.fsencode(f"{prefix}{branch}") for prefix in ("refs/heads/", "")]
    for each in worktrees(repository):
        begun = (Path(each.git_dir) / name for name in _COMES_BACK)
        if each.branch == branch or any(_may_hold(place, named) for place in begun):
            return False
    if repository.git.status("update-ref", "-d", f"refs/heads/{branch}", head, ok=(0, 1, 128))[0] != 0:
        return False
    repository.git.status("config", "--remove-section", f"branch.{branch}", ok=range(256))
    return True


def _may_hold(place: Path, names: Collection[bytes]) -> bool:
    """Whether a note of git's holds one of these names; so it may if it can't be read."""
    try:
        return read_plain(place).strip() in names
    except FileNotFoundError:
        return False
    except OSError:
        return True


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a worktree: ``kept`` are reasons why it is still there; ``branch`` (empty: none) was deleted too.

    ``moved`` is the task's own move, None if it was finished before; ``main`` is where the person is to go.
    """

    top: str
    task: str
    moved: Moved | None
    kept: tuple[str, ...] = ()
    branch: str = ""
    main: str = ""


def finish_and_remove(repository: Repository, wanted: str = "") -> Removal:
    """Finish a task if it is not finished yet; take its worktree away if its work is on the base and nothing is in it.

    Raises :class:`PlanfenceError` if the task is worked on in no linked worktree.
    """
    if not wanted and not active_task(repository):
        wanted = branch_of(repository)  # as `start --worktree` names it
    there = place_of(repository, wanted)
    scene = look(there, wanted)
    known = worktrees(there)
    place = here(there, known)
    if place is None or place.is_main:
        raise PlanfenceError(
            f"{scene.name} has no worktree of its own: {there.top} is the main one, which stays",
            hint=f"planfence finish {scene.name}",
        )
    moved = None
    if scene.stage is not Stage.DONE or place.task == scene.name:
        moved = stage.finish(scene)
        if moved.refused:
            return Removal(place.top, scene.name, moved, ("the task is not finished",))
    main = os.fspath(repository.main_worktree())
    kept, branch = tuple(_work_in(there, place, scene)), ""
    if not kept:
        try:
            branch = _remove(there, scene)
        except CouldNotCheck as error:  # as with submodules, which may hold commits of their own
            kept = (error.message,)
    return Removal(place.top, scene.name, moved, kept, branch, main)


def _work_in(repository: Repository, place: Worktree, scene: Scene) -> Iterator[str]:
    """Say all that would be lost or disturbed; nothing if the worktree may go."""
    if place.locked:
        yield f"it is locked (git worktree unlock {place.top})"
    if place.task not in ("", scene.name):
        yield f"{place.task} is active in it"
    unfinished = [name for name in _UNFINISHED if os.path.lexists(os.path.join(place.git_dir, name))]
    if unfinished:
        yield f"git is in the middle of something there ({unfinished[0]})"
    found: dict[str, list[str]] = {}
    for record in repository.git.run(*_ALL).split(b"\0"):
        path = paths.decode(record[3:])
        if record and not _is_link(repository, scene, path):
            found.setdefault(_WORDS.get(record[:2].decode(), "changed"), []).append(path)
    for record in repository.git.run("ls-files", "-v", "-z").split(b"\0"):
        # `--assume-unchanged` and `--skip-worktree` hide what a file holds from git's status.
        path = paths.decode(record[2:])
        if record and (record[:1].islower() or record[:1] == b"S") and os.path.lexists(repository.top / path):
            found.setdefault("hidden from git's status", []).append(path)
    if refs := repository.git.refs(*_OWN_REFS):
        found["its own refs"] = list(refs)
    for word, names in found.items():
        yield f"{word}: {listed(names, _SHOWN)}"
    if not _is_merged(repository, scene):
        yield f"its commits are not on {scene.policy.base}"


def _is_link(repository: Repository, scene: Scene, path: str) -> bool:
    name = path.rstrip("/")
    return name in scene.policy.tests.links and (repository.top / name).is_symlink()


def _is_merged(repository: Repository, scene: Scene) -> bool:
    """Whether the base has the work: the commits, or, after a squash, all that they change."""
    refs = base_refs(repository, scene.policy.base)
    if any(repository.git.is_ancestor(scene.head, ref) for ref in refs):
        return True
    for ref in refs:
        commit, tree = repository.git.text("rev-parse", f"{ref}^{{commit}}", f"{ref}^{{tree}}").split()
        with Merges(repository) as merges:
            if merges.merged(commit, scene.head) == tree:
                return True
    return False


def _remove(repository: Repository, scene: Scene) -> str:
    """Remove the worktree, and its branch if the base has all of its commits; return that branch."""
    branch = branch_of(repository)
    outside = opened(repository, worktrees(repository)[0])  # the main one, if there is one
    places = [repository.top / name for name in scene.policy.tests.links]
    links = {path: os.readlink(path) for path in places if path.is_symlink()}
    for path in links:
        path.unlink()
    try:
        outside.git.run("worktree", "remove", repository.top_name)  # which looks once more for changes
    except CouldNotCheck:
        for path, target in links.items():
            with suppress(OSError):
                path.symlink_to(target)
        raise
    is_merged = any(outside.git.is_ancestor(scene.head, ref) for ref in base_refs(outside, scene.policy.base))
    may_go = branch and is_merged and not scene.policy.guards(branch)
    return branch if may_go and _delete(outside, branch, scene.head) else ""
