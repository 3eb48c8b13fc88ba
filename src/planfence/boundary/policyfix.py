"""A protected branch whose policy can't be read: its fix alone may come, judged by the last one that could be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from shlex import quote
from typing import TypeVar

from planfence import POLICY_PATH
from planfence.change.message import MODEL_TRAILER, inner_trailers
from planfence.errors import BadFile
from planfence.gitio.commits import parse_commit
from planfence.gitio.paths import decode
from planfence.gitio.repository import Repository
from planfence.identity import HUMAN
from planfence.judge.ranges import Protected
from planfence.judge.sources import Sources
from planfence.manifest.policy import SHARED, Policy

#: How many commits back a policy is looked for.
_FAR = 10_000
#: A fix has no more commits.
_MOST = 10
_BY_HAND = "whoever keeps this branch must put one there by hand"
Found = TypeVar("Found", Protected, Protected | None)


def held_to(repository: Repository, sources: Sources, find: Callable[[Sources], Found], tips: Sequence[str]) -> Found:
    """Return what ``find`` finds, which reads the policy of the protected branch.

    If that can't be read, what comes (``tips``, full ids) must put back the last one that could, by a person's hand,
    and change nothing else: so nobody loosens what nobody can read. Raises :class:`BadFile`, which says how, for
    anything else.
    """
    try:
        return find(sources)
    except BadFile as error:
        past = _Past(repository)
        found = find(past)
        fixes = [any(past.is_fixed(broken, tip) for broken in past.last) for tip in tips]
        if not fixes or not all(fixes):
            error.hint = past.way()
            raise
        return found


class _Past(Sources):
    """Reads, if a commit's policy can't be read, the last one on its first parents' line that can."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.objects)
        self._git = repository.git
        #: By the commit: where the last one that can be read is, and what it says.
        self.last: dict[str, tuple[str, Policy]] = {}

    def policy(self, commit: str) -> Policy | None:
        """Return the policy at a commit, or the last one before it; raises :class:`BadFile` if there is none."""
        try:
            return super().policy(commit)
        except BadFile as error:
            error.hint, at, found = self._last(commit)
            if found is None:
                raise
            self.last[commit] = at, found
            return found

    def _last(self, commit: str) -> tuple[str, str, Policy | None]:
        """Return where the last policy is that can be read, and that one; first why there is none to go back to."""
        line = self._git.text("rev-list", "--first-parent", f"--max-count={_FAR}", commit).split()
        for at in line:
            found = self.before_judging(at)
            if found.broken is not None and any(fault.unknown for fault in found.broken.faults):
                # Who knows those words can read it: what it says must not be undone.
                return f"this planfence may be too old for it: `pip install -U planfence`; else {_BY_HAND}", "", None
            if found.broken is None and found.policy is not None:
                if found.policy.trust.plan != "signed" and self._says_signed(commit, found.policy):
                    return f"it may ask for signatures, which the last one did not: {_BY_HAND}", "", None
                return "", at, found.policy
            if found.broken is None:
                break
        way = "`git fetch --unshallow`" if self._git.is_shallow() else _BY_HAND
        return f"no policy before it can be read: {way}", "", None

    def _says_signed(self, commit: str, policy: Policy) -> bool:
        """Whether a policy that can't be read seems to ask for signed plans."""
        asked = "^[^#]*plan[^=#]*=[^=#]*signed"
        status, _ = self._git.status("grep", "-qaE", "-e", asked, commit, "--", POLICY_PATH, SHARED, *policy.shared)
        return status == 0

    def is_fixed(self, broken: str, tip: str) -> bool:
        """Whether a commit says what the last policy before a broken one said.

        The few commits between them are a person's, and change nothing else.
        """
        if not self._objects.find(tip) or not self._git.is_ancestor(broken, tip):
            return False
        policy, now = self.last[broken][1], self.before_judging(tip)
        if now.broken is not None or now.policy != policy or not self._is_policy_alone(policy, broken, tip):
            return False
        coming = self._git.text("rev-list", f"--max-count={_MOST + 1}", tip, f"^{broken}").split()
        return len(coming) <= _MOST and all(self._is_by_a_person(at, policy) for at in coming)

    def _is_by_a_person(self, commit: str, policy: Policy) -> bool:
        """Whether a commit names no model, and changes or settles nothing but the policy."""
        raw = self._objects.read(commit)
        said = inner_trailers(parse_commit(raw).message) if raw is not None else ((MODEL_TRAILER, ""),)
        models = {who for key, who in said if key == MODEL_TRAILER}
        return models <= {HUMAN} and self._is_policy_alone(policy, commit)

    def _is_policy_alone(self, policy: Policy, *commits: str) -> bool:
        options = ("-r", "-c", "--root", "-z", "--no-renames", "--no-commit-id", "--name-only")
        changed = self._git.run("diff-tree", *options, *commits).split(b"\0")
        return all(map(policy.is_policy, map(decode, changed[:-1])))

    def way(self) -> str:
        """Say what may come."""
        at, policy = next(iter(self.last.values()))
        paths = " ".join(map(quote, (POLICY_PATH, *policy.shared)))
        back = f'git checkout {at[:12]} -- {paths} && git commit -m "chore: the policy can be read again"'
        return f"let a person put the policy back as it was when it could last be read, and nothing beside: `{back}`"
