"""A protected branch whose policy can't be read: its fix alone may come, judged by the last one that could be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from shlex import quote
from typing import TypeVar

from planfence import POLICY_PATH
from planfence.errors import BadFile
from planfence.gitio.paths import decode
from planfence.gitio.repository import Repository
from planfence.judge.ranges import Protected
from planfence.judge.sources import Sources
from planfence.manifest.policy import Policy

#: How many commits back a policy is looked for.
_FAR = 10_000
Found = TypeVar("Found", Protected, Protected | None)


def held_to(repository: Repository, sources: Sources, find: Callable[[Sources], Found], tips: Sequence[str]) -> Found:
    """Return what ``find`` finds, which reads the policy of the protected branch.

    If that can't be read, what comes (``tips``, full ids) must put back the last one that could, and change nothing
    else: so nobody loosens what nobody can read. Raises :class:`BadFile`, which says how, for anything else.
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
            line = self._git.text("rev-list", "--first-parent", f"--max-count={_FAR}", commit).split()
            known = ((each, self.before_judging(each)) for each in line)
            at, found = next((each for each in known if each[1].broken is None), ("", None))
            if found is None or found.policy is None:
                error.hint = "no policy before it can be read: whoever keeps this branch must put one there by hand"
                raise
            self.last[commit] = at, found.policy
            return found.policy

    def is_fixed(self, broken: str, tip: str) -> bool:
        """Whether a commit says what the last policy before a broken one said, and differs from it in nothing else."""
        policy = self.last[broken][1]
        if not self._objects.find(tip) or not self._git.is_ancestor(broken, tip):
            return False
        changed = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", broken, tip).split(b"\0")
        now = self.before_judging(tip)
        return now.broken is None and now.policy == policy and all(map(policy.is_policy, map(decode, changed[:-1])))

    def way(self) -> str:
        """Say what may come."""
        at, policy = next(iter(self.last.values()))
        paths = " ".join(map(quote, (POLICY_PATH, *policy.shared)))
        back = f'git checkout {at[:12]} -- {paths} && git commit -m "chore: the policy can be read again"'
        return f"bring what puts the policy back as it was when it could last be read, and nothing beside: `{back}`"
