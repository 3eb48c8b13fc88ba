"""Names of commits: what a revision names, and which commits are in a range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.run import BUFFERED, WHOLE, Asked, Git
from planfence.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.gitio.repository import Repository


_HEX = frozenset("0123456789abcdefABCDEF")
#: As short as git abbreviates ids by itself.
_ABBREVIATED = 7
#: What no ref's name holds, and what would be a pattern to git.
_NEVER = frozenset("*?[\\")
#: Where git looks for a short name, in this order (gitrevisions(7)).
_PLACES = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


def resolve(repository: Repository, revision: str) -> str:
    """Return the full commit id of a revision.

    Raises :class:`PlanfenceError` if it names none, and if git could take its name for several refs.
    """
    named = unambiguous(repository.git, revision)
    try:
        found = repository.objects.find(f"{named}^{{commit}}") if "\n" not in named else None
    except CouldNotCheck:
        # `cat-file` ends at some names, such as `@{u}` if the branch has no upstream, where nobody hears why.
        asked = repository.git.start(("rev-parse", "--verify", "--end-of-options", f"{named}^{{commit}}"))
        status, _, complaint = asked.communicate()
        if not status:
            raise
        reason = complaint.decode("utf-8", "replace").partition("\n")[0].removeprefix("fatal: ")
        raise PlanfenceError(f"{revision} is not a commit here: {reason}", hint="name the commit itself") from None
    if found is None:
        raise lacks(repository, revision)
    return found[0]


def lacks(repository: Repository, revision: str) -> PlanfenceError:
    """Return the error for a name of no commit, with the command that fetches it if it is a remote's branch."""
    import shlex  # only to say what to type

    name, hint = _name(revision).removeprefix("refs/remotes/"), "see `git log --oneline`, or fetch it first"
    for remote in repository.git.text("remote").splitlines():
        if name.startswith(f"{remote}/"):
            branch = name.removeprefix(f"{remote}/")
            fetch = f"git fetch {remote} {shlex.quote(f'+refs/heads/{branch}:refs/remotes/{name}')}"
            hint = f"if {remote} has it, fetch it: `{fetch}`"
    return PlanfenceError(f"{revision} is not a commit here", hint=hint)


def unambiguous(git: Git, revision: str) -> str:
    """Return the revision with the full name of the ref that it begins with, if it begins with one.

    Git takes the first of several and only warns: a tag that is called like a branch would stand for it. Raises
    :class:`PlanfenceError` if several refs could be meant, or a full name is only the end of another ref's.
    """
    name = _name(revision)
    if not _can_mislead(name):
        return revision
    found = _refs(git, name)
    if name in found or not found:
        return revision
    if len(found) > 1:
        names = " or ".join(found)
        raise PlanfenceError(f"{name} can mean several refs", hint=f"type the full name that you mean: {names}")
    if len(name) >= _ABBREVIATED and not set(name) - _HEX and git.run("rev-parse", f"--disambiguate={name}"):
        raise PlanfenceError(f"{name} is a ref, and begins an object's id", hint=f"type {found[0]}, or the whole id")
    if name.startswith("refs/"):
        raise PlanfenceError(f"there is no {name} here", hint=f"if you mean {found[0]}, type that")
    return found[0] + revision[len(name) :]


def _name(revision: str) -> str:
    """What a revision begins with, up to git's operators; a ref's name holds none of them (git-check-ref-format(1))."""
    return min((revision.partition(mark)[0] for mark in ("^", "~", ":", "@{")), key=len)


def _can_mislead(name: str) -> bool:
    """Whether refs are asked for a name; a full id is one for git whatever refs there are, and so is HEAD."""
    return bool(name) and name not in ("HEAD", "@") and not is_id(name)


def is_id(name: str) -> bool:
    """Whether a name is a full object id, SHA-1 or SHA-256."""
    return len(name) in (40, 64) and not set(name) - _HEX


def _refs(git: Git, name: str) -> list[str]:
    """The refs that a name can stand for; itself if it is a full one."""
    with looking(git, [name]) as asked:
        return _found(_listed_refs(asked), name)


def looking(git: Git, names: Sequence[str]) -> Asked:
    """Start to look for the refs that names can stand for; :func:`are_plain` reads the answer."""
    patterns = [place.format(_name(name)) for name in names for place in ("{}", *_PLACES)]
    good = [each for each in patterns if each[:5] == "refs/" and not set(each) & _NEVER]
    return git.begin("for-each-ref", "--format=%(refname)", "--", *(good or ["refs//"]))


def _listed_refs(asked: Asked) -> set[str]:
    return set(asked.status(ok=(0,))[1].decode("utf-8", "surrogateescape").split("\n"))


def _found(there: set[str], name: str) -> list[str]:
    return [each for place in ("{}", *_PLACES) if (each := place.format(name)) in there]


def are_plain(asked: Asked, names: Sequence[str]) -> bool:
    """Whether git can take each of these names for no more than one ref, and for the whole of its name."""
    there = _listed_refs(asked)
    for revision in names:
        name = _name(revision)
        found = _found(there, name) if _can_mislead(name) else []
        if name not in found and (len(found) > 1 or (found and (name[:5] == "refs/" or not set(name) - _HEX))):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Heads:
    """The branches of one place: their tips by short name, and the branch that its HEAD names (empty: not known).

    A branch that only stands for another (a symbolic ref) is in ``aliases`` instead, with the full name of what it
    stands for.
    """

    prefix: str
    tips: dict[str, str]
    default: str = ""
    aliases: dict[str, str] = field(default_factory=dict)


def heads(repository: Repository, prefix: str) -> Heads:
    """Read the branches under ``prefix`` (`refs/heads/`, `refs/remotes/origin/`)."""
    out = repository.git.run("for-each-ref", "--format=%(objectname) %(objecttype) %(refname) %(symref)", prefix)
    tips: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for line in out.split(b"\n")[:-1]:
        oid, kind, ref, symref = line.decode("utf-8", "surrogateescape").split(" ")
        name = ref.removeprefix(prefix)
        if symref:
            aliases[name] = symref
        elif kind == "commit":
            tips[name] = oid
    default = aliases.pop("HEAD", "") if prefix != "refs/heads/" else ""
    default = default.removeprefix(prefix) if default.startswith(prefix) else ""
    return Heads(prefix, tips, default if default in tips else "", aliases)


def ends_of(span: str) -> tuple[str, str]:
    """Return what stands on both sides of the dots in `A..B` or `A...B`.

    Raises :class:`PlanfenceError` for anything else.
    """
    left, found, right = span.partition("..." if "..." in span else "..")
    if not found or not left or not right:
        raise PlanfenceError(f"{span} is not a range", hint="write it as A..B, such as origin/main..HEAD")
    return left, right


def listed(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return the commits that `rev-list` names (full ids, `^` before those to exclude), parents first."""
    with listing(repository.git, revisions) as asked:
        return walked(asked)


def parents_in(repository: Repository, revisions: Sequence[str]) -> dict[str, list[str]]:
    """Return the commits that `rev-list` names, in its order, each with its parents."""
    asked = "".join(f"{revision}\n" for revision in revisions).encode()
    lines = repository.git.text("rev-list", "--parents", "--stdin", stdin=asked).splitlines()
    return {commit: parents for commit, *parents in map(str.split, lines)}


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
    asked: Asked

    @property
    def revisions(self) -> list[str]:
        """The range as `rev-list` is asked for it."""
        return [self.head, f"^{self.base}"]


#: As many names as a command line holds on any system.
_AT_ONCE = 500


def stands_for(repository: Repository, refs: Sequence[str]) -> dict[str, str]:
    """Return what symbolic refs among these full names stand for in the end, by their own names.

    One that stands for a ref which is not there yet is found as well, except among tags.
    """
    found: dict[str, str] = {}
    there: set[str] = set()
    for at in range(0, len(refs), _AT_ONCE):
        asked = [ref for ref in refs[at : at + _AT_ONCE] if not set(ref) & _NEVER]
        if not asked:
            continue
        for line in repository.git.text("for-each-ref", "--format=%(refname) %(symref)", "--", *asked).split("\n"):
            name, _, symref = line.partition(" ")
            there.add(name)
            if symref:
                found[name] = symref
    for ref in set(refs) - there:
        if not ref.startswith("refs/tags/"):
            status, out = repository.git.status("symbolic-ref", "--quiet", ref, ok=(0, 1, 128))
            if status == 0:
                found[ref] = out.decode("utf-8", "surrogateescape").strip()
    return found
