"""What `claude -p --output-format json` (or `stream-json`) and `codex exec --json` print when they end."""

from __future__ import annotations

import json
from collections.abc import Iterator

from planfence.agents.usage import Collected, Turn, count, dollars, table, text


def collect(printed: str, *, epoch: int, cwd: str = "", model: str = "") -> Collected:
    """Read printed JSON: one object, an array, or one object a line.

    ``epoch`` is when it ended; ``model`` is for Codex, which prints none. A Claude session's dollars are its own
    report, for each model where it says so, otherwise shared by their tokens.
    """
    collected = Collected()
    results: dict[str, dict[str, object]] = {}
    thread, totals = "", None
    for value in _objects(printed, collected):
        kind = value.get("type")
        if kind == "result":
            results[text(value.get("session_id"))] = value
        elif kind == "thread.started":
            thread = text(value.get("thread_id"))
        elif kind == "turn.completed":
            # The usage is the thread's total so far: the last one holds all.
            totals = table(value.get("usage"))
    for session, value in results.items():
        collected.turns += _claude(session, value, epoch, cwd)
    if totals is not None:
        collected.turns.append(
            Turn(
                "codex",
                thread,
                epoch,
                cwd,
                model,
                count(totals.get("input_tokens")),
                count(totals.get("output_tokens")),
                count(totals.get("cached_input_tokens")),
            )
        )
    return collected


def _objects(printed: str, collected: Collected) -> Iterator[dict[str, object]]:
    try:
        whole = json.loads(printed)
    except ValueError:
        whole = None
    if whole is not None:
        yield from (value for value in (whole if isinstance(whole, list) else [whole]) if isinstance(value, dict))
        return
    for line in printed.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            collected.leave_out("line that is no JSON")
            continue
        if isinstance(value, dict):
            yield value


def _claude(session: str, value: dict[str, object], epoch: int, cwd: str) -> list[Turn]:
    whole = dollars(value.get("total_cost_usd"))
    models = table(value.get("modelUsage"))
    if not models:
        usage = table(value.get("usage"))
        cached, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
        tokens = count(usage.get("input_tokens")) + cached + written
        output = count(usage.get("output_tokens"))
        return [Turn("claude", session, epoch, cwd, "", tokens, output, cached, written, reported=whole)]
    turns = []
    said = all(dollars(table(raw).get("costUSD")) is not None for raw in models.values())
    sizes = {
        model: count(table(raw).get("inputTokens")) + count(table(raw).get("outputTokens")) or 1
        for model, raw in models.items()
    }
    for model, raw in models.items():
        usage = table(raw)
        cached, written = count(usage.get("cacheReadInputTokens")), count(usage.get("cacheCreationInputTokens"))
        tokens = count(usage.get("inputTokens")) + cached + written
        cost = dollars(usage.get("costUSD"))
        if whole is not None and (len(models) == 1 or not said):
            cost = whole * sizes[model] / sum(sizes.values())
        name = text(usage.get("canonicalModel")) or model
        output = count(usage.get("outputTokens"))
        turns.append(Turn("claude", session, epoch, cwd, name, tokens, output, cached, written, reported=cost))
    return turns


def _size(usage: dict[str, object]) -> int:
    return count(usage.get("inputTokens")) + count(usage.get("outputTokens")) or 1
