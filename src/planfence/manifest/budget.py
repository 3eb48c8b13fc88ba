"""What a task, or a whole plan, may cost. Data only."""

from __future__ import annotations

from planfence.manifest.tablereader import Table
from planfence.records import dataclass

#: The limits by the end of their keys, and what each counts.
KINDS = {"usd": "dollars", "min": "minutes of work", "tokens": "tokens that were not read from a cache"}

#: A limit is less than this.
MOST = 1e9


@dataclass(frozen=True, slots=True)
class Budget:
    """Dollars, minutes of work by the run log, and tokens (those that were not read from a cache).

    0 means no limit; None says nothing, so that another budget decides.
    """

    usd: float | None = None
    min: float | None = None
    tokens: float | None = None

    def __bool__(self) -> bool:
        return any((self.usd, self.min, self.tokens))

    def of(self, name: str) -> float | None:
        """The limit of one of :data:`KINDS`."""
        value: float | None = getattr(self, name)
        return value

    def under(self, default: Budget) -> Budget:
        """Return it with another's limits if it has none of its own."""
        return Budget(*(default.of(name) if self.of(name) is None else self.of(name) for name in KINDS))

    def plus(self, more: Budget) -> Budget:
        """Return it with its limits raised; what has no limit gets none."""
        own = ((self.of(name), more.of(name)) for name in KINDS)
        return Budget(*(limit + (by or 0) if limit else limit for limit, by in own))

    def wider_than(self, other: Budget) -> tuple[str, ...]:
        """The names of the limits that the other one has, and that are higher here or gone."""
        pairs = ((name, self.of(name), other.of(name)) for name in KINDS)
        return tuple(name for name, own, its in pairs if its and (not own or own > its))


#: What says nothing of any limit.
UNLIMITED = Budget()


def read_budget(table: Table, prefix: str = "budget_", default: Budget = UNLIMITED) -> Budget:
    """Read the limits of a table: `budget_usd`, `budget_min` and `budget_tokens`."""
    fix = "write a number such as `2.5`; 0 means no limit"
    return Budget(*(table.number(prefix + name, default.of(name), lambda it: 0 <= it < MOST, fix) for name in KINDS))
