"""A scratch repository over the real one's objects, deaf to its configuration, attributes, index and worktree.

Merge drivers, `.git/info/attributes`, a worktree's `.gitattributes` and `core.attributesFile` change
what `merge-tree` writes, what numstat counts and what a patch shows. A verdict must not depend on one clone's
settings. And `diff-tree` reads a file of the worktree in place of a blob, if the file's stat seems to match the index
(diff.c, reuse_worktree_file). So whatever compares the contents of trees asks here; only `--raw` without renames reads
no contents. What is written (recomputed merges) goes away with it: nothing lands in the real object store, which may be
a server's quarantine or not writable at all.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from planfence.errors import CouldNotCheck
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git

_DROPPED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_QUARANTINE_PATH",
)


class BareView:
    """A context manager that gives a :class:`Git` whose repository has only objects."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._folder: Path | None = None
        self._held = -1

    def __enter__(self) -> Git:
        repository, git = self._repository, self._repository.git
        try:
            self._folder = _new_folder(git.environment.get("TMPDIR"))
            self._held = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with suppress(OSError):  # not every file system can
                fcntl.flock(self._held, fcntl.LOCK_SH)  # until this process ends: see `sweep` of files/private.py
            _write(self._folder, objects_folder(repository), sha256=len(repository.zero) == 64)
            # Where a shallow clone ends: git 2.55 merges nothing if it meets a commit that is not here.
            (self._folder / "shallow").symlink_to((repository.git.root / repository.common_dir / "shallow").absolute())
        except OSError as error:
            self.__exit__()
            raise CouldNotCheck(f"no scratch folder can be made: {error}", hint="set TMPDIR") from error
        kept = {name: value for name, value in git.variables.items() if name not in _DROPPED}
        alone = {"GIT_DIR": str(self._folder), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return Git(self._folder, git.environment.but(kept | alone), git.program)

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            _remove(self._folder)
        if self._held >= 0:
            os.close(self._held)


def objects_folder(repository: Repository) -> str:
    """Return where the objects are: what `rev-parse --git-path objects` says (path.c), as an absolute name."""
    named = repository.environment.get("GIT_OBJECT_DIRECTORY") or os.path.join(repository.common_dir_name, "objects")
    return os.path.join(repository.git.root.absolute(), named)


def _new_folder(named: str | None) -> Path:
    """As `tempfile.mkdtemp`, which a refusal would have to load first; it is asked where this fails."""
    folder = Path(named or "/tmp", f"planfence-{os.urandom(8).hex()}")  # noqa: S108 - the name can't be foreseen
    try:
        folder.mkdir(0o700)
    except OSError:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="planfence-"))
    return folder


def _remove(folder: Path) -> None:
    """As `shutil.rmtree`: what can't be removed is left to the system's own cleaning."""
    for root, folders, files in os.walk(folder, topdown=False):
        for remove, names in ((os.unlink, files), (os.rmdir, folders)):
            for name in names:
                with suppress(OSError):
                    remove(os.path.join(root, name))
    with suppress(OSError):
        folder.rmdir()


def _write(folder: Path, objects: str, *, sha256: bool) -> None:
    (folder / "objects/info").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    (folder / "objects/info/alternates").write_bytes(os.fsencode(f"{objects}\n"))
    settings = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tattributesFile = /dev/null\n"
    if sha256:
        settings += "[extensions]\n\tobjectFormat = sha256\n"
    (folder / "config").write_text(settings)
