"""What was refused, and what a policy that only observes would have refused: by rule, and by who acted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from planfence.lazyregex import pattern
from planfence.log.files import lines_of, local_clock
from planfence.log.reader import Reader, Record
from planfence.records import dataclass

#: The events that stand once for what was stopped: a refusal ends the commit at the hook that says it, and what is only
#: observed passes each of them, so that the finished commit and the push speak for it.
_MOVES = frozenset({"start", "advance", "review", "rework"})
_REFUSING = frozenset({"pre-commit", "pre-merge-commit", "commit-msg", "pre-push"}) | _MOVES
_OBSERVED = frozenset({"post-commit", "pre-push"}) | _MOVES
#: What a line that counts holds; of a large log that is a small part.
_TOLD = pattern(r"result=(?:refused|observed|\w*+%)")


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often one rule stopped one model (`human` too), and would have where it only observed."""

    rule: str
    model: str
    refused: int
    observed: int


def refused_in(paths: Iterable[Path]) -> Iterator[Record]:
    """Yield the records of logs that may tell of what was refused; doubles among them are found across the logs."""
    reader = Reader(local_clock)
    for path in paths:
        with lines_of(path) as lines:
            yield from (entry for entry in reader.read(filter(_TOLD.search, lines)) if isinstance(entry, Record))


def refusals(records: Iterable[Record], since: int = 0) -> tuple[Refusals, ...]:
    """Count the refusals of hooks and stage moves from ``since`` on (seconds), the most frequent first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        result, event = record.fields.get("result", ""), record.fields.get("event", "")
        counted = event in (_REFUSING if result == "refused" else _OBSERVED if result == "observed" else ())
        if counted and record.epoch >= since:
            for rule in filter(None, record.fields.get("rules", "").split("+")):
                counts[rule, record.fields.get("model", "") or "?", result] += 1
    rows = {
        (rule, model): Refusals(rule, model, counts[rule, model, "refused"], counts[rule, model, "observed"])
        for rule, model, _ in counts
    }
    return tuple(sorted(rows.values(), key=lambda row: (-row.refused - row.observed, row.rule, row.model)))
