"""A protected branch whose policy can't be read: its fix alone may come, judged by the last one that could be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from shlex import quote
from typing import TypeVar

from planfence import POLICY_PATH
from planfence.errors import BadFile
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
        self._repository = repository
        #: By the commit: where the last one that can be read is, and what it says.
        self.last: dict[str, tuple[str, Policy]] = {}

    def policy(self, commit: str) -> Policy | None:
        """Return the policy at a commit, or the last one before it; raises :class:`BadFile` if there is none."""
        try:
            return super().policy(commit)
        except BadFile as error:
            if commit not in self.last:
                self.last[commit] = self._before(commit, error)
            return self.last[commit][1]

    def _before(self, commit: str, error: BadFile) -> tuple[str, Policy]:
        line = self._repository.git.text("rev-list", "--first-parent", f"--max-count={_FAR}", commit)
        for each in line.split():
            found = self.before_judging(each)
            if found.broken is None:
                if found.policy is not None:
                    return each, found.policy
                break
        error.hint = "no policy before it can be read: whoever keeps this branch must put one there past these checks"
        raise error

    def is_fixed(self, broken: str, tip: str) -> bool:
        """Whether a commit says what the last policy before a broken one said, and differs from it in nothing else."""
        git, (_, policy) = self._repository.git, self.last[broken]
        if not self._repository.objects.find(tip) or not git.is_ancestor(broken, tip):
            return False
        changed = git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", broken, tip).split(b"\0")
        paths = [path.decode("utf-8", "surrogateescape") for path in changed if path]
        now = self.before_judging(tip)
        return all(map(policy.is_policy, paths)) and now.broken is None and now.policy == policy

    def way(self) -> str:
        """Say what may come."""
        at, policy = next(iter(self.last.values()))
        paths = " ".join(map(quote, (POLICY_PATH, *policy.shared)))
        back = f'git checkout {at[:12]} -- {paths} && git commit -m "chore: the policy can be read again"'
        return f"bring what puts the policy back as it was when it could last be read, and nothing beside: `{back}`"
