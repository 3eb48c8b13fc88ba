"""What the theme rules say of the latest commits of real projects, as hooks and CI ask them."""

from __future__ import annotations

from collections import Counter

from themes_common import clone

from planfence.judge.check import Terms, judge_commits
from planfence.manifest.policyfile import load_policy
from planfence.rules.catalog import RULES

_CODES = ("THM002", "THM003", "THM004")


def history(count: str, *places: str) -> None:
    """Judge ``count`` commits of each clone by the rules of themes alone; print each error, to be read."""
    others = "".join(f'{rule.code} = "off"\n' for rule in RULES if rule.code not in _CODES)
    policy = load_policy(f"schema = 1\n[rules]\n{others}".encode(), "planfence.toml").policy
    whole, commits = Counter[tuple[str, str]](), 0
    rows = []
    for place in places:
        repository = clone(place)
        ids = repository.git.text("rev-list", "--no-merges", "--min-parents=1", f"-n{count}", "HEAD").split()
        found = Counter[tuple[str, str]]()
        for at in range(0, len(ids), 100):
            some = ids[at : at + 100]
            report = judge_commits(repository, some, walk=False, terms=Terms(policy=policy, base=some[-1])).report
            said = {(each.code, str(each.severity), each.change) for each in report.findings}
            found.update((code, severity) for code, severity, _ in said)
            for each in report.errors:
                print(f"  {place} {each.change[:12]} {each.code} {each.path} {each.message}", flush=True)
        whole += found
        commits += len(ids)
        rows.append((place, len(ids), found))
    print(
        f"{'repository':40} {'commits':>7} "
        + " ".join(f"{code} {word:5}" for code in _CODES for word in ("error", "warn"))
    )
    for place, number, found in [*rows, ("all", commits, whole)]:
        shares = (found[code, word] for code in _CODES for word in ("error", "warn"))
        print(f"{place[-40:]:40} {number:7} " + " ".join(f"{each:4} {each / max(number, 1):6.2%} " for each in shares))
