"""Hooks that git reads from its configuration: `hook.<name>.command`, `.event` and `.enabled` (git 2.54 and later).

They run beside the hook files and the frameworks, and `core.hooksPath` does not switch them off.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.repository import Repository
from planfence.gitio.run import git_version
from planfence.records import dataclass
from planfence.setup import frameworks, shimreader
from planfence.setup.chain import Chained, Deed
from planfence.setup.shims import NAMES

#: The first git that reads them.
SINCE = (2, 54)


@dataclass(frozen=True, slots=True)
class ConfigHook:
    """One `hook.<name>` of the configuration."""

    name: str
    command: str
    events: tuple[str, ...]
    enabled: bool

    def starts_planfence(self, event: str) -> bool:
        """Whether its command is `planfence hook EVENT`, from PATH or by an interpreter."""
        return shimreader.calls_planfence(self.command.encode(), event)

    @property
    def framework(self) -> str:
        """The hook framework that its command starts; empty if it starts none."""
        return next((tool for tool in frameworks.TOOLS if Path(self._program).name == tool), "")

    @property
    def missing(self) -> str:
        """The program that its command would start and that is not there; empty if it is."""
        return "" if shutil.which(self._program) else self._program

    @property
    def _program(self) -> str:
        try:
            return next(iter(shlex.split(self.command)), "")
        except ValueError:
            return ""


def are_read(repository: Repository) -> bool:
    """Whether this git runs hooks from its configuration."""
    return git_version(repository.git) >= SINCE


def look(repository: Repository) -> list[ConfigHook]:
    """Read the configured hooks, from every scope, as git merges them."""
    status, out = repository.git.status(
        "config", "-z", "--get-regexp", r"^hook\..*\.(command|event|enabled)$", ok=(0, 1)
    )
    found: dict[str, dict[str, list[str]]] = {}
    for entry in out.decode("utf-8", "replace").split("\0") if status == 0 else ():
        key, equals, value = entry.partition("\n")
        if key:
            name, _, field = key.removeprefix("hook.").rpartition(".")
            found.setdefault(name, {}).setdefault(field, []).append(value if equals else "true")
    return [
        ConfigHook(
            name,
            fields["command"][-1],
            # An empty value takes back the events before it.
            tuple(_after_empty(fields.get("event", []))),
            fields.get("enabled", ["true"])[-1].lower() in ("true", "yes", "on", "1"),
        )
        for name, fields in found.items()
        if "command" in fields
    ]


def _after_empty(values: list[str]) -> list[str]:
    last = max((number for number, value in enumerate(values) if not value), default=-1)
    return values[last + 1 :]


def install(repository: Repository) -> list[Chained]:
    """Name planfence for each of its events in the repository's own configuration.

    Raises :class:`PlanfenceError` if this git does not read such hooks, :class:`CouldNotCheck` if git can't write them.
    """
    if not are_read(repository):
        needed = ".".join(str(part) for part in SINCE)
        raise PlanfenceError(
            f"this git reads no hooks from its configuration: {needed} and later do",
            hint="planfence install --framework native",
        )
    there = {hook.name: hook for hook in look(repository)}
    return [_install(repository, event, there.get(_name(event))) for event in NAMES]


def _name(event: str) -> str:
    return f"planfence-{event}"


def _command(event: str) -> str:
    # Without -P a folder `planfence` of the repository would be run, without -E one that a variable names.
    return (
        f"{shlex.quote(sys.executable)} -E -P -m planfence hook {event}"
        if sys.executable
        else f"planfence hook {event}"
    )


def _install(repository: Repository, event: str, there: ConfigHook | None) -> Chained:
    wanted = _command(event)
    remark = "" if there is None or there.enabled else f"hook.{there.name}.enabled is false: git skips it"
    if there is not None and there.command == wanted and there.events == (event,):
        return Chained(event, Deed.UNCHANGED, remark)
    # The event comes last: git runs no hook that has none, so a crash in between leaves nothing half.
    for field, value in (("command", wanted), ("event", event)):
        _write(repository, "--replace-all", f"hook.{_name(event)}.{field}", value)
    return Chained(event, Deed.INSTALLED if there is None else Deed.UPDATED, remark)


def uninstall(repository: Repository) -> list[Chained]:
    """Take our sections out of the repository's own configuration; what others wrote stays."""
    return list(_uninstalled(repository))


def _uninstalled(repository: Repository) -> Iterator[Chained]:
    own = repository.git.status(
        "config", "--local", "-z", "--name-only", "--get-regexp", r"^hook\.planfence-", ok=(0, 1)
    )
    names = {key.rpartition(".")[0] for key in own[1].decode("utf-8", "replace").split("\0") if key}
    for event in NAMES:
        section = f"hook.{_name(event)}"
        if section in names:
            _write(repository, "--remove-section", section)
            yield Chained(event, Deed.REMOVED)


def _write(repository: Repository, *words: str) -> None:
    status, _ = repository.git.status("config", "--local", *words, ok=tuple(range(256)))
    if status:
        raise CouldNotCheck(
            f"git could not write its configuration (status {status})",
            hint="git config --local --list --show-origin shows the file; make it writable, and run this again",
        )
