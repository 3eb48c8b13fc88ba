"""What a push, a request or a range brings: the protected branch, and which commits of a branch are to be judged.

One answer for the pre-push hook, for CI and for a server, so that the same commits get the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

from planfence import POLICY_PATH
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.gitio.revisions import Heads, heads
from planfence.judge.sources import Sources
from planfence.manifest.policy import Policy
from planfence.records import dataclass, replace

BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Protected:
    """The protected branch as it is before a push: its short name, its commit (full id), and its policy."""

    name: str
    commit: str
    policy: Policy


def known_heads(repository: Repository) -> Heads:
    """Return the branches that count here: the remote's, if any is known, otherwise the repository's own."""
    there = heads(repository, "refs/remotes/origin/")
    return there if there.tips else heads(repository, BRANCH)


def find_protected(sources: Sources, branches: Heads) -> Protected | None:
    """Return the protected branch; None if no branch that is asked has a policy.

    The policy on the default branch names it, and it has to name itself. If no default branch is known, it is the
    one branch whose policy names itself. Raises :class:`PlanfenceError` if that can't be told, so that no branch
    chooses what it is compared with; :class:`BadFile` for a policy that can't be read.
    """
    if branches.default:
        return _named_by(sources, branches, branches.default)
    found = [name for name, tip in branches.tips.items() if _names_itself(sources, name, tip)]
    if len(found) > 1:
        some = ", ".join(sorted(found)[:5]) + (", …" if len(found) > 5 else "")
        remote = branches.prefix.removeprefix("refs/remotes/").rstrip("/")
        known = branches.prefix != BRANCH
        raise PlanfenceError(
            f"the policies of several branches name their own branch as `base`: {some}",
            hint=f"say which is the default branch: `git remote set-head {remote} --auto`" if known else "name A..B",
        )
    return _named_by(sources, branches, found[0]) if found else None


def _names_itself(sources: Sources, name: str, tip: str) -> bool:
    try:
        policy = sources.policy(tip)
    except BadFile:
        return False
    return policy is not None and policy.base == name


def _named_by(sources: Sources, branches: Heads, default: str) -> Protected | None:
    policy = sources.policy(branches.tips[default])
    if policy is None:
        return None
    return protected_at(sources, branches, policy.base)


def protected_at(sources: Sources, branches: Heads, name: str, *, told: bool = False) -> Protected:
    """Return the branch of this name as the protected one. ``told``: not its policy says so, but who may.

    Raises :class:`PlanfenceError` if there is no such branch, it has no policy, or that names another branch.
    """
    tip = branches.tips.get(name)
    if tip is None:
        remote = branches.prefix.removeprefix("refs/remotes/").rstrip("/")
        fetch = f"fetch it: `git fetch {remote} '+{BRANCH}{name}:{branches.prefix}{name}'`"
        raise PlanfenceError(
            f"the policy's base {name} is not a branch here", hint="create it" if branches.prefix == BRANCH else fetch
        )
    policy = sources.policy(tip)
    if policy is None:
        raise PlanfenceError(
            f"there is no {POLICY_PATH} on {name}, which the policy names as `base`",
            hint="bring the policy to that branch first",
        )
    if policy.base != name and not told:
        raise PlanfenceError(
            f"{name} is named as `base`, and its own policy names {policy.base}",
            hint=f"let {POLICY_PATH} on both branches name the same `base`",
        )
    return Protected(name, tip, replace(policy, base=name))


def no_policy(commit: str) -> PlanfenceError:
    """Say that the protected branch, at this commit, has no policy."""
    return PlanfenceError(
        f"there is no {POLICY_PATH} at the base {commit[:12]}: nothing says what to verify",
        hint="bring the policy into the protected branch first (`planfence init` writes one)",
    )


@dataclass(frozen=True, slots=True)
class TipRange:
    """What is judged of one tip.

    ``revisions`` are the `rev-list` arguments (full ids, `^` to exclude), ``apart`` the tips of branches whose commits
    were judged when they came there: small changes among them are not added up. ``refs`` are what leads to the tip.
    ``lands`` says that it comes to a guarded branch, ``guarded`` are the tips of the other guarded branches.
    """

    tip: str
    revisions: tuple[str, ...]
    apart: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    lands: bool = False
    guarded: tuple[str, ...] = ()

    def commits_apart(self, repository: Repository) -> frozenset[str]:
        """The ids of the commits that ``apart`` leads to, as far as they are not excluded."""
        if not self.apart:
            return frozenset()
        excluded = [revision for revision in self.revisions if revision.startswith("^")]
        return frozenset(_listed(repository, [*self.apart, *excluded]))


class Ranges:
    """Tells what updates bring to the place that has ``branches``, as they are before."""

    def __init__(self, repository: Repository, objects: Objects, protected: Protected, branches: Heads) -> None:
        self._repository, self._objects = repository, objects
        self._protected, self._branches = protected, branches
        policy = protected.policy
        self._gathered = {
            name: tip for name, tip in branches.tips.items() if name != protected.name and policy.integrates(name)
        }
        self._judged = tuple(tip for name, tip in branches.tips.items() if policy.guards(name))
        self.notes: list[str] = []

    def spans(self, updates: Iterable[tuple[str, str]]) -> list[TipRange]:
        """Return what (full ref, commit) updates bring: one span for each tip and what it is compared with.

        Notes what is not judged, and why.
        """
        policy = self._protected.policy
        wanted: dict[tuple[bool, tuple[str, ...], tuple[str, ...]], dict[str, list[str]]] = {}
        for ref, tip in updates:
            branch = ref.removeprefix(BRANCH) if ref.startswith(BRANCH) else ""
            if branch and policy.ignores(branch):
                self.notes.append(f"{branch} is not judged: `[branches]` ignores it")
                continue
            guarded = bool(branch) and policy.guards(branch)
            compared = self._guarded(branch) if guarded else (self._known(), ())
            wanted.setdefault((guarded, *compared), {}).setdefault(tip, []).append(ref)
        found = []
        for (guarded, without, apart), tips in wanted.items():
            excluded = [f"^{commit}" for commit in without]
            new = set(_listed(self._repository, [*tips, *excluded]))
            for tip, refs in tips.items():
                if tip in new and (guarded or not self._is_outside(tip, refs)):
                    found.append(TipRange(tip, (tip, *excluded), apart, tuple(refs), guarded, self._judged))
        return found

    def guarded_span(self, tip: str) -> TipRange:
        """Return what a tip brings to the protected branch, new or not."""
        base = self._protected.commit
        apart = tuple(dict.fromkeys(each for each in self._gathered.values() if each != base))
        return TipRange(tip, (tip, f"^{base}"), apart, guarded=self._judged)

    def own_span(self, tip: str) -> TipRange:
        """Return what a branch has that is new to the remote's protected and integration branches."""
        return TipRange(tip, (tip, *(f"^{commit}" for commit in self._known())))

    def _known(self) -> tuple[str, ...]:
        """What is not new to a branch that is not guarded."""
        return tuple(dict.fromkeys((self._protected.commit, *self._gathered.values())))

    def _guarded(self, branch: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is not new to a guarded branch, and what is judged apart: anybody may have pushed to the others."""
        own = self._branches.tips.get(branch, self._protected.commit)
        without = tuple(dict.fromkeys((self._protected.commit, own)))
        apart = (tip for name, tip in self._gathered.items() if name != branch and tip not in without)
        return without, tuple(dict.fromkeys(apart))

    def _is_outside(self, tip: str, refs: Iterable[str]) -> bool:
        """Whether a branch is older than the policy, or stands apart: the policy was not there where it left.

        What the branch has itself decides nothing: it may have taken the policy away.
        """
        git = self._repository.git
        found = git.status("merge-base", "--all", tip, self._protected.commit)[1].decode().split()
        if any(self._objects.find(f"{commit}:{POLICY_PATH}") for commit in found):
            return False
        if git.is_shallow():
            raise CouldNotCheck(
                f"where {tip[:12]} left {self._protected.name} is not here", hint="git fetch --unshallow origin"
            )
        names = ", ".join(ref.removeprefix(BRANCH) for ref in refs)
        self.notes.append(f"{names} is not judged: there was no {POLICY_PATH} where it left {self._protected.name}")
        return True


def beginning(repository: Repository, sources: Sources, branches: Heads, tips: Iterable[str]) -> list[TipRange]:
    """Return what tips bring to a place whose branches name no protected one: nothing holds there yet.

    What its branches without a policy have is from before the policy.
    """
    excluded = [f"^{tip}" for tip in dict.fromkeys(branches.tips.values()) if not _has_any_policy(sources, tip)]
    tips = list(dict.fromkeys(tips))
    new = set(_listed(repository, [*tips, *excluded]))
    return [TipRange(tip, (tip, *excluded)) for tip in tips if tip in new]


def _has_any_policy(sources: Sources, commit: str) -> bool:
    try:
        return sources.policy(commit) is not None
    except BadFile:
        return True


def _listed(repository: Repository, revisions: Iterable[str]) -> list[str]:
    question = "".join(f"{revision}\n" for revision in revisions)
    return repository.git.text("rev-list", "--stdin", stdin=question.encode()).split() if question else []
