"""What a task and its plan may cost, what they have cost so far, and a person's word that raises it."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.errors import PlanfenceError, a_persons
from planfence.gate.stage import Moved, accepted, move_of, record
from planfence.gitio.repository import Repository
from planfence.gitio.worktrees import worktrees
from planfence.judge.situation import Scene, look
from planfence.ledger.facts import load_facts
from planfence.ledger.stages import HUMAN, Facts, Stage
from planfence.ledger.transitions import MoveKind
from planfence.manifest.budget import KINDS, MOST, Budget
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace
from planfence.report import prices
from planfence.report.spending import Spending, spending

#: From this share of a limit on the agent is told.
NEARLY = 0.8
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Account:
    """A task's budget and what it has spent, or a plan's; ``task`` is the one to raise it by."""

    name: str
    task: str
    limit: Budget
    spent: Spending

    @property
    def shares(self) -> dict[str, float]:
        """By kind of limit the share that is spent."""
        return {name: self.spent.of(name) / limit for name in KINDS if (limit := self.limit.of(name))}

    @property
    def share(self) -> float:
        """The largest of these shares."""
        return max(self.shares.values(), default=0.0)

    @property
    def is_spent(self) -> bool:
        """Whether any limit is reached."""
        return self.share >= 1

    @property
    def lines(self) -> tuple[str, ...]:
        """What was spent of each limit, and on what."""
        return (f"{self.name}: {', '.join(self._amounts())}", *self._details())

    def _amounts(self) -> Iterator[str]:
        spent = self.spent
        for name, share in self.shares.items():
            limit = self.limit.of(name) or 0.0
            written = {
                "usd": f"${spent.usd:.2f} of ${limit:.2f}",
                "min": f"{spent.min:.0f} of {limit:g} minutes",
                "tokens": f"{spent.tokens:,.0f} of {limit:,.0f} tokens",
            }[name]
            yield f"{written} ({share:.0%})"

    def _details(self) -> Iterator[str]:
        spent = self.spent
        if spent.models:
            most = sorted(spent.models.items(), key=lambda item: -item[1])[:_SHOWN]
            yield f"  spent on {', '.join(f'{model} ${usd:.2f}' for model, usd in most)}; {spent.tokens:,.0f} tokens"
        if spent.unpriced:
            named = ", ".join(
                f"{model or 'a model without a name'} {n:,} tokens" for model, n in spent.unpriced.items()
            )
            table = prices.table_name() or "no price table: `pip install planfence[report]`"
            yield f"  the price is not known of {named} ({table}): that is not in the dollars"
        if spent.unread:
            yield f"  {spent.unread} answers can't be read (their time or their tokens): they are in no number"


def limit_of(policy: Policy, task: Task, facts: Facts, name: str) -> Budget:
    """What a task may cost: by its plan, else by the policy, and by what people granted since."""
    return task.budget.under(policy.budget).plus(facts.state(name).granted)


def accounts(repository: Repository, policy: Policy, plan: Plan, task: Task, head: str) -> tuple[Account, ...]:
    """Return the accounts that a task's work is charged to: its own, and its plan's, those without limits left out."""
    name = f"{plan.id}/{task.id}"
    names = [f"{plan.id}/{each.id}" for each in plan.tasks] if plan.budget else [name]
    facts, _ = load_facts(repository, policy, [head], names)
    spent = spending(repository, policy, names, worktrees(repository))
    found = [Account(name, name, limit_of(policy, task, facts, name), spent[name])]
    if plan.budget:
        whole, limit = Spending(), plan.budget
        for each in names:
            whole.add(spent[each])
            limit = limit.plus(facts.state(each).granted)
        found.append(Account(f"the plan {plan.id}", name, limit, whole))
    return tuple(account for account in found if account.limit)


def of_task(repository: Repository, wanted: str = "") -> tuple[Scene, tuple[Account, ...]]:
    """Return a task (the active one unless another is named) with its accounts."""
    scene = look(repository, wanted)
    return scene, accounts(repository, scene.policy, scene.plan, scene.task, scene.head)


def raise_budget(scene: Scene, more: Budget, why: str) -> Moved:
    """Let a task, and its plan, cost more: a person's word, recorded with its reason."""
    checked(scene, more, why)
    if scene.model != HUMAN:
        raise a_persons("raises a budget", scene.model)
    move = move_of(scene, MoveKind.BUDGET, scene.stage, why)
    record(scene, replace(move, grant=more))
    return accepted(scene, "budget", scene.stage, [], why=why)


def words(more: Budget) -> str:
    """Amounts as a person says them."""
    said = {
        "usd": f"${more.usd or 0:g}",
        "min": f"{more.min or 0:g} minutes",
        "tokens": f"{more.tokens or 0:,.0f} tokens",
    }
    return ", ".join(said[name] for name in KINDS if more.of(name))


def written(more: Budget) -> str:
    """Amounts as a request keeps them, see :func:`read`."""
    return " ".join(f"{name}={more.of(name)!r}" for name in KINDS if more.of(name))


def read(text: str) -> Budget:
    """Read what :func:`written` wrote; an empty budget for anything else."""
    found = dict(word.partition("=")[::2] for word in text.split())
    try:
        amounts = [float(found[name]) if name in found else None for name in KINDS]
    except ValueError:
        return Budget()
    return Budget(*amounts) if all(amount is None or 0 < amount < MOST for amount in amounts) else Budget()


def checked(scene: Scene, more: Budget, why: str) -> None:
    """Raise :class:`PlanfenceError` if nothing would be raised, or no reason is given."""
    if scene.stage is Stage.DONE:
        raise PlanfenceError(f"{scene.name} is done")
    own, plan = scene.task.budget.under(scene.policy.budget), scene.plan.budget
    if not more or not all(0 < amount < MOST for name in KINDS if (amount := more.of(name)) is not None):
        raise PlanfenceError("no amount to raise it by", hint="name an amount: `--add-usd 2`")
    without = [name for name in KINDS if more.of(name) and not own.of(name) and not plan.of(name)]
    if without:
        raise PlanfenceError(
            f"{scene.name} has no limit of {KINDS[without[0]]} to raise",
            hint=f"see what limits it: planfence budget {scene.name}",
        )
    if not why.strip():
        raise PlanfenceError("a higher budget needs a reason", hint='say it: `--why "…"`')
