"""Where the tasks stand: what is believed of the ledger, folded with what the commits say."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from planfence.gitio.repository import Repository
from planfence.ledger.belief import Belief
from planfence.ledger.lineage import Lineage
from planfence.ledger.records import HERE, HISTORY, Basis, Book, History, holds_in, read_book, read_history, signer_for
from planfence.ledger.stages import CommitFact, Facts, TaskState, fold
from planfence.ledger.transitions import Move
from planfence.manifest.policy import Policy


def load_facts(
    repository: Repository,
    policy: Policy,
    revisions: Sequence[str],
    tasks: Iterable[str] = (),
    most: int = HISTORY,
    basis: Basis = HERE,
) -> tuple[Facts, Book]:
    """Read what the rules of stages and roles need: the ledger, and the trailers of these revisions.

    Of ``tasks`` it is said at once what is not believed; others are looked at when somebody asks.
    """
    book = basis.book() if basis.book else read_book(repository)
    history = read_history(repository, revisions, most)
    heads = [revision for revision in revisions if revision and not revision.startswith("^")]
    lineage = basis.lineage
    if lineage is None or not lineage.suits(policy):
        lineage = Lineage(repository, policy, heads, basis.base) if heads or basis.base else None
    signer = signer_for(repository, book, policy, basis.base, remembers=basis.remembers)
    believed = Belief(book.moves, lineage, signer, book.problems)
    states = _States(believed, history)
    for task in tasks:
        states.get(task)
    facts = Facts(
        states=states,
        covered=_Covered(repository, history, states),
        earlier=_Earlier(repository, history, states),
        holds=holds_in(repository, policy, book, signer),
        problems=believed.problems,
    )
    return facts, book


def states_along(
    repository: Repository, policy: Policy, book: Book, history: History, homes: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, TaskState], tuple[str, ...]]:
    """Fold every task of these plans at once, each plan's records held against its own commits (plan → commits).

    As :func:`load_facts` does for one line of history: what is believed depends on the commits that have the plan.
    Returns the states by task, and what is worth saying.
    """
    signer = signer_for(repository, book, policy, "")
    moves: dict[tuple[str, ...], list[Move]] = {home: [] for home in homes.values()}
    commits: dict[str, list[CommitFact]] = {}
    for fact in history.facts:
        commits.setdefault(fact.task, []).append(fact)
    for move in book.moves:
        if (home := homes.get(move.task.partition("/")[0])) is not None:
            moves[home].append(move)
    states: dict[str, TaskState] = {}
    problems: list[str] = []
    for home, mine in moves.items():
        believed = Belief(mine, Lineage(repository, policy, home), signer)
        states |= {task: fold(task, believed.moves(task), commits.get(task, ())) for task in believed.tasks}
        problems += believed.problems
    others = [task for task in commits if task not in states and task.partition("/")[0] in homes]
    return states | {task: fold(task, (), commits[task]) for task in others}, tuple(problems)


class _States(Mapping[str, TaskState]):
    """The state of each task, folded from what is believed once it is asked for."""

    def __init__(self, believed: Belief, history: History) -> None:
        self._believed = believed
        self._commits: dict[str, list[CommitFact]] = {}
        for fact in history.facts:
            self._commits.setdefault(fact.task, []).append(fact)
        self._names = dict.fromkeys((*believed.tasks, *self._commits))
        self._known: dict[str, TaskState] = {}

    def __getitem__(self, name: str) -> TaskState:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = fold(name, self._believed.moves(name), self._commits.get(name, ()))
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def commits(self, name: str) -> list[CommitFact]:
        """The commits that say that they are of this task."""
        return self._commits.get(name, [])


class _Covered(Mapping[str, frozenset[str]]):
    """By task, the commits that were there when it was moved on in its present round, asked for as states are."""

    def __init__(self, repository: Repository, history: History, states: _States) -> None:
        self._repository, self._history, self._states = repository, history, states
        self._known: dict[str, frozenset[str]] = {}

    def __getitem__(self, name: str) -> frozenset[str]:
        if not self._states.commits(name):
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._sealed(name, self._states[name])
        return self._known[name]

    def _sealed(self, name: str, state: TaskState) -> frozenset[str]:
        return self._under(name, state.sealed, state.patches)

    def _under(self, name: str, commits: frozenset[str], patches: frozenset[str]) -> frozenset[str]:
        """The task's commits that these led to: those very ones, or what a rebase made of them."""
        if not commits:
            return frozenset()
        there = self._history.reachable(commits)
        others = [fact.commit for fact in self._states.commits(name) if fact.commit not in there]
        from planfence.change.patches import patch_ids  # its records would cost every refusal

        moved = patch_ids(self._repository, others if patches else [])
        return there | {commit for commit, patch in moved.items() if patch in patches}

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._states if self._states.commits(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Earlier(_Covered, Container[str]):
    """The commits that were there when an earlier round of their task was moved on, whatever they say of it."""

    def __init__(self, repository: Repository, history: History, states: _States) -> None:
        super().__init__(repository, history, states)
        self._tasks = {fact.commit: fact.task for fact in history.facts}

    def __contains__(self, commit: object) -> bool:
        task = self._tasks.get(commit, "") if isinstance(commit, str) else ""
        return bool(task) and commit in self[task]

    def _sealed(self, name: str, state: TaskState) -> frozenset[str]:
        return self._under(name, state.settled, state.settled_patches)
