"""Names of commits: what a revision names, and which commits are in a range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from planfence.core.digests import sha1, sha256
from planfence.errors import PlanfenceError
from planfence.gitio.repository import Repository
from planfence.gitio.run import BUFFERED, WHOLE

#: The most that Linux lets a pipe hold without a privilege.
PIPE = 1 << 20

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess


def resolve(repository: Repository, revision: str) -> str:
    """Return the full commit id of a revision; raises :class:`PlanfenceError` where it names none."""
    status, out = repository.git.status(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if status:
        raise PlanfenceError(f"{revision} is no commit here", hint="see `git log --oneline`, or fetch it first")
    return out.decode().strip()


class Walk(NamedTuple):
    """The commits of a range, parents first: their ids, and what `rev-list --header` shows of each (:func:`whole`)."""

    ids: list[str]
    shown: list[bytes]


def listed(repository: Repository, revisions: Sequence[str]) -> Walk:
    """Walk over the commits that `rev-list` names (full ids, `^` before those to exclude)."""
    with listing(repository, revisions) as walker:
        return walked(walker)


@contextmanager
def listing(repository: Repository, revisions: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start what :func:`walked` reads."""
    arguments = (*WHOLE, "rev-list", "--topo-order", "--reverse", "--header", "--encoding=none", "--stdin")
    with repository.git.stream(*arguments, piped=True, variables=BUFFERED) as walker:
        assert walker.stdin is not None
        assert walker.stdout is not None
        widen(walker.stdout.fileno())
        walker.stdin.write("".join(f"{revision}\n" for revision in revisions).encode())
        walker.stdin.close()
        yield walker


def walked(walker: subprocess.Popen[bytes]) -> Walk:
    """Read to its end what :func:`listing` started."""
    assert walker.stdout is not None
    shown = walker.stdout.read().split(b"\0")[:-1]
    return Walk([each[: each.find(b"\n")].decode() for each in shown], shown)


def whole(shown: bytes) -> bytes | None:
    """Return the raw commit of what `rev-list --header` shows; None where that does not tell.

    Git indents the message, trims it and ends it at a NUL: what comes out is the commit where it hashes to its name.
    """
    name, _, rest = shown.partition(b"\n")
    header, gap, body = rest.partition(b"\n\n")
    data = header + gap + body[4:].replace(b"\n    ", b"\n")
    digest = sha1 if len(name) == 40 else sha256
    for each in (data, data[:-1]):  # forges leave out the last newline
        if digest(b"commit %d\0" % len(each) + each).hexdigest().encode() == name:
            return each
    return None


def widen(descriptor: int) -> None:
    """Let git write much before it has to wait for a reader; only Linux has it, and it may be refused."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)
