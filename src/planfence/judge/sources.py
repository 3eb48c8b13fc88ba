"""Policies and plans as they stand at a commit, parsed once for each blob."""

from __future__ import annotations

from collections.abc import Mapping

from planfence import POLICY_PATH
from planfence.change import reader
from planfence.change.change import Change
from planfence.change.governing import Entry, entry, is_plain, tree_entries
from planfence.change.write import read_checked_out
from planfence.errors import BadFile, CouldNotCheck, Fault, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.manifest.merging import Read
from planfence.manifest.plan import Plan
from planfence.manifest.planfile import parse_plan
from planfence.manifest.policy import Policy
from planfence.manifest.policyfile import LoadedPolicy, load_policy
from planfence.records import dataclass

NO_POLICY = f"no {POLICY_PATH} at HEAD: nothing is enforced yet (`planfence init` writes one)"


def require_policy(policy: Policy | None) -> Policy:
    """Return the policy; commands, unlike hooks, can't do without one."""
    if policy is None:
        raise PlanfenceError(
            f"there is no {POLICY_PATH} at HEAD", hint="run `planfence init`, and commit what it writes"
        )
    return policy


@dataclass(frozen=True, slots=True)
class Governing:
    """What governs at one commit: the policy (None: there is none), the ids of its blobs, the plans' entries by path.

    ``broken`` says what is wrong with a policy that can't be read; only its fix may pass then.
    """

    policy: Policy | None
    plans: Mapping[str, Entry]
    broken: BadFile | None = None
    policy_id: str = ""


@dataclass(frozen=True, slots=True)
class _CachedPolicy:
    """A policy that was read, and the files that it extends: their paths, and the ids of their blobs."""

    loaded: LoadedPolicy
    extended: tuple[tuple[str, str], ...]


class Sources:
    """Reads policies and plans through one object reader; every blob is parsed once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        #: By the id of the policy's own blob: one for each state of what it extends.
        self._policies: dict[str, list[_CachedPolicy]] = {}
        self._plans: dict[tuple[str, str], Plan] = {}

    @property
    def pinned(self) -> bool:
        """Whether one policy governs all commits."""
        return False

    def at(self, commit: str) -> Governing:
        """Return what governs at a commit (empty: before the first one).

        Raises :class:`BadFile` for a policy that can't be read.
        """
        found = self.before_judging(commit)
        if found.broken is not None:
            raise found.broken
        return found

    def before_judging(self, commit: str) -> Governing:
        """As :meth:`at`, but a policy that can't be read is handed on, so that its fix can be judged."""
        found = entry(self._objects, commit, POLICY_PATH) if commit else None
        if found is None:
            return Governing(None, {})
        try:
            known = self._read(commit, found)
        except BadFile as error:
            return Governing(Policy(), {}, error)
        policy = known.loaded.policy
        folder = tree_entries(self._objects, f"{commit}:{policy.plans}")
        plans = {f"{policy.plans}/{name}": each for name, each in folder.items()}
        return Governing(policy, plans, None, " ".join((found.id, *(each for _, each in known.extended))))

    def after(self, before: Governing, change: Change) -> Governing:
        """Return what governs after a commit, read again only if it could differ."""
        policy = before.policy or Policy()
        touched = change.is_merge or before.broken or any(policy.governs(file.path) for file in change.files)
        return self.before_judging(change.name) if touched else before

    def policy(self, commit: str) -> Policy | None:
        """Return the policy at a commit, or None if there is none; raises :class:`BadFile`."""
        return self.at(commit).policy

    def governs_alike(self, commit: str, policy: Policy) -> bool:
        """Whether a commit's own policy is this one."""
        try:
            return Sources.before_judging(self, commit).policy == policy
        except CouldNotCheck:
            return False

    def plan(self, governing: Governing, plan_id: str) -> Plan | None:
        """Return the plan of this id, or None if there is none.

        Raises :class:`BadFile` for a plan that can't be read.
        """
        if governing.policy is None:
            return None
        path = governing.policy.plan_path(plan_id)
        found = governing.plans.get(path)
        return None if found is None else self.read_plan(path, found)

    def has(self, tree: str, path: str) -> bool:
        """Whether a tree or a commit has an entry at this path."""
        return entry(self._objects, tree, path) is not None

    def plans(self, governing: Governing) -> tuple[Plan, ...]:
        """Return all plans that govern, but those that can't be read."""
        return tuple(
            plan for path, found in governing.plans.items() if (plan := self._readable(governing, path, found))
        )

    def _readable(self, governing: Governing, path: str, found: Entry) -> Plan | None:
        try:
            return self.read_plan(path, found) if (governing.policy or Policy()).plan_id(path) is not None else None
        except BadFile:
            return None

    def load_policy(self, tree: str) -> LoadedPolicy | None:
        """Return the policy that a tree or a commit has, None if it has none; raises :class:`BadFile`."""
        found = entry(self._objects, tree, POLICY_PATH)
        return None if found is None else self._read(tree, found).loaded

    def _read(self, tree: str, found: Entry) -> _CachedPolicy:
        def ids(path: str) -> str:
            each = entry(self._objects, tree, path)
            return each.id if each else ""

        for known in self._policies.get(found.id, ()):
            if all(ids(path) == each for path, each in known.extended):
                return known
        extended: dict[str, str] = {}

        def read(path: str) -> bytes | None:
            each = entry(self._objects, tree, path)
            extended[path] = each.id if each else ""
            return None if each is None else self._blob(path, each)

        fresh = _CachedPolicy(load(self._blob(POLICY_PATH, found), read), tuple(extended.items()))
        self._policies.setdefault(found.id, []).append(fresh)
        return fresh

    def read_plan(self, path: str, found: Entry) -> Plan:
        """Parse the plan that an entry holds; raises :class:`BadFile`."""
        key = (path, found.id)
        if key not in self._plans:
            self._plans[key] = parse_plan(self._blob(path, found), path)
        return self._plans[key]

    def _blob(self, path: str, found: Entry) -> bytes:
        if not is_plain(found):
            raise BadFile((Fault(path, 0, 0, "is not a regular file", "replace the link by the file itself"),))
        blob = self._objects.read(found.id)
        if blob is None or blob.type != "blob":
            raise CouldNotCheck(f"{path} can't be read from the repository", hint="run `git fsck`")
        return blob.data


class Pinned(Sources):
    """The policy of the protected branch for all commits; plans as `trust.plan` says.

    `base` takes the plans that the protected branch has (at the commit ``base``), `branch` and `signed`
    those at each commit's parent; that a plan was signed is what PLN004 looks at.
    """

    def __init__(self, objects: Objects, policy: Policy, base: str) -> None:
        super().__init__(objects)
        self._policy = policy
        self._frozen = self._at(base) if policy.trust.plan == "base" else None

    @property
    def pinned(self) -> bool:
        """Always: a change to the policy counts when the protected branch has it."""
        return True

    def before_judging(self, commit: str) -> Governing:
        """Return what governs at a commit: the one policy, and the plans that count there."""
        return self._frozen or self._at(commit)

    def _at(self, commit: str) -> Governing:
        folder = tree_entries(self._objects, f"{commit}:{self._policy.plans}") if commit else {}
        return Governing(self._policy, {f"{self._policy.plans}/{name}": each for name, each in folder.items()})


def load(data: bytes, read: Read) -> LoadedPolicy:
    """Read a policy by its bytes, and the files that it extends; raises :class:`BadFile` with all faults."""
    try:
        found = load_policy(data, POLICY_PATH, read=read)
        if not found.policy.rules and not found.policy.locks:
            return found
    except BadFile:  # it may name rules that there are not, too
        pass
    # The catalogue of rules costs a hook time, and few policies name one.
    from planfence.rules.catalog import KNOWN

    return load_policy(data, POLICY_PATH, KNOWN, read)


def policy_at_hand(repository: Repository) -> LoadedPolicy | None:
    """Return HEAD's policy, else the worktree's, since one is written before it is committed; None if there is none."""
    head = reader.head(repository)
    found = Sources(repository.objects).load_policy(head) if head else None
    return worktree_policy(repository) if found is None and not repository.bare else found


def worktree_policy(repository: Repository) -> LoadedPolicy | None:
    """Return the policy as the worktree has it, None if it has none.

    Raises :class:`BadFile`, and :class:`CouldNotCheck` for a file that can't be read.
    """
    data = read_checked_out(repository, POLICY_PATH)
    return None if data is None else load(data, lambda path: read_checked_out(repository, path))
