"""Keys that a shared policy locks: what is looser than what it says there.

A repository may be stricter than the shared policy, never looser. If no order says what is stricter (a command, a
pattern, a team's agents), every other value is looser.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from planfence.finding import Severity
from planfence.manifest.budget import Budget
from planfence.manifest.policy import Branches, LedgerKept, Limits, Lock, Policy, Tests, Trust, Unplanned
from planfence.manifest.trailers import Trailers

#: Keys that hold one value, at the top.
TOP = ("mode", "base", "plans", "log", "run_log", "protected")
#: The tables of a policy whose keys are fields, and what reads each.
TABLES: dict[str, Any] = {
    "limits": Limits,
    "unplanned": Unplanned,
    "tests": Tests,
    "trust": Trust,
    "branches": Branches,
    "ledger": LedgerKept,
    "trailers": Trailers,
    "budget": Budget,
}
#: Keys that are alone in their table.
SINGLE = {"rework.max": "rework_max", "claims.stale_h": "stale_h"}

#: Every key that may be locked, beside single rules (`rules.CODE`), agents (`identity.NAME`) and standing tasks.
KEYS = (
    *TOP,
    "identity",
    "standing",
    "rules",
    *TABLES,
    *SINGLE,
    *(f"{name}.{key}" for name, kind in TABLES.items() for key in kind.__slots__),
)

#: (code, default severity) of each rule, by code and by name.
Weights = Mapping[str, tuple[str, Severity]]

_SEVERITIES = (Severity.OFF, Severity.WARN, Severity.ERROR)


def _lacks(shared: Any, own: Any) -> bool:
    return not set(shared) <= set(own)


def _longer(shared: Any, own: Any) -> bool:
    """Of what has no end at 0: days, hours, sums."""
    return bool((own or float("inf")) > (shared or float("inf")))


def _earlier(*words: str) -> Callable[[Any, Any], bool]:
    """Of words from loose to strict: whether the own one stands before the shared one."""
    return lambda shared, own: words.index(own) < words.index(shared)


_LOOSER: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("limits.files", "limits.lines", "unplanned.files", "rework.max"), operator.lt),
    **dict.fromkeys(("limits.count_generated", "tests.min_tests", "tests.proven_min"), operator.gt),
    **dict.fromkeys(("protected", "tests.required", "branches.guarded", "trailers.require", "trailers.forbid"), _lacks),
    **dict.fromkeys(("branches.integration", "branches.ignored"), lambda shared, own: _lacks(own, shared)),
    **dict.fromkeys(("ledger.retention_days", "budget.usd", "budget.min", "budget.tokens"), _longer),
    "claims.stale_h": lambda shared, own: _longer(own, shared),
    "limits.estimate_min": lambda shared, own: own[0] < shared[0] or own[1] > shared[1],
    "mode": _earlier("observe", "enforce"),
    "unplanned.urgent": _earlier("any", "human", "off"),
    "tests.prove": _earlier("off", "change", "hunks"),
    "trust.plan": _earlier("branch", "signed", "base"),
    "trust.evidence": _earlier("local", "signed", "rerun"),
    "ledger.attachments": _earlier("full", "redacted", "none"),
}


def is_key(policy: Policy, key: str) -> bool:
    """Whether a key of this name can be locked."""
    table, _, name = key.partition(".")
    if table == "standing" and name:
        return any(each.id == name for each in policy.standing)
    return key in KEYS or (table in ("rules", "identity") and bool(name))


def value(policy: Policy, key: str) -> Any:
    """Return what a policy says for a key: of a rule all rules, None for an agent or a standing task that it lacks."""
    table, _, name = key.partition(".")
    if not name or table == "rules" or key in SINGLE:
        return getattr(policy, SINGLE.get(key, table))
    if table == "identity":
        return policy.identity.get(name)
    if table == "standing":
        return next((each for each in policy.standing if each.id == name), None)
    return getattr(getattr(policy, table), name)


def looser(lock: Lock, policy: Policy, weights: Weights) -> Iterator[tuple[str, Any, Any]]:
    """Yield each key under a lock that a policy loosens, with what is locked and what it is."""
    table, _, name = lock.key.partition(".")
    if table == "rules":
        yield from _rules(lock, name, policy, weights)
    elif table in TABLES and not name:
        for key in TABLES[table].__slots__:
            inner = Lock(f"{table}.{key}", getattr(lock.value, key), lock.path)
            yield from looser(inner, policy, weights)
    else:
        own = value(policy, lock.key)
        if own != lock.value and (lock.key not in _LOOSER or _LOOSER[lock.key](lock.value, own)):
            yield lock.key, lock.value, own


def _rules(lock: Lock, name: str, policy: Policy, weights: Weights) -> Iterator[tuple[str, Any, Any]]:
    """What the shared policy does not name is locked at what the rule is by itself."""
    shared, own = _by_code(lock.value, weights), _by_code(policy.rules, weights)
    for code in [weights[name][0]] if name in weights else [] if name else sorted({*shared, *own}):
        default = weights[code][1]
        locked, now = shared.get(code, default), own.get(code, default)
        if _SEVERITIES.index(now) < _SEVERITIES.index(locked):
            yield f"rules.{name or code}", str(locked), str(now)


def _by_code(rules: Any, weights: Weights) -> dict[str, Severity]:
    return {weights[word][0]: severity for word, severity in rules.items() if word in weights}


def shown(value: Any) -> str:
    """Return a key's value for a message, in the form of the file where it has a short one."""
    if isinstance(value, tuple) and all(isinstance(each, str | int) for each in value):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value) if isinstance(value, int | float) else "another"
