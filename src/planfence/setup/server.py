"""Putting the pre-receive hook into a server's bare repository."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from planfence.boundary.receive import require_default, server_heads, server_setting
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.files.plain import read_plain
from planfence.files.state import write_atomically
from planfence.gitio.repository import Repository
from planfence.setup.install import own_launcher

_MARK = "# Written by `planfence install --server`; remove this file to take it out.\n"
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from planfence.cli.receivemain import main; sys.exit(main())"


def hook() -> bytes:
    """Return the hook's text; it names this interpreter, and if that is gone every push is refused."""
    launcher = own_launcher()
    if launcher is None:
        raise PlanfenceError("this Python has no interpreter to name", hint="install planfence into a virtualenv")
    line = f"exec {shlex.quote(launcher.python)} -I -S -c '{_START}' {shlex.quote(launcher.site)}\n"
    return os.fsencode(f"#!/bin/sh\n{_MARK}{line}")


def install_server(repository: Repository) -> Path:
    """Write the hook and return where it stands. Safe to run twice.

    A forge that keeps its own `pre-receive` runs a folder of others: Gitea and Forgejo
    `hooks/pre-receive.d`, GitLab `custom_hooks/pre-receive.d`. Raises :class:`PlanfenceError` outside a bare
    repository, before the first push, or if another hook stands in the way.
    """
    if not repository.bare:
        raise PlanfenceError(
            f"{repository.top} is not a bare repository",
            hint="run it in the server's repository; elsewhere without --server",
        )
    require_default(server_heads(repository), server_setting(repository))
    place = _place(repository)
    try:
        there = read_plain(place)
    except FileNotFoundError:
        there = b""
    except OSError as error:
        raise CouldNotCheck(f"{place} can't be read: {error.strerror}") from error
    if there and _MARK.encode() not in there:
        raise PlanfenceError(
            f"another hook stands at {place}",
            hint="call `planfence receive` from it, with its standard input, and exit with its status",
        )
    write_atomically(place, hook(), 0o777)
    return place


def _place(repository: Repository) -> Path:
    custom = repository.git_dir / "custom_hooks"
    if custom.is_dir():
        return custom / "pre-receive.d" / "planfence"
    hooks = Path(repository.git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    return hooks / "pre-receive.d" / "planfence" if (hooks / "pre-receive.d").is_dir() else hooks / "pre-receive"
