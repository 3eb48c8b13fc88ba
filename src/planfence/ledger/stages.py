"""The stages of a task: a pure function of the ledger's moves and of the commits' trailers.

The fold does not depend on the order in which the moves are read, nor on any clock, so
that any number of writers merge. The moves alone say in which stage a task is. What was done
in an earlier round no longer counts, and the round is the highest that anything names, a
commit's trailer too: so a lost record, and a typed trailer, can close a gate and open none.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from enum import StrEnum

from planfence.ledger.holds import Holds
from planfence.ledger.transitions import Answer, Move, MoveKind
from planfence.manifest.budget import KINDS, Budget
from planfence.manifest.plan import Plan, Task
from planfence.records import dataclass, field

HUMAN = "human"


class Stage(StrEnum):
    """Where a task is."""

    PLAN = "plan"
    IMPLEMENT = "implement"
    REVIEW = "review"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class CommitFact:
    """What a commit's trailers say of its task: the stage and model it was made in and by, and the round."""

    commit: str
    task: str
    stage: str
    model: str
    round: int = 0


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of one task.

    ``round`` counts how often it was sent back; ``authors`` maps each round to the models
    that wrote code in it; ``holders`` maps a stage to who was given its role in place of the
    plan's word, the latest last; ``sealed`` are the commits at which it was moved on in this
    round, ``patches`` what the task's commits changed then, ``settled`` and ``settled_patches`` the same of
    earlier rounds; ``seq`` is the highest sequence number seen.
    """

    name: str
    stage: Stage = Stage.PLAN
    round: int = 0
    seq: int = 0
    moves: tuple[Move, ...] = ()
    authors: Mapping[int, frozenset[str]] = field(default_factory=dict)
    holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sealed: frozenset[str] = frozenset()
    patches: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    settled_patches: frozenset[str] = frozenset()

    @property
    def implementers(self) -> frozenset[str]:
        """Every model that wrote code for the task, in any round."""
        return frozenset().union(*self.authors.values())

    def holder(self, plan: Plan, task: Task, stage: str) -> str:
        """Who holds a stage's role now; empty if nobody is named."""
        given = self.holders.get(stage, ())
        return given[-1] if given else plan.model_for(task, stage)

    def ever_held(self, plan: Plan, task: Task, stage: str) -> frozenset[str]:
        """Everyone who has held a stage's role, for commits that were made before a handover."""
        return frozenset({plan.model_for(task, stage), *self.holders.get(stage, ())})

    def answers(self, tree: str) -> Mapping[str, tuple[Answer, Move]]:
        """The latest answer to each criterion that was given about this very tree in this round."""
        latest: dict[str, tuple[Answer, Move]] = {}
        for move in self.moves:
            if move.kind is MoveKind.REVIEW and move.round == self.round and move.tree == tree:
                latest.update({answer.criterion: (answer, move) for answer in move.answers})
        return latest

    def unmet(self) -> tuple[Answer, ...]:
        """What reviewers found wanting in this round, and nobody has found met since, whatever the tree is now."""
        latest: dict[str, Answer] = {}
        for move in self.moves:
            if move.kind is MoveKind.REVIEW and move.round == self.round:
                latest.update({answer.criterion: answer for answer in move.answers})
        return tuple(answer for answer in latest.values() if not answer.met)

    @property
    def granted(self) -> Budget:
        """By how much people raised what the task may cost."""
        return Budget(*(sum(move.grant.of(name) or 0 for move in self.moves) for name in KINDS))

    def last_rework(self) -> Move | None:
        """The move that opened this round, if the ledger has it."""
        return next((m for m in reversed(self.moves) if m.kind is MoveKind.REWORK and m.round == self.round), None)


def fold(name: str, moves: Iterable[Move], commits: Iterable[CommitFact] = ()) -> TaskState:
    """Say where a task is. Moves may come in any order and more than once."""
    mine = dict.fromkeys(move for move in moves if move.task == name)
    ordered = sorted(mine, key=lambda move: (move.seq, move.id, move.digest))
    written = [fact for fact in commits if fact.task == name]
    # An answer or a handover may bear a round that only a trailer spoke of; it opens none.
    rounds = max((move.round for move in ordered if move.kind in (MoveKind.ADVANCE, MoveKind.REWORK)), default=0)
    current = [move for move in ordered if move.round == rounds]
    stage = _stage(ordered, current)
    advanced = [move for move in ordered if move.kind is MoveKind.ADVANCE]
    # What is done has no next round, whatever a trailer says of one.
    claimed = () if stage is Stage.DONE else (fact.round for fact in written)
    return TaskState(
        name=name,
        stage=stage,
        round=max((rounds, *(move.round for move in ordered), *claimed)),
        seq=max((move.seq for move in ordered), default=0),
        moves=tuple(ordered),
        authors=_authors(ordered, written),
        holders=_holders(ordered),
        sealed=frozenset(move.commit for move in advanced if move.round == rounds and move.commit),
        patches=frozenset(patch for move in advanced if move.round == rounds for patch in move.patches),
        settled=frozenset(move.commit for move in advanced if move.round < rounds and move.commit),
        settled_patches=frozenset(patch for move in advanced if move.round < rounds for patch in move.patches),
    )


def _stage(moves: list[Move], current: list[Move]) -> Stage:
    reached = {move.stage for move in current if move.kind is MoveKind.ADVANCE}
    if Stage.DONE in reached:
        return Stage.DONE
    if Stage.REVIEW in reached:
        return Stage.REVIEW
    begun = any(move.kind in (MoveKind.START, MoveKind.ADVANCE, MoveKind.REWORK) for move in moves)
    return Stage.IMPLEMENT if begun else Stage.PLAN


def _authors(moves: list[Move], commits: list[CommitFact]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for move in moves:
        if move.kind is MoveKind.ADVANCE and move.stage == Stage.REVIEW:
            found.setdefault(move.round, set()).add(move.model)
    for fact in commits:
        if fact.model and fact.stage == Stage.IMPLEMENT:
            found.setdefault(fact.round, set()).add(fact.model)
    return {number: frozenset(models) for number, models in found.items()}


def _holders(moves: list[Move]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for move in moves:
        if move.kind is MoveKind.HANDOVER or (move.kind is MoveKind.REWORK and move.holder):
            stage = Stage.IMPLEMENT if move.kind is MoveKind.REWORK else move.stage
            found[stage] = (*found.get(stage, ()), move.holder)
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of stages, roles and evidence may look at.

    ``states`` has every task that anything is recorded of. ``covered`` maps a task to the
    judged commits that were there when it was moved on, also as a rebase has them. ``gates`` maps a change's name
    (`staged`, a commit id) to what must hold there and does not: (gate, why), an empty why
    where it holds. ``earlier`` are judged commits that were there when a round before the
    present one was moved on. ``holds`` are all tasks' claims. ``problems`` are things of the ledger worth saying; more
    of them may come as more tasks are asked about.
    """

    states: Mapping[str, TaskState] = field(default_factory=dict)
    covered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    gates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    earlier: Container[str] = frozenset()
    holds: Holds = field(default_factory=lambda: Holds(()), compare=False)
    problems: Sequence[str] = ()

    def state(self, name: str) -> TaskState:
        """The state of a task; one that nothing is recorded of is in its plan stage."""
        return self.states.get(name) or TaskState(name)


def open_dependencies(facts: Facts, plan: Plan, task: Task) -> tuple[str, ...]:
    """The tasks (`<plan>/<task>`) that this one waits for and that are not done."""
    names = (f"{plan.id}/{name}" for name in task.depends_on)
    return tuple(name for name in names if facts.state(name).stage is not Stage.DONE)


def implementers(state: TaskState, plan: Plan, task: Task) -> frozenset[str]:
    """Who holds a task's implement role: who was given it; if nobody is named, who began it or wrote code for it."""
    holder = state.holder(plan, task, Stage.IMPLEMENT)
    if holder:
        return frozenset({holder})
    return state.implementers | {move.model for move in state.moves if move.kind is MoveKind.START}


def is_own_work(state: TaskState, model: str) -> bool:
    """Whether a reviewer would review its own work; people share one name, so it can't be said of `human`."""
    return model != HUMAN and model in state.implementers


def must_change_hands(state: TaskState, model: str, most: int) -> bool:
    """Whether ``model`` has already had its first round and ``most`` rounds of rework of this task."""
    had = sum(1 for number, models in state.authors.items() if number < state.round and model in models)
    return had > most
