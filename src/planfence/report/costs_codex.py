"""Tokens from Codex CLI's rollouts.

`token_count` events hold totals that only grow and are written again and again: what counts is their difference. A fork
or a subagent begins with a copy of its parent's events: the shared beginning counts for the parent alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from planfence.env import Environment
from planfence.foreignjson import table
from planfence.records import dataclass, field
from planfence.report.usage import Collected, Turn, count, is_read, json_lines, recent, seconds, text


class _Totals(NamedTuple):
    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0


class _Event(NamedTuple):
    epoch: int
    totals: _Totals
    last: _Totals
    model: str
    cwd: str
    unread: bool


@dataclass(slots=True)
class _Rollout:
    session: str = ""
    parent: str = ""
    child: bool = False
    began: int = 0
    model: str = ""
    cwd: str = ""
    events: list[_Event] = field(default_factory=list)


def files(environment: Environment, since: int) -> list[Path]:
    """Rollouts, archived ones among them, that were written at ``since`` (seconds since the epoch) or later."""
    named = environment.get("CODEX_HOME")
    folder = Path(named) if named else Path(environment.get("HOME") or "/") / ".codex"
    return recent(folder / "sessions", "**/rollout-*.jsonl", since) + recent(
        folder / "archived_sessions", "**/rollout-*.jsonl", since
    )


def is_rollout(path: Path) -> bool:
    """Whether a session's file is Codex's by its name, in whatever folder `CODEX_HOME` is."""
    return path.name.startswith("rollout-")


def collect(paths: Iterable[Path]) -> Collected:
    """Read rollouts into turns; a session that lies in two places (archived) is read once."""
    collected = Collected()
    rollouts: dict[str, _Rollout] = {}
    for path in paths:
        rollout = _read(path, collected)
        known = rollouts.get(rollout.session)
        if known is not None:
            collected.leave_out("rollout that is there twice")
        if known is None or len(rollout.events) > len(known.events):
            rollouts[rollout.session] = rollout
    for rollout in rollouts.values():
        collected.turns += _turns(rollout, rollouts, collected)
    collected.turns.sort(key=lambda turn: turn.epoch)
    return collected


def _read(path: Path, collected: Collected) -> _Rollout:
    rollout = _Rollout(session=path.stem)
    for raw in json_lines(path, collected):
        kind, payload = raw.get("type"), table(raw.get("payload"))
        if kind == "session_meta":
            _meta(rollout, raw, payload)
        elif kind == "turn_context":
            rollout.model = text(payload.get("model")) or rollout.model
            rollout.cwd = text(payload.get("cwd")) or rollout.cwd
        elif kind == "event_msg" and payload.get("type") == "token_count":
            info = table(payload.get("info"))
            if not info:
                collected.leave_out("token count without numbers")
                continue
            totals, last = _totals(info.get("total_token_usage")), _totals(info.get("last_token_usage"))
            unread = not is_read(table(info.get("total_token_usage")))
            rollout.events.append(
                _Event(seconds(raw.get("timestamp")), totals, last, rollout.model, rollout.cwd, unread)
            )
    return rollout


def _meta(rollout: _Rollout, raw: dict[str, object], payload: dict[str, object]) -> None:
    """Take the first one: a fork's file repeats its parent's after its own."""
    if rollout.began:
        return
    source = table(payload.get("source"))
    spawned = table(table(source.get("subagent")).get("thread_spawn"))
    rollout.session = text(payload.get("id")) or rollout.session
    rollout.parent = text(payload.get("forked_from_id")) or text(spawned.get("parent_thread_id"))
    rollout.child = bool(rollout.parent) or payload.get("thread_source") == "subagent" or "subagent" in source
    rollout.began = seconds(payload.get("timestamp")) or seconds(raw.get("timestamp")) or 1
    rollout.cwd = text(payload.get("cwd"))


def _totals(value: object) -> _Totals:
    usage = table(value)
    names = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens")
    return _Totals(*(count(usage.get(name)) for name in names))


def _shared(rollout: _Rollout, rollouts: dict[str, _Rollout]) -> int:
    """How many of a child's first events are its parent's.

    If the parent's file is not at hand, those are that were written before the child began, and any sibling's.
    """
    if not rollout.child:
        return 0
    others = [rollouts[rollout.parent]] if rollout.parent in rollouts else list(rollouts.values())
    longest = 0
    for other in others:
        if other is rollout:
            continue
        same = 0
        for mine, theirs in zip(rollout.events, other.events, strict=False):
            if mine.totals != theirs.totals or (other.child and mine.epoch != theirs.epoch):
                break
            same += 1
        longest = max(longest, same)
    if rollout.parent not in rollouts:
        longest = max(longest, sum(event.epoch < rollout.began for event in rollout.events))
    return longest


def _turns(rollout: _Rollout, rollouts: dict[str, _Rollout], collected: Collected) -> list[Turn]:
    shared = _shared(rollout, rollouts)
    for _ in range(shared):
        collected.leave_out("event replayed from a parent")
    before = rollout.events[shared - 1].totals if shared else _Totals()
    turns = []
    for index, event in enumerate(rollout.events[shared:]):
        grown = _grown(event, before, first=index == 0 and (rollout.child and not shared))
        if event.unread:
            grown = _Totals()
        else:
            before = event.totals
        if not any(grown) and not event.unread:
            collected.leave_out("token count written again")
            continue
        turns.append(
            Turn(
                agent="codex",
                session=rollout.session,
                epoch=event.epoch,
                cwd=event.cwd,
                model=event.model,
                input=grown.input,
                output=grown.output,
                cached=grown.cached,
                written=grown.written,
                context=event.last.input or grown.input,
                unread=event.unread,
            )
        )
    return turns


def _grown(event: _Event, before: _Totals, *, first: bool) -> _Totals:
    """What came to the totals since ``before``; the last answer's own where they fell back, or a child's begin high."""
    fell = event.totals.input < before.input or event.totals.output < before.output
    if (fell or first) and any(event.last):
        return event.last
    if fell:
        return event.totals
    return _Totals(*(max(0, now - then) for now, then in zip(event.totals, before, strict=True)))
