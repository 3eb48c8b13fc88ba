"""What the ledger, and the trailers of the commits before, say to one check: read once, when a rule asks."""

from __future__ import annotations

from planfence.gitio.repository import Repository
from planfence.ledger.evidence import missing
from planfence.ledger.facts import load_facts
from planfence.ledger.records import HERE, HISTORY, Basis, Book, believed_runs
from planfence.ledger.stages import Facts
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace
from planfence.rules.rule import Context


@dataclass(slots=True)
class LedgerFacts:
    """Reads them for one check.

    ``history`` are the `git log` arguments of the commits whose trailers count, ``most`` how many at most (0: all).
    ``gates`` maps a change's name to the gate (`push`, `commit`) at which its tree needs evidence, ``reruns`` a commit
    to why its tests did not pass when they were run for this verdict (empty: they did). ``known`` is what they say, and
    the ledger itself, once somebody has asked.
    """

    repository: Repository
    history: tuple[str, ...] = ()
    most: int = HISTORY
    basis: Basis = HERE
    gates: dict[str, str] = field(default_factory=dict)
    reruns: dict[str, str] = field(default_factory=dict)
    known: tuple[Facts, Book] | None = None
    _told: bool = False

    def facts(self, policy: Policy, task: str = "") -> Facts:
        """Return what they say; what is wrong with the ledger is among :attr:`problems` from then on."""
        self._told = True
        return self.peek(policy, task)

    def peek(self, policy: Policy, task: str = "") -> Facts:
        """Return what they say without a word of what is wrong with the ledger."""
        return self._read(policy, task)[0]

    def _read(self, policy: Policy, task: str = "") -> tuple[Facts, Book]:
        if self.known is None:
            tasks = [task] if task else []
            self.known = load_facts(self.repository, policy, self.history, tasks, self.most, self.basis)
        return self.known

    def at(self, ctx: Context) -> Facts:
        """Return the facts, with the evidence for this change's tree if a gate asks for it."""
        facts, name = self.peek(ctx.policy, ctx.task_name), ctx.change.name
        gate = self.gates.get(name)
        if gate is None:
            return facts
        why = self.reruns[name] if name in self.reruns else self.lacks(ctx.policy, ctx.change.tree)
        return replace(facts, gates={name: (gate, why)})

    def lacks(self, policy: Policy, tree: str) -> str:
        """Say why no believed run shows that the tests pass on a tree; empty if one does."""
        book = self._read(policy)[1]
        runs = believed_runs(self.repository, book, policy, tree, base=self.basis.base)
        return missing(runs, tree, policy.tests)

    def heads(self, policy: Policy) -> tuple[str, ...]:
        """The commits that the latest stage moves name."""
        return tuple(move.commit for move in self._read(policy)[1].moves[-HISTORY:] if move.commit)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the ledger, if anything was decided by it."""
        return tuple(self.known[0].problems) if self._told and self.known else ()
