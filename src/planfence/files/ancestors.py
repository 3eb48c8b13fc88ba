"""The processes above this one, as the system tells of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from planfence.records import dataclass

_MOST = 16


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One process: its words, if it is, and what it was started with (None: not told)."""

    words: tuple[str, ...]
    where: Path | None
    variables: Mapping[str, str] | None = None


def ancestors() -> Iterator[Ancestor]:
    """Yield the parent, its parent, and so on, as far as can be told. Never raises."""
    number = os.getppid()
    for _ in range(_MOST):
        if number <= 1:
            return
        found = _from_proc(number) if Path("/proc/self/stat").exists() else _from_ps(number)
        if found is None:
            return
        number, process = found
        yield process


def commit_words() -> tuple[str, ...]:
    """Return the words of the `git commit` above this process, empty if none is seen: git tells its hooks nothing."""
    for process in ancestors():
        if "commit" in process.words and process.words[0].rpartition("/")[2].startswith("git"):
            return process.words
    return ()


def _from_proc(number: int) -> tuple[int, Ancestor] | None:
    folder = Path("/proc", str(number))
    try:
        # The name in parentheses may hold anything, a parenthesis too (proc(5)).
        parent = int(folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()[1])
        words = os.fsdecode(folder.joinpath("cmdline").read_bytes()).split("\0")[:-1]
    except (OSError, ValueError, IndexError):
        return None
    try:
        where = Path(os.readlink(folder / "cwd"))
    except OSError:
        where = None
    try:
        said = os.fsdecode(folder.joinpath("environ").read_bytes()).split("\0")
        variables = {name: value for name, sign, value in (each.partition("=") for each in said) if sign}
    except OSError:
        variables = None
    return parent, Ancestor(tuple(words), where, variables)


def _from_ps(number: int) -> tuple[int, Ancestor] | None:
    """Where there is no /proc (macOS, BSD). Words with spaces come apart, which makes a push no longer understood."""
    try:
        import subprocess  # only if there is no /proc

        done = subprocess.run(
            ["ps", "-ww", "-o", "ppid=,args=", "-p", str(number)], capture_output=True, text=True, check=False
        )
        parent, *words = done.stdout.split()
        return int(parent), Ancestor(tuple(words), None)
    except (OSError, ValueError):
        return None
