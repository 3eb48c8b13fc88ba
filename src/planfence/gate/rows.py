"""What the board shows, as data. Light: a board that nothing changed on since the last look is shown at once."""

from __future__ import annotations

from collections.abc import Mapping

from planfence.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Wait:
    """What a task waits for, in words.

    ``kind`` is `start`, `dependency`, `work`, `tests`, `advance`, `review`, `rework`, `finish`, `person`
    or `repair`.
    """

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """One task at one place; times are seconds since the epoch, 0 if unknown.

    ``worktree`` is the folder of the worktree (empty: in none), ``clone`` what another clone's log calls its worktree
    (empty: it is in this one), ``worked_s`` what its closed intervals took, ``since`` the begin of the open one,
    ``commit`` its last own commit, ``tests`` `passed`, `failed` or `none` of HEAD's tree, ``cost`` the dollars so far
    (None: unknown), ``unpriced`` tokens that have no price and are not in it, ``budget`` what it may cost by kind
    (`usd`, `min`, `tokens`), ``spent`` what it has cost of these as far as that is known, ``needs`` the tasks that it
    depends on, done or not.
    """

    task: str
    title: str
    stage: str
    holder: str = ""
    worktree: str = ""
    branch: str = ""
    clone: str = ""
    worked_s: int = 0
    since: int = 0
    estimate_min: float = 0.0
    touched: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    commit: str = ""
    committed: int = 0
    tests: str = "none"
    round: int = 0
    cost: float | None = None
    unpriced: int = 0
    budget: Mapping[str, float] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    waits: tuple[Wait, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def plan(self) -> str:
        """The plan's id."""
        return self.task.partition("/")[0]

    @property
    def active(self) -> bool:
        """Whether somebody is at work on it, as far as it is told here."""
        return bool(self.worktree or self.clone) or self.stage in ("implement", "review")

    def minutes(self, now: float) -> float | None:
        """Minutes worked until ``now``, by the run log; None if it has none."""
        worked = self.worked_s + (max(0.0, now - self.since) if self.since else 0.0)
        return worked / 60 if worked or self.since else None


@dataclass(frozen=True, slots=True)
class Board:
    """All rows, by plan and in the plan's order; ``base`` is the protected branch, ``notes`` what else to say."""

    at: int
    base: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def only(self, plan: str = "") -> Board:
        """The same with the tasks alone that are not done, of this plan (empty: of all)."""
        rows = (row for row in self.rows if row.stage != "done" and plan in ("", row.plan))
        return replace(self, rows=tuple(rows))


def as_plain(board: Board) -> dict[str, object]:
    """The board as JSON has it: null for what is unknown, times in seconds since the epoch, minutes as of ``at``."""
    return {
        "schema": 1,
        "at": board.at,
        "base": board.base,
        "rows": [_plain(row, board.at) for row in board.rows],
        "notes": list(board.notes),
    }


def _plain(row: Row, now: float) -> dict[str, object]:
    minutes = row.minutes(now)
    return {
        "plan": row.plan,
        "task": row.task,
        "title": row.title,
        "stage": row.stage,
        "holder": row.holder or None,
        "worktree": row.worktree or None,
        "branch": row.branch or None,
        "clone": row.clone or None,
        "minutes": None if minutes is None else round(minutes, 1),
        "estimate_min": row.estimate_min,
        "touched": list(row.touched),
        "outside": list(row.outside),
        "commit": row.commit or None,
        "committed": row.committed or None,
        "tests": row.tests,
        "round": row.round,
        "cost": row.cost,
        "unpriced_tokens": row.unpriced,
        "budget": dict(row.budget),
        "spent": dict(row.spent),
        "waits": [{"kind": each.kind, "what": each.what} for each in row.waits],
    }


def packed(board: Board) -> dict[str, object]:
    """The board as plain values, to be kept."""
    rows = [{name: getattr(row, name) for name in Row.__slots__} for row in board.rows]
    for row in rows:
        row["waits"] = [[each.kind, each.what] for each in row["waits"]]
    return {"at": board.at, "base": board.base, "rows": rows, "notes": list(board.notes)}


def unpacked(told: dict[str, Any]) -> Board:
    """Undo :func:`packed`; raises what it likes for anything else."""
    rows = []
    for row in told["rows"]:
        waits = tuple(Wait(kind, what) for kind, what in row["waits"])
        files = {name: tuple(row[name]) for name in ("touched", "outside", "needs")}
        rows.append(Row(**(row | files | {"waits": waits})))
    return Board(told["at"], told["base"], tuple(rows), tuple(told["notes"]))
