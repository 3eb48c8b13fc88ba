"""Names of commits: what a revision names, and which commits are in a range."""

from __future__ import annotations

from collections.abc import Sequence

from planfence.digests import sha1, sha256
from planfence.errors import PlanfenceError
from planfence.gitio.run import BUFFERED, WHOLE, Asked, Git
from planfence.records import dataclass

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


@dataclass(frozen=True, slots=True)
class Walk:
    """The commits of a range, parents first: their ids, and what `rev-list --header` shows of each (:func:`whole`)."""

    ids: list[str]
    shown: list[bytes]


def listed(repository: Repository, revisions: Sequence[str]) -> Walk:
    """Walk over the commits that `rev-list` names (full ids, `^` before those to exclude)."""
    with listing(repository.git, revisions) as asked:
        return walked(asked)


def listing(git: Git, revisions: Sequence[str]) -> Asked:
    """Start what :func:`walked` reads."""
    arguments = (*WHOLE, "rev-list", "--topo-order", "--reverse", "--header", "--encoding=none", "--stdin")
    asked = git.begin(*arguments, piped=True, variables=BUFFERED)
    asked.say("".join(f"{revision}\n" for revision in revisions).encode())
    return asked


def walked(asked: Asked) -> Walk:
    """Read to its end what :func:`listing` started."""
    shown = asked.status(ok=(0,))[1].split(b"\0")[:-1]
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
