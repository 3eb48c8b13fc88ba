"""Rules against labels: typed commits, tangled diffs, hand-labelled commits."""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

from themes_common import clone, judge_diff, tolerant

from planfence.core.licences import breaches, says_more
from planfence.core.message import parse
from planfence.core.mixing import SPREAD, cues, mixtures, spread

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
    git = clone(repo)
    found = []
    for label, path in ((False, atomic), (True, mixed)):
        for name, judged in tolerant(git, _hashes(path)):
            message = parse(git.run("log", "-1", "--format=%B", name).decode("utf-8", "replace"))
            reasons = [mixture.reason for mixture in mixtures(judged)]
            hunks, files = spread(judged)
            found.append((label, bool(reasons), bool(cues(message)), hunks + 4 * files, reasons))

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
    print(f"{'  of it: spread':44} {rates(found, lambda row: row[3] >= SPREAD)}")
    print(f"{'from the message alone':44} {rates(found, lambda row: row[2])}")
    print(f"{'both':44} {rates(found, lambda row: row[1] or row[2])}")
    _halves(found)


def _halves(found: list) -> None:
    """The spread threshold chosen on one half at 4% false alarms, reported on the other; mean of 100 halvings."""
    alarms = recall = 0.0
    for seed in range(100):
        rows = list(found)
        random.Random(seed).shuffle(rows)
        tune, report = rows[: len(rows) // 2], rows[len(rows) // 2 :]

        def share(rows: list, label: bool, limit: int) -> float:
            own = [row for row in rows if row[0] is label]
            other = [row for row in own if any("formatting" in r or "moved" in r for r in row[4]) or row[3] >= limit]
            return len(other) / len(own)

        limit = next((n for n in range(5, 400) if share(tune, False, n) <= 0.04), 400)
        alarms += share(report, False, limit) / 100
        recall += share(report, True, limit) / 100
    print(f"{'diff alone, tuned on halves, other half':44} {alarms:7.1%}  {recall:7.1%}")
