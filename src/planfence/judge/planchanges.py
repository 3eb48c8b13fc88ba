"""What a change does to the files that govern: the plan before and after, and whether the new text can be read."""

from __future__ import annotations

from collections.abc import Iterator

from planfence import POLICY_PATH
from planfence.change.change import Change
from planfence.change.governing import Entry, entry_of
from planfence.errors import BadFile, Fault
from planfence.judge.sources import Governing, Sources
from planfence.manifest.plan import Plan
from planfence.manifest.policy import Policy
from planfence.rules.rule import PlanEdit


def plan_edits(sources: Sources, policy: Policy, governing: Governing, change: Change) -> Iterator[PlanEdit]:
    """Yield one edit for the policy and for each plan that the change touches."""
    for file in change.files:
        after = entry_of(file.new_mode, file.new_id)
        if file.path == POLICY_PATH and after is not None:
            yield PlanEdit(file.path, None, None, policy_fault(sources, after, change.tree))
        elif policy.plan_id(file.path) is not None:
            new, fault = _new_plan(sources, file.path, after)
            yield PlanEdit(file.path, _old_plan(sources, file.path, governing.plans.get(file.path)), new, fault)


def policy_fault(sources: Sources, after: Entry, tree: str) -> Fault | None:
    """Return the first thing that is wrong with a policy in this tree, or None."""
    try:
        policy = sources.read_policy(after)
    except BadFile as error:
        return error.faults[0]
    for key, name in (("log", policy.log), ("run_log", policy.run_log)):
        if sources.has(tree, name):
            message = f"`{key}` names the file {name}, which is tracked: a log would be written into it"
            return Fault(POLICY_PATH, 0, 0, message, 'name a file of its own, which git ignores: `".ai-run.log"`')
    return None


def _new_plan(sources: Sources, path: str, after: Entry | None) -> tuple[Plan | None, Fault | None]:
    if after is None:
        return None, None
    try:
        return sources.read_plan(path, after), None
    except BadFile as error:
        return None, error.faults[0]


def _old_plan(sources: Sources, path: str, before: Entry | None) -> Plan | None:
    try:
        return None if before is None else sources.read_plan(path, before)
    except BadFile:
        return None  # a broken plan may be mended by any readable one
