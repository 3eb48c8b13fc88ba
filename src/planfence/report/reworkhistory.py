"""What the history says became of tasks: reverts and later fixes count though nobody typed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from planfence.change.message import NO_TASK, parse
from planfence.change.origins import reverted
from planfence.gitio.repository import Repository
from planfence.report.linerework import HunkRange, TaskCommit, replay
from planfence.report.metrics import Frame
from planfence.report.taskfacts import LogFacts

_DAY = 86_400
_LOOK_BACK_DAYS = 365
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


def add_history(facts: LogFacts, repository: Repository, frame: Frame, *, since: int = 0, prefix: str = "") -> None:
    """Look through HEAD's history for the tasks in ``facts``; ``since`` (seconds) bounds the replay of diffs."""
    commits = _commits(repository)
    known = {name.removeprefix(prefix) for name in facts.tasks if name.startswith(prefix)}
    tasks = {commit.id: commit.task for commit in commits if commit.task in known}
    if not tasks:
        return
    for commit in commits:
        if commit.id in tasks:
            facts.tasks[prefix + commit.task].merged_at = commit.epoch
    ids = {commit.id[:7]: commit for commit in commits}
    for identity, epoch in _gone(commits, ids).items():
        if identity in tasks:
            facts.tasks[prefix + tasks[identity]].reverted_at = epoch
    for commit in commits:
        for target in filter(None, (_named(ids, short) for short in commit.fixes)):
            if target.id in tasks and tasks[target.id] != commit.task:
                _mend(facts, prefix + tasks[target.id], commit.epoch, frame)
    start = max(since, frame.now - _LOOK_BACK_DAYS * _DAY)
    for task, lines in replay(_steps(repository, start, tasks), frame.window_days * _DAY).items():
        facts.tasks[prefix + task].lines_added, facts.tasks[prefix + task].lines_redone = lines


def _named(ids: dict[str, HistoryCommit], short: str) -> HistoryCommit | None:
    found = ids.get(short[:7])
    return found if found is not None and found.id.startswith(short) else None


def _gone(commits: list[HistoryCommit], ids: dict[str, HistoryCommit]) -> dict[str, int]:
    """The commits that are reverted in the end, and when: a revert of a revert brings the work back."""
    gone: dict[str, int] = {}
    for commit in commits:
        for target in filter(None, (_named(ids, short) for short in commit.reverts)):
            gone[target.id] = commit.epoch
            for again in filter(None, (_named(ids, short) for short in target.reverts)):
                gone.pop(again.id, None)
    return gone


def _mend(facts: LogFacts, name: str, epoch: int, frame: Frame) -> None:
    task = facts.tasks[name]
    if epoch <= (task.closed or task.merged_at) + frame.window_days * _DAY:
        task.mended_at = task.mended_at or epoch


def _commits(repository: Repository) -> list[HistoryCommit]:
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
                named_so = (f"#{said.request}", *said.titles) if said else ()
                target = next(filter(None, map(named.get, named_so)), None)
                reverts = (target,) if target else ()
            number = _REQUEST.search(subject)
            named |= {subject: identity} | ({f"#{number[1] or number[2]}": identity} if number else {})
            found.append(HistoryCommit(identity, int(epoch), task[-1] if task else "", reverts, fixes))
    return found


def _steps(repository: Repository, since: int, tasks: dict[str, str]) -> Iterator[TaskCommit]:
    """The first-parent history since then, oldest first, as hunks; ``tasks`` maps commit ids to tasks."""
    options = ("--reverse", "--first-parent", "-m", "-p", "-U0", "--no-renames", "--no-ext-diff", "--no-textconv")
    words = ("--no-color", "--format=commit %H %ct", f"--since={since}", "HEAD")
    with repository.git.begin("log", *options, *words) as asked:
        yield from _parse(asked.parts(b"\n"), tasks)


def _parse(lines: Iterable[bytes], tasks: dict[str, str]) -> Iterator[TaskCommit]:
    identity, epoch, path, skip = "", 0, "", 0
    hunks: list[HunkRange] = []
    for line in lines:
        if skip:
            skip -= not line.startswith(b"\\")
        elif line.startswith(b"commit "):
            if identity:
                yield TaskCommit(epoch, tasks.get(identity, ""), tuple(hunks))
            identity, epoch, hunks = line.split()[1].decode(), int(line.split()[2]), []
        elif line.startswith((b"--- ", b"+++ ")):
            name = line[4:]
            if name != b"/dev/null":
                path = name.strip(b'"')[2:].decode("utf-8", "surrogateescape")
        elif match := _HUNK.match(line):
            old, gone, new, come = (int(group) if group is not None else 1 for group in match.groups())
            hunks.append(HunkRange(path, old, gone, new, come))
            skip = gone + come
    if identity:
        yield TaskCommit(epoch, tasks.get(identity, ""), tuple(hunks))
