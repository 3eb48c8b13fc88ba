"""What became of tasks, by the history: merged, reverted, mended, their lines changed again; read as one stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from planfence.change.message import NO_TASK, parse, reverted
from planfence.gitio.repository import Repository
from planfence.gitio.streaming import stream
from planfence.report.linerework import HunkRange, TaskCommit

_TASK = re.compile(r"^Plan-Task:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
#: How the forges' buttons begin, which may name a title and a request and no commit.
_BUTTONS = ('Revert "', 'Reapply "')
_REQUEST = re.compile(r"\(#(\d+)\)$|^Merge pull request #(\d+) ")
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{7,64})", re.MULTILINE)
#: The kernel's trailer: `Fixes: 54a4f0239f2e ("subject")`.
_FIXES = re.compile(r"^Fixes:[ \t]*([0-9a-f]{7,64})\b", re.MULTILINE)
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class HistoryCommit(NamedTuple):
    """One commit: its id, its committer time (seconds since the epoch), its task, and the ids it reverts or fixes."""

    id: str
    epoch: int
    task: str
    reverts: tuple[str, ...]
    fixes: tuple[str, ...]


def commits(repository: Repository) -> list[HistoryCommit]:
    """All commits of HEAD's history, oldest first; none if there is no commit yet."""
    git = repository.git
    if git.status("rev-parse", "--verify", "--quiet", "HEAD^{commit}")[0] != 0:
        return []
    text = git.run("log", "-z", "--reverse", "--format=%H%n%ct%n%B", "HEAD").decode("utf-8", "replace")
    found = []
    named: dict[str, str] = {}
    for entry in text.split("\0"):
        identity, _, rest = entry.partition("\n")
        epoch, _, message = rest.partition("\n")
        if epoch:
            task = [name for name in _TASK.findall(message) if name != NO_TASK]
            reverts, fixes = tuple(_REVERTS.findall(message)), tuple(_FIXES.findall(message))
            subject = message.partition("\n")[0]
            if not reverts and subject.startswith(_BUTTONS):
                said = reverted(parse(message))
                target = (named.get(f"#{said.request}") or named.get(said.title or "\n")) if said else None
                reverts = (target,) if target else ()
            number = _REQUEST.search(subject)
            named |= {subject: identity} | ({f"#{number[1] or number[2]}": identity} if number else {})
            found.append(HistoryCommit(identity, int(epoch), task[-1] if task else "", reverts, fixes))
    return found


def steps(repository: Repository, since: int, tasks: dict[str, str]) -> Iterator[TaskCommit]:
    """The first-parent history since then, oldest first, as hunks; ``tasks`` maps commit ids to tasks."""
    options = ("--reverse", "--first-parent", "-m", "-p", "-U0", "--no-renames", "--no-ext-diff", "--no-textconv")
    with stream(
        repository.git, "log", *options, "--no-color", "--format=commit %H %ct", f"--since={since}", "HEAD"
    ) as process:
        assert process.stdout is not None
        yield from _parse(process.stdout, tasks)


def _parse(stream: IO[bytes], tasks: dict[str, str]) -> Iterator[TaskCommit]:
    identity, epoch, path, skip = "", 0, "", 0
    hunks: list[HunkRange] = []
    for line in stream:
        if skip:
            skip -= not line.startswith(b"\\")
        elif line.startswith(b"commit "):
            if identity:
                yield TaskCommit(epoch, tasks.get(identity, ""), tuple(hunks))
            identity, epoch, hunks = line.split()[1].decode(), int(line.split()[2]), []
        elif line.startswith((b"--- ", b"+++ ")):
            name = line[4:].rstrip(b"\n")
            if name != b"/dev/null":
                path = name.strip(b'"')[2:].decode("utf-8", "surrogateescape")
        elif match := _HUNK.match(line):
            old, gone, new, come = (int(group) if group is not None else 1 for group in match.groups())
            hunks.append(HunkRange(path, old, gone, new, come))
            skip = gone + come
    if identity:
        yield TaskCommit(epoch, tasks.get(identity, ""), tuple(hunks))
