"""Rules against labels: typed commits, tangled diffs, hand-labelled commits."""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from themes_common import clone, judge_diff, tolerant

from planfence.change.message import parse
from planfence.change.pathclass import PathClass
from planfence.content.committypes import breaches, says_more
from planfence.content.mixing import cues, mixtures, spread
from planfence.content.unitkinds import ClassifiedUnit, UnitKind

csv.field_size_limit(sys.maxsize)
_TYPES = {"cicd": "ci"}


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def types(path: str) -> None:
    total, refused, warned, mixed = Counter(), Counter(), Counter(), Counter()
    for row in _rows(path):
        kind = _TYPES.get(row["annotated_type"], row["annotated_type"])
        judged = judge_diff(row["git_diff"])
        found = breaches(kind, judged)
        total[kind] += 1
        refused[kind] += any(breach.proven for breach in found)
        warned[kind] += bool(found and not any(breach.proven for breach in found)) or says_more(kind, judged)
        mixed[kind] += bool(mixtures(judged))
    print(f"{'type':10} {'commits':>7} {'error':>6} {'warn':>6} {'mixed':>6}")
    for kind in [*total, None]:
        row = [sum(c.values()) if kind is None else c[kind] for c in (total, refused, warned, mixed)]
        print(f"{kind or 'all':10} {row[0]:7} " + " ".join(f"{value:6}" for value in row[1:]))


def tangled(path: str) -> None:
    """Mixed content by the number of concerns; "type": one of the tangle's types does not cover the whole diff."""
    total, mixed, said, either = Counter(), Counter(), Counter(), Counter()
    for row in _rows(path):
        concerns = int(row["concern_count"])
        judged = judge_diff(row["diff"])
        total[concerns] += 1
        by_diff = bool(mixtures(judged))
        claimed = [_TYPES.get(kind, kind) for kind in json.loads(row["types"])]
        by_type = concerns > 1 and any(breaches(kind, judged) for kind in claimed)
        mixed[concerns] += by_diff
        said[concerns] += by_type
        either[concerns] += by_diff or by_type
    print(f"{'concerns':>8} {'diffs':>6} {'mixed':>6} {'type':>6} {'either':>6}")
    for concerns in sorted(total):
        print(f"{concerns:8} {total[concerns]:6} {mixed[concerns]:6} {said[concerns]:6} {either[concerns]:6}")


def _hashes(path: str) -> list[str]:
    text = Path(path).read_text("utf-8", "replace")
    return list(dict.fromkeys(re.findall(r"^\W*([0-9a-f]{40})\b", text, re.MULTILINE)))


def labelled(repo: str, atomic: str, mixed: str) -> None:
    repository = clone(repo)
    found = []
    for label, path in ((False, atomic), (True, mixed)):
        for name, judged in tolerant(repository, _hashes(path)):
            message = parse(repository.git.run("log", "-1", "--format=%B", name).decode("utf-8", "replace"))
            reasons = [mixture.reason for mixture in mixtures(judged)]
            said = bool(cues(message))
            found.append(
                (label, bool(reasons), said, _score(judged), reasons, said or bool(mixtures(judged, said=True)))
            )

    def says(word: str):
        return lambda row: any(word in reason for reason in row[4])

    def rates(rows: list, test) -> str:
        parts = [[test(row) for row in rows if row[0] is label] for label in (False, True)]
        return "  ".join(f"{sum(part) / len(part):7.1%}" for part in parts)

    counts = Counter(row[0] for row in found)
    print(f"{counts[False]} atomic, {counts[True]} tangled")
    print(f"{'':44} alarms  recall")
    print(f"{'from the diff alone':44} {rates(found, lambda row: row[1])}")
    print(f"{'  of it: formatting beside behaviour':44} {rates(found, says('formatting'))}")
    print(f"{'  of it: moved blocks':44} {rates(found, says('moved'))}")
    print(f"{'  of it: spread':44} {rates(found, says('places in'))}")
    print(f"{'from the message alone':44} {rates(found, lambda row: row[2])}")
    print(f"{'both':44} {rates(found, lambda row: row[5])}")
    _halves(found)


def _score(judged: Sequence[ClassifiedUnit]) -> int:
    """The spread of a change that has changed behaviour in source at all."""
    behaviour = any(
        one.kind in (UnitKind.BEHAVIOUR, UnitKind.STYLE) and one.path_class is PathClass.SRC for one in judged
    )
    hunks, files = spread(judged)
    return hunks + 4 * files if behaviour else 0


def _halves(found: list) -> None:
    """The spread thresholds chosen on one half as the shipped ones are on all, reported on the other; mean of 100.

    Chosen: the lowest at which at most 3% of the atomic ones are called mixed, by the diff alone, and by the diff or
    the message. A point below the bar, since a threshold looks better where it was chosen than anywhere else.
    """
    for both, words in (
        (False, "diff alone, tuned on halves, other half"),
        (True, "both, tuned on halves, other half"),
    ):

        def share(rows: list, label: bool, limit: int, both: bool = both) -> float:
            own = [row for row in rows if row[0] is label]
            seen = [any("formatting" in r or "moved" in r for r in row[4]) or row[3] >= limit for row in own]
            return sum(one or (both and row[2]) for one, row in zip(seen, own, strict=True)) / len(own)

        alarms = recall = 0.0
        for seed in range(100):
            rows = list(found)
            random.Random(seed).shuffle(rows)
            tune, report = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            limit = next((n for n in range(5, 400) if share(tune, False, n) <= 0.03), 400)
            alarms += share(report, False, limit) / 100
            recall += share(report, True, limit) / 100
        print(f"{words + ', tuned on halves, other half':44} {alarms:7.1%}  {recall:7.1%}")
    for words, both in (("diff alone", False), ("both", True)):
        limit = next(
            n
            for n in range(5, 400)
            if sum(
                any("formatting" in r or "moved" in r for r in row[4]) or row[3] >= n or (both and row[2])
                for row in found
                if not row[0]
            )
            <= 0.03 * sum(not row[0] for row in found)
        )
        print(f"lowest spread at 3% alarms, {words}: {limit}")
