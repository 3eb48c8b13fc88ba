"""Tokens from Claude Code's transcripts.

The format is internal and changes; fixtures in the tests name their versions. One answer stands on several rows, one
for each content block, each with the usage so far: the row with the larger total counts. Subagents' rows repeat
answers of the main session under a new request id: those are left out. A resumed session's file may begin with a copy
of the earlier one's answers, under the new session, at the new time and without a request id (seen in 1.0.111): those
are left out as well, whether the earlier file is at hand or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from planfence.env import Environment
from planfence.foreignjson import table
from planfence.report.usage import Collected, Turn, count, dollars, is_read, json_lines, recent, seconds, text

#: Rows that Claude Code writes itself, such as "API error": no model ran.
_SYNTHETIC = "<synthetic>"


def files(environment: Environment, since: int) -> list[Path]:
    """Transcripts, subagents' among them, that were written at ``since`` (seconds since the epoch) or later."""
    home = Path(environment.get("HOME") or "/")
    named = environment.get("CLAUDE_CONFIG_DIR")
    folders = [Path(named)] if named else [home / ".claude", home / ".config" / "claude"]
    return [path for folder in folders for path in recent(folder / "projects", "**/*.jsonl", since)]


def collect(paths: Iterable[Path]) -> Collected:
    """Read transcripts into turns, each answer once over all files."""
    collected = Collected()
    rows: dict[tuple[str, str], tuple[Turn, bool]] = {}
    for path in paths:
        answers = [raw for raw in json_lines(path, collected) if raw.get("type") == "assistant"]
        names_requests = any(raw.get("requestId") for raw in answers)
        for raw in answers:
            turn = _turn(raw)
            if turn is None:
                collected.leave_out("answer without usage")
                continue
            if names_requests and not raw.get("requestId"):
                collected.leave_out("copy in a resumed session")
                continue
            message = text(table(raw.get("message")).get("id"))
            key = (message or text(raw.get("uuid")), text(raw.get("requestId")))
            known = rows.get(key)
            if known is not None:
                collected.leave_out("repeated row")
            if known is None or _total(turn) > _total(known[0]):
                rows[key] = (turn, bool(raw.get("isSidechain")))
    collected.turns = _without_replays(rows, collected)
    return collected


def _without_replays(rows: dict[tuple[str, str], tuple[Turn, bool]], collected: Collected) -> list[Turn]:
    by_message: dict[str, list[tuple[Turn, bool]]] = {}
    for (message, _), row in rows.items():
        by_message.setdefault(message, []).append(row)
    kept = []
    for same in by_message.values():
        own = [row for row in same if not row[1]] or same[:1]
        for _ in range(len(same) - len(own)):
            collected.leave_out("replay in a sidechain")
        kept += [turn for turn, _ in own]
    return sorted(kept, key=lambda turn: turn.epoch)


def _turn(raw: dict[str, object]) -> Turn | None:
    message = table(raw.get("message"))
    usage = table(message.get("usage"))
    model = text(message.get("model"))
    if not usage or model == _SYNTHETIC:
        return None
    written, cached = count(usage.get("cache_creation_input_tokens")), count(usage.get("cache_read_input_tokens"))
    split = table(usage.get("cache_creation"))
    tokens = count(usage.get("input_tokens")) + written + cached
    return Turn(
        agent="claude",
        session=text(raw.get("sessionId")),
        epoch=seconds(raw.get("timestamp")),
        cwd=text(raw.get("cwd")),
        model=model,
        input=tokens,
        output=count(usage.get("output_tokens")),
        cached=cached,
        written=written,
        written_1h=min(written, count(split.get("ephemeral_1h_input_tokens"))),
        reported=dollars(raw.get("costUSD")),
        context=tokens,
        unread=not is_read(usage),
    )


def _total(turn: Turn) -> int:
    return turn.input + turn.output
