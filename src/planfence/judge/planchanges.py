"""What a change does to the files that govern: the plan before and after, and whether the new text can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from planfence import POLICY_PATH
from planfence.change.change import STAGED, Change, FileChange
from planfence.change.governing import Entry, entry
from planfence.errors import BadFile, Fault
from planfence.gitio.repository import Repository
from planfence.judge.sources import Governing, Sources
from planfence.ledger.lineage import deleted_paths, terms_of, texts_of, versions_of
from planfence.ledger.stages import Facts
from planfence.ledger.transitions import Move
from planfence.manifest.locks import looser, shown
from planfence.manifest.plan import Plan
from planfence.manifest.policy import Lock, Policy
from planfence.manifest.policyfile import LoadedPolicy
from planfence.manifest.tomlsource import TomlSource
from planfence.records import replace
from planfence.rules.rule import OLDER, PlanEdit


def plan_edits(sources: Sources, policy: Policy, governing: Governing, change: Change) -> Iterator[PlanEdit]:
    """Yield one edit for the policy and for each plan that the change touches, or that a merge settles.

    If a policy is held to locks, every merge has one for it.
    """
    touched = [file.path for file in change.decided if policy.is_policy(file.path)]
    touched += [POLICY_PATH] if change.is_merge and policy.locks else []
    if touched and (policy.locks or sources.has(change.tree, POLICY_PATH)):
        yield _policy_edit(sources, policy, change, touched)
    for file in change.decided:
        if policy.plan_id(file.path) is not None:
            now = Entry(file.new_mode, file.new_id) if file.new_mode else None
            yield _plan_edit(sources, governing, change, file, now)


def _policy_edit(sources: Sources, policy: Policy, change: Change, touched: list[str]) -> PlanEdit:
    path = POLICY_PATH if POLICY_PATH in touched else touched[0]
    try:
        after = sources.load_policy(change.tree)
    except BadFile as error:
        return PlanEdit(path, None, None, error.faults[0])
    after = after or LoadedPolicy(Policy(), TomlSource(POLICY_PATH, "", {}))  # the policy is taken away
    parents = [_own(sources, policy, parent) for parent in change.parents]
    fault = _log_fault(sources, after, change.tree)
    return PlanEdit(path, None, None, fault, loosened=tuple(loosened(policy, after, parents)))


def _own(sources: Sources, policy: Policy, parent: str) -> Policy:
    """Return a parent's own policy: the one that judges if it can't be read, one that observes if it has none."""
    try:
        found = sources.load_policy(parent)
    except BadFile:
        return policy
    return found.policy if found is not None else Policy(mode="observe")


def loosened(before: Policy | None, after: LoadedPolicy, parents: Sequence[Policy] = ()) -> Iterator[Fault]:
    """Yield what a policy loosens that a shared policy locks.

    Those that it extends now count, and those of the policy ``before``, which judges, unless they were pulled again
    from where they came. A branch may be older than these: then only what the change makes looser than ``parents`` had
    it. If a parent extends one, who takes it out, or edits it if it was pulled, is held to what it said. In one step
    more nothing would hold them: so what a pulled policy locks stays locked by one, and neither POL001 nor the mode is
    switched off beneath a lock.
    """
    policy = after.policy
    lost = [] if before is None else [lock for lock in before.locks if not _came_again(lock, before, policy)]
    gone = [lock for lock in lost if any(_is_taken(lock, each, policy) for each in parents)]
    locks = [*policy.locks, *gone]
    if not policy.locks and not lost:
        return
    sayers = {lock.path for lock in policy.locks}
    enforced = before is not None and not before.observes and not all(each.observes for each in parents)
    if enforced and after.source.origin(("mode",))[0].path not in sayers:
        locks.append(Lock("mode", "enforce", (policy.locks or lost)[0].path))
    newer = [lock for lock in lost if lock not in gone]
    had = [found for each in parents for found in _looser(newer, each)]
    late = [found for found in _looser(newer, policy) if found not in had]
    told = set[str]()
    for found in (*_looser(locks, policy), *late):
        key, locked, own, path = found
        if key not in told:
            told.add(key)
            where, at = after.source.origin(tuple(key.split(".")))
            message = f"`{key}` is {shown(own)}, and {path} locks it at {shown(locked)}"
            fix = OLDER if found in late else "take it out, or make it stricter"
            yield Fault(where.path, *where.value(at), message, fix)
    if before is not None:
        held = {lock.key for lock in policy.locks if lock.path in policy.pulled}
        for lock in gone:
            if (
                lock.path in before.pulled
                and lock.key not in told
                and not held & {lock.key, lock.key.partition(".")[0]}
            ):
                where, at = after.source.origin(("extends",))
                message = f"{lock.path} locked `{lock.key}`, and nothing that was pulled does now"
                yield Fault(where.path, *where.value(at), message, "extend it, as it was pulled")


def _looser(locks: Sequence[Lock], policy: Policy) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield each key under locks that a policy loosens, with what is locked, what it is, and the file that locks it."""
    if locks:
        from planfence.rules.catalog import WEIGHTS

        yield from ((*found, lock.path) for lock in locks for found in looser(lock, policy, WEIGHTS))


def _is_taken(lock: Lock, parent: Policy, policy: Policy) -> bool:
    """Whether a change takes the file of a lock away from what a parent extends."""
    return lock.path in parent.shared and not _came_again(lock, parent, policy)


def _came_again(lock: Lock, before: Policy, policy: Policy) -> bool:
    """Whether the file of a lock is still extended, and what says its value is as it was pulled, if it was."""
    files = [each for each in lock.files if each in policy.shared]
    return lock.path in files and all(before.pulled.get(each) in (None, policy.pulled.get(each)) for each in files)


def _plan_edit(
    sources: Sources, governing: Governing, change: Change, file: FileChange, after: Entry | None
) -> PlanEdit:
    new, fault = _new_plan(sources, file.path, after)
    if not change.is_merge:
        return PlanEdit(file.path, _old_plan(sources, file.path, governing.plans.get(file.path)), new, fault)
    each = [sources.before_judging(parent).plans.get(file.path) for parent in change.parents]
    differing = [found for found in each if found is not None and (after is None or found.id != after.id)]
    plans = [plan for found in differing if (plan := _old_plan(sources, file.path, found)) is not None]
    taken = after is not None and any(found is not None and found.id == after.id for found in each)
    return PlanEdit(file.path, plans[0] if plans else None, new, fault, tuple(plans[1:]), settled=taken)


def with_begun(
    repository: Repository,
    facts: Facts,
    change: Change,
    edit: PlanEdit,
    history: Sequence[str],
    *,
    by_model: bool,
) -> PlanEdit:
    """Return the edit with its tasks that had not begun, if it keeps the plan's version or a model makes it.

    ``history`` are the `git log` arguments for the line that the change is on.
    """
    old, new = edit.old, edit.new
    if old is None or new is None or edit.others or not (by_model or old.version == new.version):
        return edit
    order = _Order(repository, change, edit.path, tuple(history))
    unbegun = (name for name in _task_ids(old, new) if not _has_begun(order, facts, old, new, name))
    return replace(edit, unbegun=frozenset(unbegun))


def with_begun_before(repository: Repository, facts: Facts, change: Change, edit: PlanEdit) -> PlanEdit:
    """As :func:`with_begun`, for what a request brings: only what had begun on the branch that it comes to counts.

    The request's own commits are judged by themselves.
    """
    old, new = edit.old, edit.new
    if old is None or new is None or edit.others or old.version != new.version:
        return edit
    moves = {name: facts.state(f"{new.id}/{name}").moves for name in _task_ids(old, new)}
    here = change.parents[0]
    unbegun = (n for n in moves if all(m.commit and not _is_in(repository, m.commit, here) for m in moves[n]))
    return replace(edit, unbegun=frozenset(unbegun))


def _task_ids(old: Plan, new: Plan) -> Iterable[str]:
    return dict.fromkeys(task.id for task in (*old.tasks, *new.tasks))


def _has_begun(order: _Order, facts: Facts, old: Plan, new: Plan, task_id: str) -> bool:
    """Whether a task had begun before the change; what bears no sign of the order counts as before."""
    state = facts.state(f"{new.id}/{task_id}")
    if not state.moves:
        return bool(state.implementers or state.round)  # the ledger lacks what a commit's trailers say
    texts = [plan.task(task_id) for plan in (old, new)]
    before, after = (terms_of(task) if task is not None else "" for task in texts)
    told = after not in ("", before)
    return not all((told and move.terms == after) or order.is_before(move) for move in state.moves)


class _Order:
    """Tells whether a change to a plan came before a move of one of its tasks.

    A move was made after a commit that its own commit has. A rebase makes others of both. Then the plan as it stood at
    the move tells: the line came to that text by this change or what follows it, and never had it before. What a line
    beside it had, which was merged with it, tells nothing.
    """

    def __init__(self, repository: Repository, change: Change, path: str, history: tuple[str, ...]) -> None:
        self._repository, self._change, self._path, self._history = repository, change, path, history
        self._since: frozenset[str] | None = None
        self._past: frozenset[str] | None = None

    def is_before(self, move: Move) -> bool:
        """Whether the change came before the move; False if nothing tells."""
        if _is_in(self._repository, self._change.name, move.commit):
            return True
        return bool(move.text) and move.text in self._texts_since() and move.text not in self._texts_before()

    def _texts_since(self) -> frozenset[str]:
        """The texts that the change and what follows it gave the plan."""
        if self._since is None:
            change, path = self._change, self._path
            since = {file.new_id for file in change.files if file.path == path}
            if change.name != STAGED:
                follows = (f"--ancestry-path={change.name}", *self._history, f"^{change.name}")  # git >= 2.38
                since |= texts_of(self._repository, follows, path)
            self._since = frozenset(since)
        return self._since

    def _texts_before(self) -> frozenset[str]:
        """The texts that the plan has had before; this walks the whole history."""
        if self._past is None:
            self._past = texts_of(self._repository, self._change.parents, self._path)
        return self._past


def _is_in(repository: Repository, commit: str, head: str) -> bool:
    if STAGED in (commit, head) or not head:
        return False
    return repository.git.is_ancestor(commit, head)


def with_past(
    repository: Repository, policy: Policy, change: Change, edits: tuple[PlanEdit, ...]
) -> Iterator[PlanEdit]:
    """Yield the edits with what their plans were before, where they add a task: a plan follows its id and its tasks."""
    gone: tuple[Plan, ...] | None = None
    for edit in edits:
        known = {task.id for plan in edit.before for task in plan.tasks}
        if edit.new is None or edit.settled or all(task.id in known for task in edit.new.tasks):
            yield edit
            continue
        past = tuple(plan for parent in change.parents for plan in versions_of(repository, parent, edit.path))
        if not edit.before and gone is None:
            gone = tuple(_gone(repository, policy, change, edits))
        yield replace(edit, past=past, gone=() if edit.before or gone is None else gone)


def _gone(repository: Repository, policy: Policy, change: Change, edits: tuple[PlanEdit, ...]) -> Iterator[Plan]:
    yield from (edit.old for edit in edits if edit.new is None and edit.old is not None)
    for parent in change.parents:
        for path in deleted_paths(repository, parent, policy.plans):
            if policy.plan_id(path) is not None and entry(repository.objects, parent, path) is None:
                yield from versions_of(repository, parent, path)[:1]


def _log_fault(sources: Sources, loaded: LoadedPolicy, tree: str) -> Fault | None:
    policy = loaded.policy
    for key, name in (("log", policy.log), ("run_log", policy.run_log)):
        if sources.has(tree, name):
            message = f"`{key}` names the file {name}, which is tracked: a log would be written into it"
            where, _ = loaded.source.origin((key,))
            return Fault(where.path, 0, 0, message, 'name a file of its own, which git ignores: `".ai-run.log"`')
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
        return None  # a broken plan may be fixed by any readable one
