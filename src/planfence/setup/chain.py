"""Ours in front of what is there: hooks put in and taken out by single renames.

At every instant a hook's name holds either the old hook or the finished new one. The hook
that was there is kept, as the same file, under :data:`planfence.setup.shims.CHAINED_SUFFIX`. What somebody
changed since is never overwritten: it is reported, with the way out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.state import held
from planfence.setup import shimreader, shims
from planfence.setup.hookfile import HookFile, look, same
from planfence.setup.shimreader import HookOrigin
from planfence.setup.shims import Launcher

_TEMPORARY_SUFFIX = ".planfence-tmp"
_LOCK_WAIT_S = 20.0


class Deed(StrEnum):
    """What was done to one hook."""

    INSTALLED = "installed"
    CHAINED = "installed in front of the hook that was there"
    UPDATED = "updated"
    UNCHANGED = "already installed"
    REMOVED = "removed"
    RESTORED = "removed; the hook that was there is back"
    ABSENT = "not installed"
    LEFT = "left alone"


class Chained(NamedTuple):
    """One hook's name, what was done to it, and a remark for the user (empty: none)."""

    name: str
    deed: Deed
    remark: str = ""


def install(folder: Path, launcher: Launcher | None) -> list[Chained]:
    """Put our shims in, in front of the hooks that are there; nothing is written unless all can be.

    Raises :class:`PlanfenceError` where a hook of ours was edited, or two hooks would have to
    be kept; :class:`CouldNotCheck` if the folder can't be written.
    """
    with _locked(folder, make=True):
        hooks = [look(folder, name) for name in shims.NAMES]
        for hook in hooks:
            _may_install(hook)
        return [_install(hook, launcher) for hook in hooks]


def uninstall(folder: Path) -> list[Chained]:
    """Take our shims out and put back, byte for byte, what was there before."""
    if not folder.is_dir():
        return [Chained(name, Deed.ABSENT) for name in shims.NAMES]
    with _locked(folder, make=False):
        return [_uninstall(look(folder, name)) for name in shims.NAMES]


def _may_install(hook: HookFile) -> None:
    if hook.kind is HookOrigin.EDITED:
        raise PlanfenceError(
            f"{hook.path} was edited since planfence wrote it; it was left as it is",
            hint=f"keep your own lines elsewhere, delete {hook.path}, and run `planfence install` again",
        )
    if hook.behind_framework or hook.calls_planfence:
        return
    if hook.kind is HookOrigin.FOREIGN and hook.kept is not None and not same(hook.path, hook.kept_path):
        raise PlanfenceError(
            f"{hook.path} has been replaced since planfence put itself in front of {hook.kept_path.name}; "
            "both were left as they are",
            hint=f"delete the one you do not need ({hook.kept_path} is the older), and run `planfence install` again",
        )


def _install(hook: HookFile, launcher: Launcher | None) -> Chained:
    if hook.loops:
        _uninstall(hook)
        hook = look(hook.folder, hook.name)
    if hook.behind_framework:
        return Chained(hook.name, Deed.UNCHANGED, f"it runs behind another installer's hook, as {hook.name}.legacy")
    if hook.calls_planfence:
        return Chained(hook.name, Deed.UNCHANGED, "the hook that is there calls planfence itself")
    foreign = hook.data if hook.kind is HookOrigin.FOREIGN else None
    kept = hook.kept if foreign is None else foreign
    text = shims.shim(hook.name, launcher, kept)
    if hook.data == text and hook.executable:
        return Chained(hook.name, Deed.UNCHANGED)
    if foreign is None:
        _write(hook.path, text, lambda: None)
        return Chained(hook.name, Deed.INSTALLED if hook.data is None else Deed.UPDATED)
    if hook.kept is None:
        _keep(hook)
    _write(hook.path, text, lambda: _still_kept(hook))
    return Chained(hook.name, Deed.CHAINED, _remark(hook, foreign))


def _remark(hook: HookFile, foreign: bytes) -> str:
    if not hook.executable:
        return "that hook is not executable, so git did not run it before and does not now"
    if tool := shimreader.generated_by(foreign):
        return f"that hook runs the stages of {tool}, after planfence"
    return ""


def _still_kept(hook: HookFile) -> None:
    """Between keeping the old hook and replacing it, nobody may have written another."""
    if not same(hook.path, hook.kept_path):
        raise CouldNotCheck(
            f"{hook.path} changed while planfence was being installed; it was left as it is",
            hint=f"delete {hook.kept_path} and run `planfence install` again",
        )


def _uninstall(hook: HookFile) -> Chained:
    with _written(hook.folder):
        _temporary(hook.path).unlink(missing_ok=True)
        if hook.kind is HookOrigin.EDITED:
            return Chained(hook.name, Deed.LEFT, f"{hook.path} was edited since planfence wrote it: delete it yourself")
        if hook.kind is HookOrigin.OURS or hook.data is None:
            return _take_out(hook, hook.path)
        if hook.legacy is not None and shimreader.classify(hook.legacy) is HookOrigin.OURS:
            if hook.loops:
                hook.kept_path.unlink()
            return _take_out(hook, hook.folder / f"{hook.name}.legacy")
        if hook.kept is None:
            return Chained(hook.name, Deed.ABSENT)
        if same(hook.path, hook.kept_path):
            hook.kept_path.unlink()
            return Chained(hook.name, Deed.RESTORED)
        return Chained(
            hook.name,
            Deed.LEFT,
            f"{hook.path} was replaced by something else; {hook.kept_path} holds what was there before planfence",
        )


def _take_out(hook: HookFile, ours: Path) -> Chained:
    if os.path.lexists(hook.kept_path):
        os.replace(hook.kept_path, ours)
        return Chained(hook.name, Deed.RESTORED)
    if not os.path.lexists(ours):
        return Chained(hook.name, Deed.ABSENT)
    ours.unlink()
    return Chained(hook.name, Deed.REMOVED)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + _TEMPORARY_SUFFIX)


def _keep(hook: HookFile) -> None:
    """Give the hook that is there its second name; as a copy if the file system has no hard links."""
    with _written(hook.folder):
        try:
            os.link(hook.path, hook.kept_path, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:
            temporary = _temporary(hook.kept_path)
            temporary.unlink(missing_ok=True)
            shutil.copy2(hook.path, temporary, follow_symlinks=False)
            os.replace(temporary, hook.kept_path)


def _write(path: Path, data: bytes, last_look: Callable[[], None]) -> None:
    """Put a finished, executable file in place by one rename, after a last look."""
    temporary = _temporary(path)
    with _written(path.parent):
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o777)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            last_look()
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CouldNotCheck(
            f"the hooks folder {folder} could not be written: {error.strerror}",
            hint="make it writable, or point core.hooksPath at a folder that is, and run it again",
        ) from error


@contextmanager
def _locked(folder: Path, *, make: bool) -> Iterator[None]:
    """Hold the folder against another install. The lock is on the folder itself, so it leaves no file."""
    with _written(folder):
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with held(descriptor, _LOCK_WAIT_S, f"another installation holds {folder}"):
        yield
