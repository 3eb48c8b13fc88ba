"""What tasks have spent so far: from agents' sessions while they run, and from what the log has of them already.

A task's sessions are those that ran while it was at work by the run log, in the worktree that it was at work in then by
the log's lines. What an agent reported when it ended stands in these lines, too.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from planfence.files.plain import open_plain
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import Worktree
from planfence.log.files import own_logs, read_logs, read_since
from planfence.log.reader import Record, number
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field
from planfence.report import prices
from planfence.report.costs import collect, intervals, logged_in, placed, session_files, told
from planfence.report.taskfacts import LogFacts, TaskFacts
from planfence.report.usage import Collected, Turn

#: So many bytes of a session are looked through at once.
_BLOCK = 1 << 20


@dataclass(slots=True)
class Spending:
    """What a task has spent.

    ``usd`` are the dollars that are known; ``unpriced`` has by model the tokens that have no price, which are not in
    them, ``unread`` says how many answers are in no number: their time or their tokens can't be read. ``tokens`` are
    all that were not read from a cache, ``min`` the minutes at work; ``models`` the known dollars by model. ``turns``
    are the answers that were read from sessions, ``files`` the sessions' files, with the size read.
    """

    usd: float = 0.0
    tokens: float = 0.0
    min: float = 0.0
    unread: int = 0
    unpriced: Counter[str] = field(default_factory=Counter)
    models: dict[str, float] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    files: dict[Path, int] = field(default_factory=dict)

    def of(self, name: str) -> float:
        """What was spent of one of the budget's kinds."""
        value: float = getattr(self, name)
        return value

    def count(self, model: str, tokens: int, usd: float | None) -> None:
        """Add an answer, or a line of the log; ``usd`` is None if it has no price."""
        self.tokens += tokens
        if usd is not None:
            self.usd += usd
            self.models[model] = self.models.get(model, 0.0) + usd
        elif tokens:
            self.unpriced[model] += tokens

    def take(self, turn: Turn) -> None:
        """Add an answer that a session's file tells."""
        self.turns.append(turn)
        self.unread += turn.unread or not turn.epoch
        if turn.epoch:
            self.count(turn.model, turn.input - turn.cached + turn.output, prices.cost(turn))

    def add(self, other: Spending) -> None:
        """Take in what another task has spent."""
        self.turns += other.turns
        self.files |= other.files
        self.usd, self.tokens, self.min = self.usd + other.usd, self.tokens + other.tokens, self.min + other.min
        self.unread += other.unread
        self.unpriced.update(other.unpriced)
        for model, usd in other.models.items():
            self.models[model] = self.models.get(model, 0.0) + usd


def spending(
    repository: Repository, policy: Policy, names: Iterable[str], places: Sequence[Worktree]
) -> dict[str, Spending]:
    """Return what each of these tasks (`<plan>/<task>`) has spent; ``places`` are all worktrees of this clone."""
    now = time.time()
    log, run_log = own_logs(repository, policy)
    facts = LogFacts()
    wanted = dict.fromkeys(names)
    facts.add(entry for entry in read_logs([run_log]).runs if entry.task in wanted)
    spans = {name: intervals(facts.tasks.get(name) or TaskFacts(name), int(now)) for name in wanted}
    since = min((span[0][0] for span in spans.values() if span), default=int(now))
    records = read_since(log, since, wanted)
    found = {name: Spending(min=sum(end - begin for begin, end in spans[name]) / 60) for name in wanted}
    for record in records:
        _add_line(found[record.fields["task"]], record)
    stays = [_Stay(name, *span, _tops(records, name, span)) for name in wanted for span in spans[name]]
    here: dict[Worktree, list[_Stay]] = {place: [] for place in places}
    for stay in stays:
        for place in stay.among(places):
            here[place].append(stay)
    at_work = [place for place in places if here[place]]
    if at_work:
        files, collected = _collect(repository, at_work, since)
        logged = logged_in(records)
        for place, turn in placed(collected.turns, at_work, places):
            undated = not turn.epoch
            for name in {stay.task for stay in here[place] if undated or stay.begin <= turn.epoch <= stay.end}:
                if not logged.has(turn):
                    found[name].take(turn)
        for name in {stay.task for place in at_work for stay in here[place]}:
            found[name].files = dict(files)
    return found


@dataclass(frozen=True, slots=True)
class _Stay:
    """When a task was at work, and the names of the worktrees where it was; none if the log does not tell."""

    task: str
    begin: int
    end: int
    tops: frozenset[str]

    def among(self, places: Sequence[Worktree]) -> list[Worktree]:
        """The worktrees where it was. Of several with one name it was in those that have the task, if any has."""
        own = [place for place in places if place.task == self.task]
        if not self.tops:
            return own
        settled = {os.path.basename(place.top) for place in own}
        named = [place for place in places if os.path.basename(place.top) in self.tops]
        return [place for place in named if place in own or os.path.basename(place.top) not in settled]


def _tops(records: Iterable[Record], name: str, span: tuple[int, int]) -> frozenset[str]:
    """The worktrees that a task's lines of this time name; those of its moves do."""
    lines = (each for each in records if each.fields["task"] == name and span[0] <= each.epoch <= span[1])
    return frozenset(filter(None, (each.fields.get("worktree") for each in lines)))


def _add_line(spent: Spending, record: Record) -> None:
    fields = record.fields
    tokens = sum(int(number(fields.get(name, "")) or 0) for name in ("tokens_in", "tokens_out"))
    usd = number(fields.get("cost", ""))
    if usd is not None or tokens:
        spent.count(fields.get("llm") or fields.get("model", ""), tokens, usd)


def _collect(repository: Repository, places: Sequence[Worktree], since: int) -> tuple[dict[Path, int], Collected]:
    """Read the session files that name one of these worktrees, or that an agent's hook named there."""
    found = [path for place in places for path in told(Path(place.git_dir, "planfence"))]
    marks = [mark for place in places for mark in _marks(place.top)]
    found += [path for path in session_files(repository, since) if _mentions(path, marks)]
    return {path: path.stat().st_size for path in found if path.is_file()}, collect(found)


def _marks(top: str) -> Iterator[bytes]:
    """A worktree's path as a session file may write it."""
    for path in dict.fromkeys((top, os.path.realpath(top))):
        for ascii_only in (True, False):
            yield json.dumps(path, ensure_ascii=ascii_only)[:-1].encode("utf-8", "surrogatepass")


def _mentions(path: Path, marks: Sequence[bytes]) -> bool:
    """Whether any mark is in a file, which may be larger than memory should hold."""
    overlap, data = max(map(len, marks), default=1) - 1, b""
    try:
        with open_plain(path) as file:
            while block := file.read(_BLOCK):
                data = data[len(data) - overlap if overlap < len(data) else 0 :] + block
                if any(mark in data for mark in marks):
                    return True
    except OSError:
        pass
    return False
