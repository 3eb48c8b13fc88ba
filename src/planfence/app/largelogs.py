"""Large logs: DuckDB adds up the common lines, the reference parser reads the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from planfence.app.logs import lines_of, local_clock
from planfence.core.log import Reader, SetAside
from planfence.core.taskfacts import Facts
from planfence.store.ducklog import Common, add_up


def fold_large(paths: Sequence[Path], prefix: str) -> tuple[Facts, Counter[str], list[SetAside]] | None:
    """Fold files of one prefix; None where they are not for DuckDB: then they are read in Python."""
    summed = add_up(paths)
    if summed is None:
        return None
    facts, reader = Facts(), Reader(local_clock)
    facts.add(reader.read(f"{line}\n" for line in summed.rest), prefix)
    if reader.counts["glued"] or reader.counts["doubled"]:
        return None  # a record inside a glued line may be another's double
    for each in summed.sums:
        _merge(facts, each, prefix)
    reader.counts["lines"] += summed.common + summed.blank
    reader.counts["records"] += summed.common
    reader.counts["blank"] += summed.blank
    counts = Counter({name: count for name, count in reader.counts.items() if count})
    return facts, counts, _numbered(paths, reader.aside)


def _merge(facts: Facts, each: Common, prefix: str) -> None:
    own = bool(each.event)
    task, model = each.task[5:], each.model[6:]
    found = facts.task(prefix + task)
    last = local_clock(each.last, own)
    found.saw(local_clock(each.first, own))
    found.saw(last)
    if each.costs or each.times:
        for target in (found, found.share("", model)):
            target.cost += each.cost
            target.costs += each.costs
            target.time_min += each.time_min
            target.times += each.times
    found.rounds = max(found.rounds, int(each.rounds))
    if not own:
        found.hand += each.lines
        found.hand_last = max(found.hand_last, last)
        return
    event, result = each.event[6:], each.result[7:]
    facts.runs[event, result] += each.lines
    found.ran += each.lines
    if result == "refused":
        found.refused += each.lines
    if each.made and model:
        found.made = min(found.made, (local_clock(each.made, True), model))
    if each.themed[19:]:
        found.themed = max(found.themed, (local_clock(each.themed[:19], True), each.themed[19:]))


def _numbered(paths: Sequence[Path], aside: list[SetAside]) -> list[SetAside]:
    """Find the line numbers of what was set aside, which DuckDB does not tell."""
    wanted = [entry.text for entry in aside]
    found: list[SetAside] = []
    for path in paths:
        if not wanted:
            break
        with lines_of(path) as lines:
            for index, line in enumerate(lines, 1):
                if wanted and line.rstrip("\n") == wanted[0]:
                    entry = aside[len(found)]
                    found.append(SetAside(index, entry.why, entry.text))
                    wanted.pop(0)
    return found + aside[len(found) :]
