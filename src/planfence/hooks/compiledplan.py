"""Writes down, for the hooks' fast path, what one task allows under one policy.

The fast path proves a change clean by these lines alone, so a policy or a plan that they can't say in full is
not written down: then every hook runs the full check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planfence import POLICY_PATH
from planfence.content.committypes import LICENCES
from planfence.finding import Severity
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.hooks import cache, fastpath
from planfence.judge.sources import Governing
from planfence.log.writer import no_place
from planfence.manifest.plan import Plan, Task
from planfence.manifest.policy import Policy
from planfence.rules.rule import Rule
from planfence.rules.runner import selected, severity

#: The rules whose "nothing found" the fast path can prove; a policy with any other rule on goes without it.
PROVEN = frozenset(
    {
        *("SCP001", "SCP002", "SCP003", "SCP004", "SCP005", "SIZ001"),
        *("THM001", "THM002", "PLN001", "PLN002", "PLN003", "MSG001"),
        # What these say is settled by the full check and written down with the refs it was read from (`notes.py`).
        *("GAT001", "GAT002", "GAT003", "ROL001", "ROL002", "ROL003"),
        # Both look at nothing in a hook, but for the types in `LICENCES`, of which the fast path is never sure.
        *("THM003", "THM004"),
        # These speak of commits that govern, of refs on a server, and of what is on its way out: no plain change is.
        *("PLN004", "REF001", "REF002", "MSG002"),
    }
)
_ACTIONS = {"add": "A", "modify": "M", "delete": "D"}


def compile_plan(policy: Policy, plan: Plan | None, task: Task | None) -> bytes | None:
    """Return the compiled plan, or None where the fast path could not prove what this policy and plan ask."""
    rules = selected(policy)
    if (
        any(rule.code not in PROVEN or _refuses_content(rule, policy) for rule in rules)
        or policy.plans != "plans"
        or "/" in policy.log
    ):
        return None
    if task is None and not policy.unplanned.files:
        return None
    lines = list(_policy(policy))
    lines += _task(policy, plan, task) if plan is not None and task is not None else _unplanned(policy)
    body = "".join(f"{line}\n" for line in lines)
    plain = body.isascii() and all(line.isprintable() for line in lines) and "[" not in body
    return body.encode() if plain and policy.log not in ("", ".", "..") and policy.log.lower() != ".git" else None


def _refuses_content(rule: Rule, policy: Policy) -> bool:
    """Whether every commit's content must be read, because the policy refuses mixtures."""
    return rule.code == "THM004" and severity(rule, policy) is Severity.ERROR


def _policy(policy: Policy) -> Iterator[str]:
    yield from _each("unsure-type", sorted(LICENCES))
    yield f"log {policy.log}"
    yield f"governs {POLICY_PATH}"
    yield f"governs {policy.plans}/"
    yield f"governs {policy.log}"
    yield from _each("protected", policy.protected)
    yield from _each("governs", filter(None, (policy.trust.signers,)))
    yield from _each("unsure-type", LICENCES)


def _task(policy: Policy, plan: Plan, task: Task) -> Iterator[str]:
    yield f"theme {task.theme}"
    limited = any(rule.code == "SIZ001" for rule in selected(policy))
    yield f"files {(limited and policy.limits.files) or '-'}"
    yield f"lines {(limited and policy.limits.lines) or '-'}"
    for entry in task.files:
        yield f"may {_ACTIONS[entry.change] if entry.change else '*'} {entry.path}"
    yield from _each("named", (entry.path for entry in task.files if paths.is_literal(entry.path)))
    yield from _each("deny", task.deny)
    for theme in plan.themes.values():
        yield from _each("theme-own" if theme.name == task.theme else "theme-other", theme.paths)
    own = plan.themes.get(task.theme)
    yield from _each("type", own.types if own else ())


def _unplanned(policy: Policy) -> Iterator[str]:
    yield f"files {policy.unplanned.files}"
    yield "lines -"
    yield "may * **"


def _each(word: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield f"{word} {value}"


def store(repository: Repository, governing: Governing, plan: Plan | None, task_name: str) -> str:
    """Write down what the fast path needs for this task (empty: for work without one); return the file's name.

    The name is empty where the fast path can't be had.
    """
    plan_entry, task = None, None
    if governing.policy is not None and task_name:
        plan_id, _, task_id = task_name.partition("/")
        plan_entry = governing.plans.get(governing.policy.plan_path(plan_id))
        task = plan.task(task_id) if plan else None
    if governing.policy is None or (task_name and (plan_entry is None or task is None)):
        return ""
    body = compile_plan(governing.policy, plan, task)
    if body is None:
        return ""
    ids = governing.policy_id, plan_entry.id if plan_entry else ""
    name = fastpath.cache_name(ids[0].encode(), ids[1].encode(), task_name.encode("utf-8", "surrogateescape")).decode()
    if no_place(repository, "log", governing.policy.log):
        cache.drop(repository.cache_dir, name)
        return ""
    return name if cache.put(repository.cache_dir, name, body) else ""
