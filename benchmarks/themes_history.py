"""What the theme rules say of the latest commits of real projects, as hooks and CI ask them."""

from __future__ import annotations

import sys
from collections import Counter

from themes_common import clone

from planfence.errors import PlanfenceError
from planfence.judge.check import Terms, judge_commits
from planfence.ledger.records import Basis
from planfence.manifest.policyfile import load_policy
from planfence.rules.catalog import RULES

_CODES = ("THM002", "THM003", "THM004")


def history(count: str, *places: str) -> None:
    """Judge ``count`` commits of each clone by the rules of themes alone; print each error, to be read."""
    others = "".join(f'{rule.code} = "off"\n' for rule in RULES if rule.code not in _CODES)
    policy = load_policy(f"schema = 1\n[rules]\n{others}".encode(), "planfence.toml").policy
    whole, commits = Counter[tuple[str, str]](), 0
    words = " ".join(f"{code} {word:5}" for code in _CODES for word in ("error", "warn"))
    print(f"{'repository':40} {'commits':>7} {words}")
    for place in places:
        repository = clone(place)
        ids = repository.git.text("rev-list", "--no-merges", "--min-parents=1", f"-n{count}", "HEAD").split()
        found = Counter[tuple[str, str]]()
        judged = 0
        waiting = [ids[at : at + 100] for at in range(0, len(ids), 100)]
        while waiting:
            some = waiting.pop(0)
            try:
                report = judge_commits(repository, some, walk=False, terms=Terms(policy, Basis(some[-1]))).report
            except PlanfenceError as error:  # a clone may lack an object
                if len(some) == 1:
                    print(f"  left out: {place} {some[0][:12]}: {error.message}", file=sys.stderr)
                waiting[:0] = [[each] for each in some] if len(some) > 1 else []
                continue
            judged += len(some)
            said = {(each.code, str(each.severity), each.change) for each in report.findings}
            found.update((code, severity) for code, severity, _ in said)
            for each in report.errors:
                print(f"  {place} {each.change[:12]} {each.code} {each.path} {each.message}", flush=True)
        whole += found
        commits += judged
        _row(place, judged, found)
    _row("all", commits, whole)


def _row(place: str, number: int, found: Counter[tuple[str, str]]) -> None:
    shares = (found[code, word] for code in _CODES for word in ("error", "warn"))
    told = " ".join(f"{each:4} {each / max(number, 1):6.2%} " for each in shares)
    print(f"{place[-40:]:40} {number:7} {told}", flush=True)
