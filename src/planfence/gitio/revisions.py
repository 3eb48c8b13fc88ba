"""Names of commits: what a revision names, and which commits are in a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from planfence.errors import PlanfenceError
from planfence.gitio.objects import Objects
from planfence.gitio.run import BUFFERED, WHOLE, Asked, Git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gitio.repository import Repository


def resolve(repository: Repository, revision: str) -> str:
    """Return the full commit id of a revision; raises :class:`PlanfenceError` where it names none."""
    status, out = repository.git.status(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if status:
        raise PlanfenceError(f"{revision} is no commit here", hint="see `git log --oneline`, or fetch it first")
    return out.decode().strip()


def listed(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return the commits that `rev-list` names (full ids, `^` before those to exclude), parents first."""
    with listing(repository.git, revisions) as asked:
        return walked(asked)


def listing(git: Git, revisions: Sequence[str]) -> Asked:
    """Start what :func:`walked` reads."""
    asked = git.begin(*WHOLE, "rev-list", "--topo-order", "--reverse", "--stdin", piped=True, variables=BUFFERED)
    asked.say("".join(f"{revision}\n" for revision in revisions).encode())
    return asked


def walked(asked: Asked) -> list[str]:
    """Read to its end what :func:`listing` started."""
    return asked.status(ok=(0,))[1].decode().split()


class Ahead(NamedTuple):
    """A range between two full ids whose commits git lists (:func:`listing`) while the judges are loaded."""

    base: str
    head: str
    objects: Objects
    asked: Asked

    @property
    def revisions(self) -> list[str]:
        """The range as `rev-list` is asked for it."""
        return [self.head, f"^{self.base}"]
