"""Large logs: DuckDB adds up the common lines, the reference parser reads the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from planfence.log.files import lines_of, local_clock
from planfence.log.reader import Reader, SetAside
from planfence.report.ducklog import Unsure, add_up
from planfence.report.fastfold import count
from planfence.report.taskfacts import LogFacts


def fold_large(paths: Sequence[Path], prefix: str) -> tuple[LogFacts, Counter[str], list[SetAside]] | None:
    """Fold files of one prefix; None where they are not for DuckDB: then they are read in Python."""
    facts, reader = LogFacts(), Reader(local_clock)
    try:
        with closing(add_up(paths)) as bits:
            for each in bits:
                facts.add(reader.read(f"{line}\n" for line in each.rest), prefix)
                if reader.counts["glued"] or reader.counts["doubled"]:
                    return None  # a record inside a glued line may be another's double
                each.totals.merge(facts, local_clock, prefix)
                count(reader, each.totals.lines)
                reader.counts["lines"] += each.blank
                reader.counts["blank"] += each.blank
    except Unsure:
        return None
    counts = Counter({name: number for name, number in reader.counts.items() if number})
    return facts, counts, _numbered(paths, reader.aside)


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
