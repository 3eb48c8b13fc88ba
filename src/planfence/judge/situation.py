"""One task as it stands: its plan at HEAD, its stage, who is asking."""

from __future__ import annotations

from pathlib import Path

from planfence.change import reader
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.identity import detect, how_to_start
from planfence.judge.attribution import active_task
from planfence.judge.sources import Sources, require_policy
from planfence.ledger.evidence import GateRun
from planfence.ledger.facts import load_facts
from planfence.ledger.lineage import Lineage
from planfence.ledger.records import Basis, Book, believed_runs, branch_base
from planfence.ledger.stages import Facts, Stage, TaskState
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a stage move looks at. ``head`` and ``tree`` are full ids; ``base`` is where the branch left."""

    repository: Repository
    policy: Policy
    plan: Plan
    task: Task
    head: str
    tree: str
    base: str
    model: str
    facts: Facts
    book: Book
    lineage: Lineage

    @property
    def name(self) -> str:
        """`<plan>/<task>`."""
        return f"{self.plan.id}/{self.task.id}"

    @property
    def basis(self) -> Basis:
        """What the ledger was read by, and says, for whoever judges the same branch."""
        return Basis(book=lambda: self.book, lineage=self.lineage)

    @property
    def state(self) -> TaskState:
        """Where the task is."""
        return self.facts.state(self.name)

    @property
    def stage(self) -> Stage:
        """The task's stage."""
        return self.state.stage

    @property
    def runs(self) -> tuple[GateRun, ...]:
        """The test runs of HEAD's tree that are believed."""
        return believed_runs(self.repository, self.book, self.policy, self.tree)


def look(repository: Repository, wanted: str = "") -> Scene:
    """Find the task (`<plan>/<task>`, a task's id that only one plan has, or nothing: the active one) at HEAD.

    Raises :class:`PlanfenceError` if there is no policy, no such task, or none is active.
    """
    head, tree = head_of(repository)
    sources = Sources(repository.objects)
    governing = sources.at(head)
    policy = require_policy(governing.policy)
    ids = [plan_id for path in governing.plans if (plan_id := policy.plan_id(path)) is not None]
    name = wanted or active_task(repository)
    if not name:
        raise PlanfenceError("no task is active in this worktree", hint=how_to_start(repository.top_name))
    plan_id, slash, task_id = name.partition("/")
    if slash:
        ids = [found for found in ids if found == plan_id]
    else:
        task_id = name
    plans = [plan for each in ids if (plan := sources.plan(governing, each)) is not None]
    found = [(plan, task) for plan in plans if (task := plan.task(task_id)) is not None]
    if len(found) != 1:
        raise _no_such_task(repository, policy, name, found, plans)
    plan, task = found[0]
    lineage = Lineage(repository, policy, [head])
    facts, book = load_facts(repository, policy, [head], [f"{plan.id}/{task.id}"], basis=Basis(lineage=lineage))
    base = branch_base(repository, policy, head)
    model = detect(repository.environment, policy.identity)
    return Scene(repository, policy, plan, task, head, tree, base, model, facts, book, lineage)


def _no_such_task(
    repository: Repository, policy: Policy, name: str, found: list[tuple[Plan, Task]], plans: list[Plan]
) -> PlanfenceError:
    if found:
        names = ", ".join(f"{plan.id}/{task.id}" for plan, task in found)
        return PlanfenceError(f"several plans have a task {name}", hint=f"name one of {names}")
    plan_id = name.partition("/")[0]
    path = policy.plan_path(plan_id)
    if "/" in name and not plans:
        if Path(repository.top, path).is_file():
            return PlanfenceError(
                f"{path} is not committed, so it does not count yet",
                hint=f"git add {path} && git commit -m 'docs: plan {plan_id}' -- {path}",
            )
        return PlanfenceError(f"there is no {path} at HEAD", hint=f"write one with `planfence plan new {plan_id}`")
    known = ", ".join(f"{plan.id}/{task.id}" for plan in plans for task in plan.tasks) or "none"
    return PlanfenceError(f"no plan at HEAD has a task {name}", hint=f"tasks at HEAD: {known}")


def head_of(repository: Repository) -> tuple[str, str]:
    """Return HEAD's commit and tree (full ids). Raises :class:`PlanfenceError` if there is no commit yet."""
    head = reader.head(repository)
    if not head:
        raise PlanfenceError("there is no commit yet", hint="commit the plan and the policy first")
    return head, repository.objects.tree_of(head)
