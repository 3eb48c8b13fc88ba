"""What the logs say of each task: lines folded by task, before any statistic (docs/metrics.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter

from planfence.log.reader import Record, RunEntry, number
from planfence.records import dataclass, field

#: Events that only say that something ran: they carry no cost, time or stage.
QUIET_EVENTS = frozenset(
    {
        "pre-commit",
        "pre-merge-commit",
        "commit-msg",
        "post-commit",
        "pre-push",
        "check",
        "receive",
        "session",
        "compare",
    }
)
_MAKERS = ("implement", "executor")
#: Outcomes of a task that was closed without being accepted.
FAILED_OUTCOMES = frozenset({"abandoned", "rejected", "reverted"})
#: `stage` is the task's when the line was written: where an advance leads from it.
_AFTER = {"implement": "review", "review": "done"}
#: Results of a move that did not take place.
_NOT_DONE = frozenset({"refused", "failed", "error"})


_NEVER = 1 << 62
#: A round above that is a slip, whose square would not fit an export's column.
_MOST_ROUNDS = 1_000_000
_TOKENS = frozenset(("tokens_in", "tokens_out", "tokens_cached"))


@dataclass(slots=True)
class Share:
    """What one model in one role spent on a task: dollars, minutes; the counts say of how many lines."""

    cost: float = 0.0
    costs: int = 0
    time_min: float = 0.0
    times: int = 0


@dataclass(slots=True)
class TaskFacts:
    """One task. Times are seconds since the epoch, 0 if unknown; ``rounds`` 0 is unknown.

    ``moves`` are (time, stage entered), ``runs`` (time, start or end) of the run log. ``unpriced`` counts lines that
    have tokens but no cost. ``attempts`` are (successes, all) of repeated runs,
    ``flow`` and ``est_min`` are those of the first line that names them, ``outcome`` that of the last (``…_at``).
    ``made`` is (time, model) of the first line written in the implement stage, ``themed`` (time, theme) of the last
    line that names one, ``place`` (time, worktree, branch) of the last that says where. ``proved`` (time, parts that
    the tests notice, parts) and ``rewrote`` (time, tests rewritten to pass; -1: not asked) are the latest proof's.
    """

    task: str
    shares: dict[tuple[str, str], Share] = field(default_factory=dict)
    first: int = 0
    last: int = 0
    cost: float = 0.0
    costs: int = 0
    time_min: float = 0.0
    times: int = 0
    hand_last: int = 0
    unpriced: int = 0
    estimated: int = 0
    rounds: int = 0
    reviews: int = 0
    reworks: int = 0
    est_min: float = 0.0
    est_at: int = _NEVER
    ctx: int = 0
    flow: str = ""
    flow_at: int = _NEVER
    themed: tuple[int, str] = (0, "")
    place: tuple[int, str, str] = (0, "", "")
    outcome: str = ""
    outcome_at: int = 0
    started: int = 0
    finished: int = 0
    trial: str = ""
    fixes: set[str] = field(default_factory=set)
    moves: list[tuple[int, str]] = field(default_factory=list)
    runs: list[tuple[int, str]] = field(default_factory=list)
    attempts: tuple[int, int] = (0, 0)
    refused: int = 0
    made: tuple[int, str] = (_NEVER, "")
    reverted_at: int = 0
    merged_at: int = 0
    mended_at: int = 0
    proved: tuple[int, int, int] = (0, 0, 0)
    rewrote: tuple[int, int] = (0, -1)
    lines_added: int = 0
    lines_redone: int = 0

    @property
    def plan(self) -> str:
        """The plan's id, "" for a task without one."""
        plan, slash, _ = self.task.rpartition(":")[2].partition("/")
        return plan if slash else ""

    @property
    def theme(self) -> str:
        """The theme by the latest line that names one: logs of several writers are in no order."""
        return self.themed[1]

    def saw(self, epoch: int) -> None:
        """Widen the span of the task's lines."""
        self.last = max(self.last, epoch)
        self.first = min(self.first or epoch, epoch)

    def share(self, role: str, model: str) -> Share:
        """The share of this model in this role."""
        return self.shares.setdefault((role, model), Share())

    @property
    def edges(self) -> list[tuple[int, str]]:
        """The run log's starts and ends by their time, those of one second as they were written."""
        return sorted(self.runs, key=itemgetter(0))

    @property
    def work(self) -> tuple[list[tuple[int, int]], int]:
        """When it was at work by the run log, from when to when, and since when it is (0: it is not)."""
        found, began = [], 0
        for epoch, edge in self.edges:
            if edge == "start":
                began = began or epoch
            elif began:
                found.append((began, epoch))
                began = 0
        return found, began

    @property
    def active_min(self) -> float | None:
        """Minutes worked: the run log's, otherwise the lines' `time_min`; None if neither says."""
        if seconds := sum(end - begin for begin, end in self.work[0]):
            return seconds / 60
        return self.time_min if self.times else None

    @property
    def start(self) -> int:
        """When work began: the run log's first start, or the `start` event; 0 if neither is there."""
        begins = [epoch for epoch, edge in self.runs if edge == "start"] + ([self.started] if self.started else [])
        return min(begins, default=0)

    @property
    def closed(self) -> int:
        """When the task was closed; 0 while it is open.

        A task that was begun with `start` is closed by `finish`, an advance out of review, or an outcome; otherwise
        the run log's last `end` closes it. A task known from hand-written lines alone is closed by its last one,
        since those are written when the work is done. What is reverted was closed before, if a line says when.
        """
        ended = self.finished if self.outcome == "reverted" else max(self.finished, self.outcome_at)
        return ended or self._left or self.outcome_at

    @property
    def _left(self) -> int:
        """When work on a task without a `start` ended; 0 if it has one, or is at work."""
        if self.started or not self.runs:
            return 0 if self.started else self.hand_last
        return 0 if self.work[1] else max((epoch for epoch, edge in self.runs if edge == "end"), default=0)

    @property
    def review_rounds(self) -> int:
        """Review rounds: the highest that a line names, or one more than the reworks; 0: unknown."""
        told = min(self.rounds, _MOST_ROUNDS)
        return max(told, self.reworks + 1) if self.reworks or self.reviews or self.finished else told

    @property
    def reverted(self) -> bool:
        """Whether it was rolled back, by its outcome or by a revert in the history."""
        return bool(self.reverted_at) or self.outcome == "reverted"

    @property
    def accepted(self) -> bool:
        """Whether it was closed and its work stands."""
        return bool(self.closed) and self.outcome not in FAILED_OUTCOMES and not self.reverted

    @property
    def known_cost(self) -> float | None:
        """Dollars, or None if no line has them or a priced part is missing."""
        return self.cost if self.costs and not self.unpriced else None

    @property
    def maker(self) -> str:
        """The model that the outcome counts for: who had the role, or was at work in that stage, or has most lines.

        Of two in the role too it is who has more lines, and of two with as many the first by name: it must not hang on
        the order of lines.
        """
        held = {key: share for key, share in self.shares.items() if key[0] in _MAKERS}
        if self.made[1] and not held:
            return self.made[1]
        lines: Counter[str] = Counter()
        for (_, model), share in (held or self.shares).items():
            lines[model] += share.costs + share.times
        return min(lines, key=lambda model: (-lines[model], model), default="")


@dataclass(slots=True)
class LogFacts:
    """All tasks by name, the runs counted by (event, result), (time, dollars) of no task, and unreadable numbers."""

    tasks: dict[str, TaskFacts] = field(default_factory=dict)
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    loose: list[tuple[int, float]] = field(default_factory=list)
    unreadable: int = 0

    def loose_cost(self, since: int = 0) -> float:
        """Dollars that no task owns, from ``since`` on."""
        return sum(cost for epoch, cost in self.loose if epoch >= since)

    def task(self, name: str) -> TaskFacts:
        """The task of this name, made if it is new."""
        facts = self.tasks.get(name)
        if facts is None:
            facts = self.tasks[name] = TaskFacts(name)
        return facts

    def add(self, entries: Iterable[Record | RunEntry], prefix: str = "") -> None:
        """Fold entries in; ``prefix`` (`repository:`) keeps tasks of several repositories apart."""
        for entry in entries:
            if isinstance(entry, Record):
                self._add_record(entry, prefix)
            else:
                facts = self.task(prefix + entry.task)
                facts.runs.append((entry.epoch, entry.edge))
                facts.saw(entry.epoch)

    def _number(self, fields: dict[str, str], name: str) -> float | None:
        text = fields.get(name)
        if not text:
            return None
        read = number(text)
        self.unreadable += read is None
        return read

    def _add_record(self, record: Record, prefix: str) -> None:
        fields = record.fields
        event = fields.get("event", "")
        if event:
            self.runs[event, fields.get("result", "")] += 1
        if not fields["task"]:
            if cost := self._number(fields, "cost"):
                self.loose.append((record.epoch, cost))
            return
        facts = self.task(prefix + fields["task"])
        facts.saw(record.epoch)
        if event in QUIET_EVENTS:
            facts.refused += fields.get("result") == "refused"
        self._add_amounts(facts, fields, record.epoch)
        if (not event or event == "note") and fields.get("outcome") != "reverted":
            facts.hand_last = max(facts.hand_last, record.epoch)
        elif event not in QUIET_EVENTS:
            _add_event(facts, event, record)
        _add_words(facts, record)

    def _add_amounts(self, facts: TaskFacts, fields: dict[str, str], epoch: int) -> None:
        cost, minutes = self._number(fields, "cost"), self._number(fields, "time_min")
        known = () if _TOKENS.isdisjoint(fields) else _TOKENS
        tokens = sum(int(self._number(fields, name) or 0) for name in known)
        if cost is not None or minutes is not None or tokens:
            share = facts.share(fields.get("role", ""), fields.get("model", ""))
            if cost is not None:
                facts.cost, facts.costs = facts.cost + cost, facts.costs + 1
                share.cost, share.costs = share.cost + cost, share.costs + 1
            elif tokens:
                facts.unpriced += 1
            if minutes is not None:
                facts.time_min, facts.times = facts.time_min + minutes, facts.times + 1
                share.time_min, share.times = share.time_min + minutes, share.times + 1
        if fields.get("review_round"):
            facts.rounds = max(facts.rounds, int(self._number(fields, "review_round") or 0))
        if "ctx" in fields:
            facts.ctx = max(facts.ctx, int(self._number(fields, "ctx") or 0))
        if "est_min" in fields:
            forecast = self._number(fields, "est_min")
            if forecast and epoch < facts.est_at:  # the first: what is said after work began is not a forecast
                facts.est_min, facts.est_at = forecast, epoch
        facts.estimated += fields.get("estimated") == "1"


def _add_event(facts: TaskFacts, event: str, record: Record) -> None:
    result, stage = record.fields.get("result", ""), record.fields.get("stage", "")
    if event == "replay":
        won, played = facts.attempts
        facts.attempts = (won + (result == "passed"), played + 1)
        return
    if event == "prove":
        _add_proof(facts, record)
        return
    if result in _NOT_DONE:
        return
    if event == "start":
        facts.started = min(facts.started or record.epoch, record.epoch)
        facts.moves.append((record.epoch, "review" if stage == "review" else "implement"))
    elif event == "finish":
        facts.finished = max(facts.finished, record.epoch)
        facts.moves.append((record.epoch, "done"))
    elif event == "advance":
        following = _AFTER.get(stage, stage)
        facts.moves.append((record.epoch, following))
        if following == "done":
            facts.finished = max(facts.finished, record.epoch)
    elif event == "rework":
        facts.reworks += 1
        facts.moves.append((record.epoch, "implement"))
    elif event == "review":
        facts.reviews += 1


def _add_proof(facts: TaskFacts, record: Record) -> None:
    read = {name: number(record.fields.get(name, "")) for name in ("proven", "parts", "rewritten")}
    good, of, rewritten = read["proven"], read["parts"], read["rewritten"]
    if good is not None and of and good <= of:
        facts.proved = max(facts.proved, (record.epoch, int(good), int(of)))
    if rewritten is not None:
        facts.rewrote = max(facts.rewrote, (record.epoch, int(rewritten)))


def _add_words(facts: TaskFacts, record: Record) -> None:
    fields = record.fields
    if fields.get("flow") and record.epoch < facts.flow_at:  # the first: by assignment
        facts.flow, facts.flow_at = fields["flow"], record.epoch
    if fields.get("theme"):
        facts.themed = max(facts.themed, (record.epoch, fields["theme"]))
    if fields.get("worktree") and fields.get("event") not in QUIET_EVENTS:
        facts.place = max(facts.place, (record.epoch, fields["worktree"], fields.get("branch", "")))
    if fields.get("stage") == "implement" and fields.get("model"):
        facts.made = min(facts.made, (record.epoch, fields["model"]))
    facts.trial = fields.get("trial") or facts.trial
    # A review's outcome (`met`, `unmet`) is not yet the task's.
    if fields.get("outcome") and fields.get("event") != "review" and record.epoch >= facts.outcome_at:
        facts.outcome, facts.outcome_at = fields["outcome"], record.epoch
    if fields.get("fixes"):
        facts.fixes |= set(fields["fixes"].split("+"))
