"""The kinds of risky diffs, one module each, in the order in which a reviewer should see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence.change.patchfile import PatchFile
from planfence.records import dataclass
from planfence.risks import (
    concurrency,
    dependencies,
    generated,
    large_hunks,
    migrations,
    permissions,
    public_signatures,
    removed_checks,
    removed_limits,
    secrets,
    swallowed_errors,
    weakened_tests,
)
from planfence.risks.base import Hit, RiskKind

RISKS: tuple[RiskKind, ...] = (
    secrets.RISK,
    weakened_tests.RISK,
    permissions.RISK,
    migrations.RISK,
    swallowed_errors.RISK,
    removed_checks.RISK,
    removed_limits.RISK,
    public_signatures.RISK,
    concurrency.RISK,
    dependencies.RISK,
    generated.RISK,
    large_hunks.RISK,
)


@dataclass(frozen=True, slots=True)
class RiskFound:
    """One risky place of a change."""

    risk: RiskKind
    path: str
    hit: Hit


def find(files: Iterable[PatchFile]) -> Iterator[RiskFound]:
    """Yield the risky places of a change, the heaviest kinds first, each kind in the files' order."""
    files = tuple(files)
    for risk in RISKS:
        for file in files:
            for hit in risk.check(file):
                yield RiskFound(risk, file.path, hit)


def weigh(found: Iterable[RiskFound]) -> int:
    """Return one number for how risky a change is: each kind's weight once for each file that it is found in."""
    return sum({(each.risk.name, each.path): each.risk.weight for each in found}.values())
