"""What a rule is, and everything it may look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from planfence.change.change import STAGED, Change
from planfence.change.message import Message
from planfence.errors import Fault
from planfence.finding import Finding, Severity
from planfence.gitio.paths import is_literal
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy, StandingTask
from planfence.records import dataclass, field
from planfence.rules.refusalcontext import RefusalContext


class Need(StrEnum):
    """What a rule asks for beyond the list of changed paths; `judge.check` skips what no rule needs."""

    MESSAGE = "message"
    LINES = "lines"
    PLANS = "plans"
    LINKS = "links"
    TREE = "tree"
    CONTENT = "content"
    FACTS = "facts"
    SIGNER = "signer"
    ORIGINS = "origins"


class Route(StrEnum):
    """By which route a change comes in."""

    TASK = "task"
    GOVERNING = "governing"
    SMALL = "small"
    URGENT = "urgent"
    STANDING = "standing"
    REVERT = "revert"
    SQUASH = "squash"
    CLOSED = "closed"


#: The fix of what a policy loosens, if only the branch that judges locks it by now.
OLDER = "bring the branch up to date"


@dataclass(frozen=True, slots=True)
class PlanEdit:
    """What a change does to one file that governs: the plan before and after.

    ``fault`` is why the new side can't be read, if it can't; a plan of None is absent. Of a merge, ``old`` and
    ``others`` are the plans of the parents that have another text; ``settled`` says that it took one parent's text.
    ``past`` are the versions that the plan had before the change, the latest first, also before it was deleted, and
    ``gone`` the plans that the change or its history deleted, as they last were: asked for if a model adds a task.
    ``unbegun`` are the tasks of which it is known that they had not begun before the change. ``loosened`` is what a
    policy loosens that its shared policy locks.
    """

    path: str
    old: Plan | None
    new: Plan | None
    fault: Fault | None = None
    others: tuple[Plan, ...] = ()
    settled: bool = False
    past: tuple[Plan, ...] = ()
    gone: tuple[Plan, ...] = ()
    unbegun: frozenset[str] = frozenset()
    loosened: tuple[Fault, ...] = ()

    @property
    def before(self) -> tuple[Plan, ...]:
        """The plans that it replaces: one, of a merge one for each parent that has another text."""
        return ((self.old,) if self.old is not None else ()) + self.others

    @property
    def begun(self) -> bool:
        """Whether a task of the plan may have begun before the change."""
        both = [plan for plan in (self.old, self.new) if plan is not None]
        return (
            len(both) < 2
            or not any(plan.tasks for plan in both)
            or any(task.id not in self.unbegun for plan in both for task in plan.tasks)
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a commit that waits to be folded into another (`fixup!`) can be.

    ``onto`` is where the judged commits begin (a full id; empty: at a root), ``branch`` the local branch that has
    it, empty if that is the current one or is not known here. ``has_target`` says whether the commit that it
    fixes is judged with it.
    """

    onto: str = ""
    branch: str = ""
    has_target: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """One change and what it is judged by. Plan and policy are those of the change's parent.

    ``plan`` and ``task`` are both set or both None; ``task_name`` is what was asked for, also
    if no such task exists. ``unplanned`` is the union of the paths of all small changes of
    the range so far, this one included. ``links`` maps a changed symlink's path to its target;
    ``collisions`` an added path to the one that it collides with on another file system.
    ``origins`` maps a changed path to the task whose commit added it.
    ``plans`` are all plans of the change's parent, if a model changes what governs.
    ``signer`` is the principal whose listed key signed the commit, if that is asked for.
    ``fold`` is set if a `fixup!` is on its way out of this clone, or into a review.
    ``beside`` are the tasks of the commits before a change that names none, where it belongs to none of theirs.
    ``unread`` maps a path whose changed lines are not all read to how many are: none of what is renamed as it is,
    locked, generated or vendored, those of the edit if a file is renamed and edited.
    ``squashed`` says that a forge made it of several commits, which were judged one by one.
    ``standing`` is the standing work that it is, if it is one.
    ``content`` and ``facts`` are what later rules need (hunk kinds; stages).
    """

    change: Change
    policy: Policy
    route: Route = Route.CLOSED
    plan: Plan | None = None
    task: Task | None = None
    task_name: str = ""
    message: Message | None = None
    model: str = "human"
    stage: str = ""
    urgent: str = ""
    unplanned: frozenset[str] = frozenset()
    edits: tuple[PlanEdit, ...] = ()
    plans: tuple[Plan, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    collisions: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    signer: str = ""
    fold: Fold | None = None
    beside: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    squashed: bool = False
    standing: StandingTask | None = None
    content: Any = None
    facts: Any = None

    @property
    def named(self) -> frozenset[str]:
        """The paths that the task, or the standing work, names literally."""
        if self.standing is not None:
            return frozenset(filter(is_literal, self.standing.files))
        return self.task.named if self.task else frozenset()

    @property
    def was_judged(self) -> bool:
        """Whether it brings exactly what was judged: the squash of a head, the pick or the inverse of a commit."""
        return self.route in (Route.REVERT, Route.SQUASH)

    @property
    def staged(self) -> bool:
        """Whether the change is not a commit yet."""
        return self.change.name == STAGED


Check = Callable[[Context], Iterator[Finding]]

#: What proves at little cost that a rule finds nothing in a *plain* change: (policy, plan, task) → clauses in the words
#: of `prover`, all of which must hold. Plan and task are None for a change without a task. None in place of clauses:
#: nothing can be said under this policy and this plan, so that every change is left to the rules.
#:
#: A plain change alters plain files alone, none of which governs; it is not a merge and not urgent, its task is in the
#: plan, and its message is about one thing, in words that have one reading, and waits for no autosquash.
Proof = Callable[[Policy, "Plan | None", "Task | None"], Iterable[str] | None]


def silent(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    """Prove a rule that finds nothing in any plain change."""
    return ()


def by_ledger(policy: Policy, plan: Plan | None, task: Task | None) -> Iterable[str]:
    """Prove a rule that asks what the ledger says of the task and of who acts: judged once, true until that moves."""
    return ()


class NextStep(NamedTuple):
    """One way out: what it does, and the line to type.

    ``settles`` are the findings that are gone once the line was typed and the commit is made again; empty: the line
    helps a person to decide. ``asks`` says that the one who was refused must ask a person to type it. A model is not
    told the line then, but ``wish``: what to ask for (empty: ``why`` says it).
    """

    why: str
    command: str
    settles: tuple[Finding, ...] = ()
    asks: bool = False
    wish: str = ""

    def for_model(self) -> NextStep:
        """Return the step as a model is told it."""
        return self._replace(why=self.wish or self.why, command="") if self.asks else self


class Case(NamedTuple):
    """A change that was refused, what one rule found in it, and where the refusal stands."""

    ctx: Context
    findings: tuple[Finding, ...]
    place: RefusalContext


Way = Callable[[Case], Iterable[NextStep]]

#: An example: lines of one word and what it is about, as `docs/rules.md` shows them and its head explains.
Example = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code and name are never reused; ``severity`` is the default; its module is its documentation.

    ``ways`` are its next steps, the best first (`planfence.rules.ways` has those that rules share). ``bad`` and
    ``good`` are examples: the first are refused by this rule, the others by none. ``later`` says that the local
    hooks let it through on purpose, since it is asked for at the push; ``always`` that some of what it finds refuses
    whatever the policy says, so that it is asked even if it is off.

    ``proof`` is None for a rule that has no cheap proof: wherever it is on, every change is judged in full. ``edit``
    says whether it is asked before an agent writes a file, when only paths and actions are known.
    """

    code: str
    name: str
    severity: Severity
    check: Check
    needs: frozenset[Need] = frozenset()
    proof: Proof | None = None
    edit: bool = False
    ways: tuple[Way, ...] = ()
    bad: tuple[Example, ...] = ()
    good: tuple[Example, ...] = ()
    later: bool = False
    always: bool = False

    def severity_under(self, policy: Policy) -> Severity:
        """How much the rule weighs under this policy, which may name it by its code or its name."""
        return policy.rules.get(self.code, policy.rules.get(self.name, self.severity))

    def at(self, path: str, message: str, *, weight: Severity | None = None, **place: Any) -> Finding:
        """Report something about one path; ``weight`` where it weighs less than the rule."""
        return Finding(self.code, self.name, weight or self.severity, message, path=path, **place)

    def about(self, message: str, *, weight: Severity | None = None, **place: Any) -> Finding:
        """Report something about the change as a whole; ``weight`` where it weighs less than the rule."""
        return Finding(self.code, self.name, weight or self.severity, message, **place)

    @property
    def documentation(self) -> str:
        """The rule's own documentation, from its module."""
        return (sys.modules[self.check.__module__].__doc__ or "").strip()
