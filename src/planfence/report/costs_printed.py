"""What `claude -p --output-format json` (or `stream-json`) and `codex exec --json` print when they end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planfence.foreignjson import NotJson, read_json, table
from planfence.report.usage import Collected, Turn, count, dollars, text


def collect(printed: str, *, epoch: int, cwd: str = "", model: str = "") -> Collected:
    """Read printed JSON: one object, an array, or one object a line.

    ``epoch`` is when it ended; ``model`` is for Codex, which prints none. A Claude session's dollars are its own
    report, for each model if it says so, otherwise shared by their tokens. What a resumed session prints is this
    run's with Claude (``run`` tells the runs apart), the whole thread's so far with Codex, without its subagents'.
    """
    collected = Collected()
    results: dict[tuple[str, str], dict[str, object]] = {}
    thread, totals = "", None
    for value in _objects(printed, collected):
        kind = value.get("type")
        if kind == "result":
            results[text(value.get("session_id")), text(value.get("uuid"))] = value
        elif kind == "thread.started":
            thread = text(value.get("thread_id"))
        elif kind == "turn.completed":
            # The usage is the thread's total so far: the last one holds all.
            totals = table(value.get("usage"))
    for (session, run), value in results.items():
        collected.turns += [replace(turn, run=run) for turn in _claude(session, value, epoch, cwd)]
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
    hint = "give what `claude -p --output-format json` or `codex exec --json` printed"
    try:
        whole = read_json(printed, "what was printed", hint)
    except NotJson:
        whole = None
    if whole is not None:
        yield from (value for value in (whole if isinstance(whole, list) else [whole]) if isinstance(value, dict))
        return
    for line in map(str.strip, printed.split("\n")):  # JSON may hold what else ends a line
        try:
            # Millions of other lines cost little so: the reader's refusal of one costs a hundred times as much.
            value = read_json(line, "what was printed", hint) if line[:1] + line[-1:] == "{}" else None
        except NotJson:
            value = None
        if value is not None:
            yield value
        elif line:
            collected.leave_out("line that is no JSON object")


def _claude(session: str, value: dict[str, object], epoch: int, cwd: str) -> list[Turn]:
    whole = dollars(value.get("total_cost_usd"))
    models = table(value.get("modelUsage"))
    usage = table(value.get("usage"))
    cached, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    tokens = count(usage.get("input_tokens")) + cached + written
    output = count(usage.get("output_tokens"))
    if not models:
        return [Turn("claude", session, epoch, cwd, "", tokens, output, cached, written, reported=whole)]
    if sum(_input(table(raw)) for raw in models.values()) < tokens:
        # Seen in 2.0.30: all input tokens 0 by model, and dollars of the output alone. By model there is all that
        # subagents spent as well, so less than the main conversation's can't be the truth: an estimate is nearer to it.
        name = max(models, key=lambda each: _size(table(models[each])))
        return [Turn("claude", session, epoch, cwd, name, tokens, output, cached, written)]
    turns = []
    said = all(dollars(table(raw).get("costUSD")) is not None for raw in models.values())
    sizes = {model: _size(table(raw)) for model, raw in models.items()}
    for model, raw in models.items():
        usage = table(raw)
        cost = dollars(usage.get("costUSD"))
        if whole is not None and (len(models) == 1 or not said):
            cost = whole * sizes[model] / sum(sizes.values())
        cached, written = count(usage.get("cacheReadInputTokens")), count(usage.get("cacheCreationInputTokens"))
        name, output = text(usage.get("canonicalModel")) or model, count(usage.get("outputTokens"))
        turns.append(Turn("claude", session, epoch, cwd, name, _input(usage), output, cached, written, reported=cost))
    return turns


def _input(usage: dict[str, object]) -> int:
    return sum(count(usage.get(name)) for name in ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"))


def _size(usage: dict[str, object]) -> int:
    return count(usage.get("inputTokens")) + count(usage.get("outputTokens")) or 1
