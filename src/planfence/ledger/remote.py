"""The ledger's exchange with a remote: plain `git fetch` and `git push` of its refs, as the user is set up."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.repository import Repository
from planfence.ledger.refs import PREFIX, Ledger
from planfence.records import dataclass

#: Who is told how far git is.
Tell = Callable[[str], None]

_EVERY = f"{PREFIX}*:{PREFIX}*"
_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange came to.

    ``offline`` is git's own word where the remote was not reached, ``refused`` where it did not take the own ledger;
    else empty.
    """

    remote: str
    fetched: int
    pushed: bool
    offline: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""


def remote_of(repository: Repository, wanted: str = "") -> str:
    """Return the remote to use: the one that is named, the current branch's, `origin`, or the only one.

    Raises :class:`PlanfenceError` where there is none.
    """
    git = repository.git
    names = git.text("remote").split()
    if wanted:
        if wanted not in names:
            raise PlanfenceError(f"there is no remote {wanted}", hint=f"remotes: {', '.join(names) or 'none'}")
        return wanted
    status, out = git.status("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1, 128))
    branch = out.decode("utf-8", "replace").strip()
    if status == 0 and branch:
        status, out = git.status("config", "--get", f"branch.{branch}.remote")
        if status == 0 and out.decode().strip() in names:
            return out.decode().strip()
    if "origin" in names or len(names) == 1:
        return "origin" if "origin" in names else names[0]
    raise PlanfenceError(
        "there is no remote to exchange the ledger with" if not names else "several remotes, and none is this branch's",
        hint="git remote add origin URL" if not names else f"name one: planfence sync {names[0]}",
    )


def exchange(repository: Repository, remote: str, *, tell: Tell | None = None) -> Exchange:
    """Fetch everyone's ledger, push the own one. A remote that can't be reached changes nothing.

    ``tell`` hears git's progress, a line at a time.
    Nothing is forced: a ledger only grows, and one that went back is said and left alone.
    """
    for line in repository.git.run("for-each-ref", "--format=%(symref) %(refname)", PREFIX).splitlines():
        target, _, name = line.decode("utf-8", "surrogateescape").partition(" ")
        if target:
            # A fetch would follow it and move the branch that it leads to.
            raise PlanfenceError(f"{name} is a symbolic ref to {target}", hint=f"git symbolic-ref --delete {name}")
    before = _refs(repository)
    notes: list[str] = []
    ledger = Ledger(repository)
    own = PREFIX + ledger.writer()
    if own not in before:
        # Whatever the remote has under a name that was used before, this clone did not just write it.
        ledger.fork()
        own = PREFIX + ledger.writer()
    # The own ledger is usually ahead of the remote's, which a fetch would call a ledger that went back.
    wanted = (_EVERY, *([f"^{own}"] if own in before else []))
    # A partial clone's filter would leave the records themselves out, and every hook reads them.
    whole = ["--no-filter"] if repository.git.partial else []
    status, said = _git(repository, (*_FETCH, *whole, remote, *wanted), tell)
    if status == 0 and whole and _lacks_records(repository):
        status, said = _git(repository, (*_FETCH, *whole, "--refetch", remote, *wanted), tell)
    if status > 1:
        return Exchange(remote, 0, False, offline=said or "no answer")
    if status == 1:
        notes.append("a ledger on the remote went back: kept as it is here")
    pushed = False
    if own in _refs(repository):
        status, said = _push(repository, remote, own, tell)
        if status != 0:
            notes += _reconcile(repository, ledger, remote, own)
            own = PREFIX + ledger.writer()
            status, said = _push(repository, remote, own, tell)
        pushed = status == 0
    refused = "" if pushed or own not in _refs(repository) else said or str(status)
    fetched = sum(1 for ref, oid in _refs(repository).items() if before.get(ref) != oid)
    return Exchange(remote, fetched, pushed, notes=tuple(notes), refused=refused)


def _lacks_records(repository: Repository) -> bool:
    """Whether an earlier fetch under a filter left records of the ledger out."""
    asked = ("rev-list", "--objects", "--missing=print", f"--glob={PREFIX}*")
    return any(line[:1] == b"?" for line in repository.git.run(*asked).splitlines())


def _push(repository: Repository, remote: str, own: str, tell: Tell | None) -> tuple[int, str]:
    return _git(repository, ("push", "--no-verify", remote, f"{own}:{own}"), tell)


def _reconcile(repository: Repository, ledger: Ledger, remote: str, own: str) -> list[str]:
    """Go on under a new name where the remote has another history under the own one, even one that goes on from here.

    Nobody but this clone adds to its own ref: else what others write would count as its own record.
    A remote that has less than the own ledger refused the push for a reason of its own (a hook, a right, a lock).
    """
    there = _listed(repository, remote, own)
    if not there or _leads_to(repository, there, own):
        return []
    ledger.fork()
    _git(repository, (*_FETCH, remote, f"+{own}:{own}"), None)
    return ["another clone writes under this one's name (a copied folder): this one has a new name now"]


def _listed(repository: Repository, remote: str, ref: str) -> str:
    """What the remote has under this name; empty where it has nothing, or does not answer."""
    variables = repository.environment.for_child() | {"GIT_DIR": str(repository.git_dir)}
    command = [repository.git.program, "ls-remote", "--refs", remote, ref]
    done = subprocess.run(
        command, cwd=repository.top, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.stdout.decode("ascii", "replace").partition("\t")[0] if done.returncode == 0 else ""


def _leads_to(repository: Repository, commit: str, ref: str) -> bool:
    return repository.git.status("merge-base", "--is-ancestor", commit, ref, ok=(0, 1, 128))[0] == 0


def _refs(repository: Repository) -> dict[str, str]:
    out = repository.git.run("for-each-ref", "--format=%(refname) %(objectname)", PREFIX)
    lines = [line.decode("utf-8", "surrogateescape") for line in out.splitlines()]
    return {name: oid for name, _, oid in (line.partition(" ") for line in lines)}


def _git(repository: Repository, arguments: tuple[str, ...], tell: Tell | None) -> tuple[int, str]:
    """Run git with the user's own configuration: remotes need credentials, proxies and ssh commands."""
    variables = repository.environment.for_child() | {"GIT_DIR": str(repository.git_dir)}
    shown = "--progress" if tell else "--quiet"
    try:
        process = subprocess.Popen(
            [repository.git.program, arguments[0], shown, *arguments[1:]],
            cwd=repository.top,
            env=variables,
            stdin=None if tell else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise CouldNotCheck(f"git could not be started: {error.strerror}") from error
    with process:
        assert process.stderr is not None
        words = _followed(process.stderr, tell) if tell else [line.strip() for line in process.stderr]
    return process.returncode, next((word for word in words if word), "")


def _followed(lines: Iterable[str], tell: Tell) -> list[str]:
    """Pass git's progress on; return what it said besides, errors first.

    GitPython reads the lines, but does not start git: it can't keep variables of this process from it, and its fetch
    needs the user's FETCH_HEAD.
    """
    from git.util import RemoteProgress

    class Progress(RemoteProgress):
        def update(self, *_: object) -> None:
            tell(self._cur_line or "")

    progress = Progress()
    read = progress.new_message_handler()
    for line in lines:
        read(line)
    return [*progress.error_lines, *progress.other_lines]
