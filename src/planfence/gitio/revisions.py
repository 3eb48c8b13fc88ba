"""Names of commits: what a revision names, and which commits are in a range."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.gitio.run import WHOLE


def resolve(repository: Repository, revision: str) -> str:
    """Return the full commit id of a revision; raises :class:`PlanfenceError` where it names none."""
    status, out = repository.git.status(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if status:
        raise PlanfenceError(f"{revision} is no commit here", hint="see `git log --oneline`, or fetch it first")
    return out.decode().strip()


def listed(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return the ids of the commits that `rev-list` names (full ids, `^` before those to exclude), parents first."""
    with listing(repository, revisions) as walker:
        assert walker.stdout is not None
        return walker.stdout.read().decode().split()


@contextmanager
def listing(repository: Repository, revisions: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start what :func:`listed` reads."""
    arguments = (*WHOLE, "rev-list", "--topo-order", "--reverse", "--stdin")
    with repository.git.stream(*arguments, piped=True) as walker:
        assert walker.stdin is not None
        walker.stdin.write("".join(f"{revision}\n" for revision in revisions).encode())
        walker.stdin.close()
        yield walker
