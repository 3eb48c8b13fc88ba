"""What a task cost, without typing: agents' session files joined to tasks by worktree, time and session."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from planfence.errors import PlanfenceError
from planfence.files.state import SESSIONS
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import Worktree, holding, worktrees
from planfence.log.files import own_logs, read_logs
from planfence.log.reader import Record, number
from planfence.log.writer import Value, record
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.report import costs_claude, costs_codex, costs_printed, prices
from planfence.report.taskfacts import LogFacts, TaskFacts
from planfence.report.usage import Collected, Turn, json_lines, text

_DAY = 86_400
_TOKENS = ("tokens_in", "tokens_out", "tokens_cached")


@dataclass(slots=True)
class Spent:
    """Tokens and dollars of some turns. ``cost`` is None as soon as one turn has no price: a part is not the whole."""

    cost: float | None = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    ctx: int = 0
    estimated: bool = False
    models: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, None] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)
    last: int = 0

    def add(self, turn: Turn) -> None:
        """Count one turn."""
        cost = prices.cost(turn)
        self.cost = None if cost is None or self.cost is None else self.cost + cost
        self.tokens_in += turn.input - turn.cached
        self.tokens_out += turn.output
        self.tokens_cached += turn.cached
        self.ctx = max(self.ctx, turn.context)
        self.estimated |= turn.reported is None
        self.models[turn.model] = self.models.get(turn.model, 0) + turn.output
        self.sessions[turn.session] = None
        self.runs[turn.run] = None
        self.last = max(self.last, turn.epoch)

    def fields(self) -> dict[str, Value]:
        """As the fields of a record."""
        found: dict[str, Value] = {
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "tokens_cached": self.tokens_cached,
            "ctx": self.ctx,
            "llm": max(self.models, key=lambda name: self.models[name]),
            "session": tuple(filter(None, self.sessions)),
            "run": tuple(filter(None, self.runs)),
        }
        if self.cost is not None:
            found |= {"cost": self.cost} | ({"estimated": "1"} if self.estimated else {})
        return found


def gather(repository: Repository, since: int) -> Collected:
    """All turns since then, of any folder on this machine."""
    collected = collect((*session_files(repository, since), *told(repository.state_dir)))
    collected.turns = [turn for turn in collected.turns if turn.epoch >= since]
    return collected


def session_files(repository: Repository, since: int) -> list[Path]:
    """The sessions' files of all agents on this machine that were written since then."""
    environment = repository.environment
    return costs_claude.files(environment, since) + costs_codex.files(environment, since)


def collect(paths: Iterable[Path]) -> Collected:
    """Read sessions' files, each once, and as its agent writes it."""
    known = dict.fromkeys(paths)
    collected = costs_claude.collect(path for path in known if not costs_codex.is_rollout(path))
    collected.add(costs_codex.collect(path for path in known if costs_codex.is_rollout(path)))
    return collected


def told(state_dir: Path) -> Iterator[Path]:
    """Yield the transcripts that agents' own hooks named in a worktree, with those of their subagents."""
    for path in sorted((state_dir / SESSIONS).glob("*.jsonl")):
        for entry in json_lines(path, Collected()):
            if os.path.isfile(name := text(entry.get("transcript"))):  # whatever text it is
                yield Path(name)
                yield from sorted(Path(name).with_suffix("").glob("subagents/*.jsonl"))


def here(repository: Repository, turns: Iterable[Turn]) -> list[Turn]:
    """The turns of this worktree: by their folder, or by a session that an agent's hook reported from here."""
    places = worktrees(repository)
    own = [place for place in places if place.git_dir == repository.git_dir_name]
    return [turn for _, turn in placed(turns, own, places)]


def placed(
    turns: Iterable[Turn], at_work: Sequence[Worktree], places: Sequence[Worktree]
) -> Iterator[tuple[Worktree, Turn]]:
    """Yield each turn with the worktree that it ran in: the innermost that holds its folder, or the session's own."""
    sessions = {
        path.stem: place for place in at_work for path in Path(place.git_dir, "planfence", SESSIONS).glob("*.jsonl")
    }
    known: dict[str, Worktree | None] = {}
    for turn in turns:
        if turn.cwd not in known:
            known[turn.cwd] = holding(turn.cwd, places)
        place = known[turn.cwd] if known[turn.cwd] in at_work else sessions.get(turn.session)
        if place is not None:
            yield place, turn


def intervals(task: TaskFacts, now: int) -> list[tuple[int, int]]:
    """When the task was at work, by the run log; an open start lasts until now."""
    found, began = task.work
    return [*found, (began, now)] if began else found


def stage_at(task: TaskFacts, epoch: int) -> str:
    """The stage that the task was in at a time, which is the role that was at work."""
    entered = [stage for when, stage in sorted(task.moves) if when <= epoch]
    stage = entered[-1] if entered else "implement"
    return "review" if stage == "done" else stage


@dataclass(slots=True)
class Logged:
    """What the log has of costs.

    ``reported`` says until when each session's own word on its tokens is in the log (seconds since the epoch): one that
    is resumed spends more. ``runs`` are those runs, ``totals`` by thread the tokens (in, out, cached); ``until`` says
    until when each session's loose turns are logged.
    """

    facts: LogFacts = field(default_factory=LogFacts)
    reported: dict[str, int] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    until: dict[str, int] = field(default_factory=dict)

    def has(self, turn: Turn) -> bool:
        """Whether an answer is in the log by its session's own word."""
        return turn.epoch <= self.reported.get(turn.session, -1)


def _logged(repository: Repository, policy: Policy) -> Logged:
    reading = read_logs(own_logs(repository, policy))
    found = logged_in(reading.records)
    found.facts.add([*reading.records, *reading.runs])
    return found


def logged_in(records: Iterable[Record]) -> Logged:
    """Return what these records have of costs, but for the facts of tasks."""
    found = Logged()
    for epoch, fields in ((each.epoch, each.fields) for each in records if each.fields.get("event") == "cost"):
        runs = set(filter(None, fields.get("run", "").split("+")))
        found.runs |= runs
        for session in filter(None, fields.get("session", "").split("+")):
            if "until" in fields:
                found.until[session] = max(found.until.get(session, 0), int(number(fields["until"]) or 0))
            elif runs or ("estimated" not in fields and fields.get("cost")):
                found.reported[session] = max(found.reported.get(session, 0), epoch)
            if runs:
                for name in _TOKENS:
                    found.totals[session, name] += int(number(fields.get(name, "")) or 0)
    return found


@dataclass(frozen=True, slots=True)
class FinishLine:
    """What the task's own line says besides its event: fields, and warnings to print."""

    fields: dict[str, Value]
    notes: tuple[str, ...] = ()


def finish_line(repository: Repository, policy: Policy, task: str, now: int | None = None) -> FinishLine:
    """Gather what a task cost, and log what other roles than the implementer's spent as lines of their own.

    Returns the fields for the task's `finish` line: minutes, dollars, tokens, context. All lines add up.
    """
    now = int(time.time()) if now is None else now
    logged = _logged(repository, policy)
    known = logged.facts.tasks.get(task)
    if known is None:
        return FinishLine({})
    spans = intervals(known, now)
    minutes = _minutes_by_role(known, spans)
    spent: dict[tuple[str, str], Spent] = defaultdict(Spent)
    if spans:
        for turn in here(repository, gather(repository, spans[0][0]).turns):
            if not logged.has(turn) and any(begin <= turn.epoch <= end for begin, end in spans):
                spent[stage_at(known, turn.epoch), turn.agent].add(turn)
    notes = [_price_note(each) for each in spent.values() if each.cost is None]
    own = max((key for key in spent if key[0] == "implement"), key=lambda key: spent[key].tokens_out, default=None)
    for (role, agent), each in sorted(spent.items(), key=lambda item: -item[1].tokens_out):
        if (role, agent) != own:
            # A role's minutes stand once: on the finish line, or with whoever wrote the most in it.
            own_minutes = 0.0 if own and role == own[0] else round(minutes.pop(role, 0.0), 2)
            others = {"model": agent, "role": role} | each.fields() | ({"time_min": own_minutes} if own_minutes else {})
            notes.append(record(repository, policy, event="cost", result="accepted", task=task, **others))
    fields: dict[str, Value] = {"time_min": round(sum(minutes.values()), 2)} if spans else {}
    if own is not None:
        fields |= {"model": own[1], "role": "implement"} | spent[own].fields()
    return FinishLine(fields, tuple(note for note in dict.fromkeys(notes) if note))


def _minutes_by_role(task: TaskFacts, spans: list[tuple[int, int]]) -> dict[str, float]:
    edges = sorted({epoch for epoch, _ in task.moves} | {epoch for span in spans for epoch in span})
    found: dict[str, float] = defaultdict(float)
    for begin, end in pairwise(edges):
        if any(first <= begin and end <= last for first, last in spans):
            found[stage_at(task, begin)] += (end - begin) / 60
    return found


def _price_note(spent: Spent) -> str:
    table = prices.table_name()
    if not table:
        return "no price table: `pip install planfence[report]` to turn tokens into dollars"
    return f"no price for {', '.join(sorted(spent.models))} ({table}): the cost stays unknown"


@dataclass(frozen=True, slots=True)
class Taken:
    """What `log collect` wrote: lines, their dollars (None: some unknown), what was left out, and warnings."""

    lines: int
    cost: float | None
    left_out: dict[str, int]
    notes: tuple[str, ...]


def take_printed(repository: Repository, policy: Policy, printed: str, *, task: str, model: str = "") -> Taken:
    """Log what an agent printed when it ended, for a task ("": none)."""
    collected = costs_printed.collect(printed, epoch=int(time.time()), cwd=str(repository.top), model=model)
    if not collected.turns:
        raise PlanfenceError(
            "no usage in it", hint="pipe in what `claude -p --output-format json` or `codex exec --json` prints"
        )
    logged = _logged(repository, policy)
    collected.turns = [turn for turn in (_new_of(each, logged) for each in collected.turns) if turn is not None]
    if not collected.turns:
        raise PlanfenceError("this run is in the log already")
    spent: dict[str, Spent] = defaultdict(Spent)
    for turn in collected.turns:
        spent[turn.agent].add(turn)
    return _write(repository, policy, [(agent, task, each) for agent, each in spent.items()], collected, until=False)


def _new_of(turn: Turn, logged: Logged) -> Turn | None:
    """What of a printed turn is not in the log; None: nothing.

    Codex prints the totals of a thread that is resumed again and again: what is in the log is taken off.
    """
    run = turn.run or turn.session
    if turn.agent == "claude":
        known = run in logged.runs if turn.run else turn.session in logged.reported
        return None if known else replace(turn, run=run)
    had_in, had_out, had_cached = (logged.totals[turn.session, name] for name in _TOKENS)
    cached, output = turn.cached - had_cached, turn.output - had_out
    whole = turn.input - had_in - had_cached
    left = replace(turn, input=whole, output=output, cached=cached, run=run)
    return left if min(whole, output, cached) >= 0 and whole + output else None


def take_loose(repository: Repository, policy: Policy, days: int, now: int | None = None) -> Taken:
    """Log, as dollars of no task, the sessions of this worktree that ran while no task was at work."""
    now = int(time.time()) if now is None else now
    logged = _logged(repository, policy)
    spans = [span for task in logged.facts.tasks.values() for span in intervals(task, now)]
    collected = gather(repository, now - days * _DAY)
    spent: dict[tuple[str, str], Spent] = defaultdict(Spent)
    for turn in here(repository, collected.turns):
        is_there = logged.has(turn) or turn.epoch <= logged.until.get(turn.session, 0)
        if not is_there and not any(begin <= turn.epoch <= end for begin, end in spans):
            spent[turn.agent, turn.session].add(turn)
    return _write(repository, policy, [(agent, "", each) for (agent, _), each in spent.items()], collected, until=True)


def _write(
    repository: Repository,
    policy: Policy,
    spent: list[tuple[str, str, Spent]],
    collected: Collected,
    *,
    until: bool,
) -> Taken:
    notes, total = [], 0.0
    for agent, task, each in spent:
        fields: dict[str, Value] = {"model": agent} | each.fields()
        if until:
            fields["until"] = each.last
        notes.append(record(repository, policy, event="cost", result="accepted", task=task, **fields))
        if each.cost is None:
            notes.append(_price_note(each))
        total += each.cost or 0.0
    unknown = any(each.cost is None for _, _, each in spent)
    said = tuple(note for note in notes if note)
    return Taken(len(spent), None if unknown else total, dict(collected.left_out), said)
