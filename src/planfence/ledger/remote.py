"""The ledger's exchange with a remote: plain `git fetch` and `git push` of its refs, as the user is set up."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from planfence.errors import PlanfenceError
from planfence.gitio import usergit
from planfence.gitio.repository import Repository, branch_of
from planfence.gitio.usergit import Tell
from planfence.ledger.refs import ATTACHMENTS, KEPT, PREFIX, Ledger, kept_refs
from planfence.records import dataclass

_EVERY = f"{PREFIX}*:{PREFIX}*"
#: What is kept beside the ledger proves nothing by itself, and goes after its time: the remote's takes its place here.
_EVERY_KEPT = f"+{KEPT}*:{KEPT}*"
#: A day's, or a month's.
_DAY = re.compile(rf"{re.escape(KEPT)}[0-9a-f]{{16}}/(\d{{4}}-\d\d(?:-\d\d)?)")
#: So many refs go in one push: a command line has its limit.
_AT_ONCE = 200
_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange came to.

    ``offline`` is git's own word if the remote was not reached, ``refused`` where it did not take the own ledger;
    else empty.
    """

    remote: str
    fetched: int
    pushed: bool
    offline: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""


def remote_of(repository: Repository, wanted: str = "", policy: str = "", branch: str | None = None) -> str:
    """Return the remote to use: the one that is named, the policy's, the current branch's, `origin`, or the only one.

    The policy's may be a URL. ``branch`` is the current one if that is known (empty: none). Raises
    :class:`PlanfenceError` if there is no remote.
    """
    git = repository.git
    names = git.text("remote").split()
    if not wanted and policy:
        if policy not in names and not _is_url(policy):
            hint = f"git remote add {policy} URL"
            raise PlanfenceError(f"the policy sends the ledger to the remote {policy}, which is not here", hint=hint)
        return policy
    if wanted:
        if wanted not in names:
            raise PlanfenceError(f"there is no remote {wanted}", hint=f"remotes: {', '.join(names) or 'none'}")
        return wanted
    branch = branch_of(repository) if branch is None else branch
    if branch:
        own = git.text("config", "--get", f"branch.{branch}.remote", ok=(0, 1))
        if own in names:
            return own
    if "origin" in names or len(names) == 1:
        return "origin" if "origin" in names else names[0]
    raise PlanfenceError(
        "there is no remote to exchange the ledger with" if not names else "several remotes, and none is this branch's",
        hint="git remote add origin URL" if not names else f"name one: planfence sync {names[0]}",
    )


def exchange(repository: Repository, remote: str, *, tell: Tell | None = None, retention_days: int = 0) -> Exchange:
    """Fetch everyone's ledger, push the own one, with what is kept. A remote that can't be reached changes nothing.

    ``tell`` hears git's progress, a line at a time. What is older than ``retention_days`` (0: nothing) is dropped here,
    and neither goes out nor stays if it came.
    Nothing is forced: a ledger only grows, and one that went back is said and left alone.
    """
    _refuse_symbolic(repository)
    if retention_days:
        drop_here(repository, first_day(retention_days))
    before, ledger = repository.git.refs(PREFIX), Ledger(repository)
    own = PREFIX + ledger.writer()
    if own not in before:
        # Whatever the remote has under a name that was used before, this clone did not just write it.
        own = ledger.fork()
    status, said = _fetch(repository, remote, own, tell)
    if status > 1:
        return Exchange(remote, 0, False, offline=said or "no answer")
    if retention_days:
        drop_here(repository, first_day(retention_days))
    notes = ["a ledger on the remote went back: kept as it is here"] if status == 1 else []
    pushed, refused = False, ""
    if own in repository.git.refs(PREFIX):
        status, said = _push(repository, remote, own, tell)
        if status != 0:
            notes += _reconcile(repository, ledger, remote, own)
            own = PREFIX + ledger.writer()
            status, said = _push(repository, remote, own, tell)
        pushed = status == 0
        refused = "" if pushed or own not in repository.git.refs(PREFIX) else said or str(status)
    fetched = sum(1 for ref, oid in repository.git.refs(PREFIX).items() if before.get(ref) != oid)
    return Exchange(remote, fetched, pushed, notes=tuple(notes), refused=refused)


def _refuse_symbolic(repository: Repository) -> None:
    """Raise :class:`PlanfenceError` for a symbolic ref: a fetch would follow it, and move the branch it leads to."""
    for line in repository.git.run("for-each-ref", "--format=%(symref) %(refname)", PREFIX, KEPT).splitlines():
        target, _, name = line.decode("utf-8", "surrogateescape").partition(" ")
        if target:
            raise PlanfenceError(f"{name} is a symbolic ref to {target}", hint=f"git symbolic-ref --delete {name}")


def _fetch(repository: Repository, remote: str, own: str, tell: Tell | None) -> tuple[int, str]:
    """Fetch all that the remote keeps but the own ledger, of which this clone knows more."""
    # The own ledger is usually ahead of the remote's, which a fetch would call a ledger that went back.
    wanted = (remote, _EVERY, f"^{own}", _EVERY_KEPT, f"^{KEPT}{own.removeprefix(PREFIX)}/*")
    # A partial clone's filter would leave the records themselves out, and every hook reads them.
    whole = ["--no-filter"] if repository.git.partial else []
    status, said = _git(repository, remote, (*_FETCH, *whole, *wanted), tell)
    if status == 0 and whole and _lacks_records(repository):
        status, said = _git(repository, remote, (*_FETCH, *whole, "--refetch", *wanted), tell)
    return status, said


def _lacks_records(repository: Repository) -> bool:
    """Whether an earlier fetch under a filter left records of the ledger out."""
    asked = ("rev-list", "--objects", "--missing=print", f"--glob={PREFIX}*")
    return any(line[:1] == b"?" for line in repository.git.run(*asked).splitlines())


def _push(repository: Repository, remote: str, own: str, tell: Tell | None) -> tuple[int, str]:
    kept = [f"+{ref}:{ref}" for ref in kept_refs(repository.git, own.removeprefix(PREFIX))]
    return _git(repository, remote, ("push", "--no-verify", remote, f"{own}:{own}", *kept), tell)


def first_day(days: int) -> str:
    """The first day (UTC) whose attachments stay, if those of ``days`` days do, today's included."""
    days = min(max(days - 1, 0), 36_500)  # a policy may say any number
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400 * days))


def _old(refs: Iterable[str], first: str) -> list[str]:
    return [ref for ref in refs if (found := _DAY.fullmatch(ref)) and found[1] < first[: len(found[1])]]


def drop_here(repository: Repository, first: str) -> tuple[str, ...]:
    """Drop what was kept before a day in this repository, of all writers; return the refs."""
    while True:
        known = kept_refs(repository.git)
        old = _old(known, first)
        if not old:
            return ()
        orders = "".join(f"delete {ref} {known[ref]}\n" for ref in old)
        status, _ = repository.git.status("update-ref", "--no-deref", "--stdin", stdin=orders.encode(), ok=(0, 128))
        if status == 0:
            return tuple(old)
        if kept_refs(repository.git) == known:  # nobody else dropped or kept anything meanwhile
            repository.git.run("update-ref", "--no-deref", "--stdin", stdin=orders.encode())


def drop_there(repository: Repository, remote: str, first: str) -> tuple[tuple[str, ...], str]:
    """Drop what was kept before a day on the remote; return the refs, and git's word if it did not do it."""
    status, out, said = _asked(repository, remote, ("ls-remote", "--refs", "--", remote, f"{KEPT}*"))
    if status:
        return (), said or "no answer"
    old = _old((line.partition("\t")[2] for line in out.splitlines()), first)
    done: list[str] = []
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        status, said = _git(repository, remote, ("push", "--no-verify", remote, *(f":{ref}" for ref in some)), None)
        if status:
            return tuple(done), said or str(status)
        done += some
    return tuple(done), ""


def older_style(repository: Repository) -> int:
    """How many entries hold attachments in their own tree, as 0.1.0 wrote them: what only grows keeps those."""
    asked = ("rev-list", "--count", f"--glob={PREFIX}*", "--", *ATTACHMENTS)
    return int(repository.git.text(*asked))


def _reconcile(repository: Repository, ledger: Ledger, remote: str, own: str) -> list[str]:
    """Go on under a new name where the remote has another history under the own one, even one that goes on from here.

    Nobody but this clone adds to its own ref: else what others write would count as its own record.
    A remote that has less than the own ledger refused the push for a reason of its own (a hook, a right, a lock).
    """
    there = _listed(repository, remote, own)
    if not there or repository.git.is_ancestor(there, own):
        return []
    ledger.fork()
    _git(repository, remote, (*_FETCH, remote, f"+{own}:{own}"), None)
    return ["another clone writes under this one's name (a copied folder): this one has a new name now"]


def _listed(repository: Repository, remote: str, ref: str) -> str:
    """What the remote has under this name; empty if it has nothing, or does not answer."""
    status, out, _ = _asked(repository, remote, ("ls-remote", "--refs", remote, ref))
    return out.partition("\t")[0] if status == 0 else ""


def _asked(repository: Repository, remote: str, arguments: tuple[str, ...]) -> tuple[int, str, str]:
    """Ask git what a remote answers; return its status, what it printed, and the first words of complaint."""
    status, out, said = usergit.ask(repository, (*_local_too(remote), *arguments), _variables(repository, remote))
    return status, out.decode("utf-8", "replace"), said


def _variables(repository: Repository, remote: str) -> dict[str, str]:
    known = usergit.of_repository(repository)
    return known | usergit.FROM_A_FILE if _is_url(remote) else known


def _local_too(remote: str) -> tuple[str, ...]:
    return ("-c", "protocol.file.allow=always") if _is_url(remote) else ()


def _is_url(remote: str) -> bool:
    return "/" in remote or ":" in remote


def _git(repository: Repository, remote: str, arguments: tuple[str, ...], tell: Tell | None) -> tuple[int, str]:
    """Exchange something with a remote; return git's status and its first words."""
    words = [*_local_too(remote), arguments[0], "--progress" if tell else "--quiet", *arguments[1:]]
    status, _, said = usergit.ask(repository, words, _variables(repository, remote), tell)
    return status, said
