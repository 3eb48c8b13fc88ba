"""What the history says became of tasks: reverts and later fixes count though nobody typed them."""

from __future__ import annotations

from planfence.gitio.repository import Repository
from planfence.report import history
from planfence.report.history import HistoryCommit
from planfence.report.linerework import replay
from planfence.report.metrics import Frame
from planfence.report.taskfacts import LogFacts

_DAY = 86_400
_LOOK_BACK_DAYS = 365


def add_history(facts: LogFacts, repository: Repository, frame: Frame, *, since: int = 0, prefix: str = "") -> None:
    """Look through HEAD's history for the tasks in ``facts``; ``since`` (seconds) bounds the replay of diffs."""
    commits = history.commits(repository)
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
    for task, lines in replay(history.steps(repository, start, tasks), frame.window_days * _DAY).items():
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
