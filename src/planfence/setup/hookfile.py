"""What stands in the place of one hook, read from its folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.plain import read_plain
from planfence.records import dataclass
from planfence.setup import shimreader
from planfence.setup.shimreader import HookOrigin
from planfence.setup.shims import CHAINED_SUFFIX


@dataclass(frozen=True, slots=True)
class HookFile:
    """What stands in one hook's place.

    ``data`` is None if nothing does. ``kept`` is the hook behind ours; ``legacy`` the
    shim of ours that another installer has put behind its own hook (`NAME.legacy`).
    """

    folder: Path
    name: str
    data: bytes | None
    executable: bool
    kept: bytes | None
    legacy: bytes | None

    @property
    def kind(self) -> HookOrigin | None:
        """Whose the hook is; None if there is none."""
        return None if self.data is None else shimreader.classify(self.data)

    @property
    def behind_framework(self) -> bool:
        """Whether ours runs as the `.legacy` hook of another installer's."""
        return self.kind is HookOrigin.FOREIGN and self.legacy is not None

    @property
    def calls_planfence(self) -> bool:
        """Whether somebody's own hook calls planfence itself, so that ours in front of it would be twice."""
        own = self.data or b""
        if self.folder.parts[-2:] == (".husky", "_"):
            # husky runs the hook of this name in the folder above.
            own += b"\n" + (_read(self.folder.parent / self.name) or b"")
        return self.kind is HookOrigin.FOREIGN and shimreader.calls_planfence(own, self.name)

    @property
    def loops(self) -> bool:
        """Whether a framework's hook would start itself again: it took ours for a hook to keep, and ours kept it."""
        return self.behind_framework and bool(shimreader.generated_by(self.kept))

    @property
    def path(self) -> Path:
        """Where git looks for the hook."""
        return self.folder / self.name

    @property
    def kept_path(self) -> Path:
        """Where the hook behind ours is kept."""
        return self.folder / (self.name + CHAINED_SUFFIX)


def look(folder: Path, name: str) -> HookFile:
    """Read what stands in a hook's place. Raises :class:`CouldNotCheck` if it can't be read."""
    path = folder / name
    legacy = _read(folder / f"{name}.legacy")
    return HookFile(
        folder=folder,
        name=name,
        data=_read(path),
        executable=os.access(path, os.X_OK),
        kept=_read(folder / (name + CHAINED_SUFFIX)),
        legacy=legacy if legacy is not None and shimreader.classify(legacy) is not HookOrigin.FOREIGN else None,
    )


def _read(path: Path) -> bytes | None:
    """The content of a hook; empty for a dangling link, which git takes for no hook; None for nothing."""
    try:
        return read_plain(path)
    except FileNotFoundError:
        return b"" if path.is_symlink() else None
    except NotADirectoryError:
        return None
    except IsADirectoryError as error:
        raise PlanfenceError(f"{path} is not a hook: {error.strerror}", hint="move it away and try again") from error
    except OSError as error:
        raise CouldNotCheck(f"{path} could not be read: {error.strerror}") from error


def same(first: Path, second: Path) -> bool:
    """Whether two names hold the same file, or equal ones: kind, mode, and bytes or target."""
    try:
        one, two = first.lstat(), second.lstat()
        if os.path.samestat(one, two):
            return True
        if one.st_mode != two.st_mode:
            return False
        if stat.S_ISLNK(one.st_mode):
            return os.readlink(first) == os.readlink(second)
        return read_plain(first) == read_plain(second)
    except FileNotFoundError:
        return False
