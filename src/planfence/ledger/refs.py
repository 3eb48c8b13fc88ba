"""The ledger: an append-only store in `refs/planfence/ledger/<writer>`, and what is kept beside it for a while.

One ref for each clone, one commit an entry, its tree holding `entry.json`.
Written by plumbing; the ref moves by a compare-and-swap that never follows a symbolic ref
(facts: one made `update-ref` move `main`). The last own tip is also kept in a file, so that
a ref that was deleted or put back loses nothing as long as its objects are there.

Attachments, and the trees that a run was about, stand in `refs/planfence/kept/<writer>/<day or month>`, and the
statement has the id of their tree. So a day's attachments go with its ref, while all statements stay. Entries of 0.1.0
hold theirs in their own tree.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from planfence.errors import CouldNotCheck, reason
from planfence.files.plain import read_plain
from planfence.files.state import held, told, write_atomically, write_new
from planfence.gitio.newobjects import NewObjects, commit_of
from planfence.gitio.repository import Repository
from planfence.gitio.run import Git
from planfence.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

PREFIX = "refs/planfence/ledger/"
KEPT = "refs/planfence/kept/"
ENTRY = "entry.json"

#: An entry is a few kilobytes; what is larger is not one of ours.
LARGEST_ENTRY = 4 * 1024 * 1024

#: What travels with an entry. Whatever else another writer's entry holds is not read, whatever it is called.
ATTACHMENTS = ("output.txt", "change.diff", "prompt.md")
TREES = ("base", "result")

#: Ours are cut at 1 MiB where they are written; what is far larger is not read (bytes).
LARGEST_ATTACHMENT = 4 * 1024 * 1024

#: How often an append reads the ref again after a lost race, and how long it waits for the lock (seconds).
ATTEMPTS = 50
PATIENCE_S = 30.0

_WRITER = re.compile(r"[0-9a-f]{16}")
_WHO = b"planfence <planfence@localhost> %d +0000"


@dataclass(frozen=True, slots=True)
class Raw:
    """One entry as it stands: its commit and its bytes."""

    commit: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is beside an entry.

    ``files`` by name (:data:`ATTACHMENTS`), ``trees`` by name (:data:`TREES`), ``redacted`` what was taken out of each
    file, by kind. ``mode`` is how it was kept (`full`, `redacted`, `none`; empty: the entry has nothing, or is from
    0.1.0). ``gone`` says that the statement names what is not here: dropped, or not fetched.
    """

    files: Mapping[str, bytes]
    trees: Mapping[str, str]
    redacted: Mapping[str, Mapping[str, int]]
    mode: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Tips:
    """Where the ledger's refs point. ``state`` changes whenever any of them does; ``problems`` are in words."""

    commits: tuple[str, ...]
    state: str
    problems: tuple[str, ...]


class Ledger:
    """The ledger of one repository, all its writers together."""

    def __init__(self, repository: Repository) -> None:
        self._git, self._objects = repository.git, repository.objects
        self._zero = repository.zero
        self._folder = repository.common_dir / "planfence"
        self._known: frozenset[str] | None = None

    # -- reading

    def tips(self) -> Tips:
        """List the tips of all writers, and what is wrong with those that can't be read."""
        out = self._git.run("for-each-ref", "--format=%(refname)%00%(symref)%00%(objecttype)%00%(objectname)", PREFIX)
        commits: list[str] = []
        problems: list[str] = []
        for line in out.splitlines():
            name, symbolic, kind, oid = line.decode("utf-8", "surrogateescape").split("\0")
            if symbolic:
                problems.append(f"{name} is a symbolic ref (to {symbolic}): not read")
            elif kind != "commit":
                problems.append(f"{name} points to a {kind}: not read")
            else:
                commits.append(oid)
        kept = self.last_tip()
        if kept and kept not in commits and self._is_commit(kept):
            if not commits or self._git.text("rev-list", "-n1", kept, "--not", *commits):
                problems.append(
                    "the own ledger ref was deleted or put back; its entries are read from the last known tip"
                )
            commits.append(kept)
        return Tips(tuple(commits), f"{out.decode('utf-8', 'surrogateescape')}{kept}", tuple(problems))

    def read(self, tips: Tips) -> Iterator[Raw | str]:
        """Yield every entry of these tips once, in no order that means anything; a str says what was set aside.

        One `rev-list` and one `cat-file`, however many entries there are.
        """
        if not tips.commits:
            return
        names = self._git.text("rev-list", "--stdin", stdin="\n".join(tips.commits).encode() + b"\n").split()
        for name, answers in zip(names, self._objects.answers([f"{name}:{ENTRY}" for name in names]), strict=True):
            yield _next_entry(answers, name)

    def own(self) -> list[str]:
        """Return the commits of the own ref, the newest first, as the ref has them: a date in an entry is a claim.

        What other writers wrote is not among them, and nothing if this clone wrote nothing.
        """
        name = self._written_name()
        tips = [tip for tip in ((self._own_tip(PREFIX + name) if name else ""), self.last_tip()) if tip]
        there = [tip for tip in dict.fromkeys(tips) if self._is_commit(tip)]
        return self._git.text("rev-list", "--topo-order", *there, "--").split() if there else []

    def before(self, commit: str) -> list[str]:
        """Return an entry's commit and those that its writer's ref has before it, the newest first."""
        return self._git.text("rev-list", "--topo-order", commit, "--").split()

    def kept(self, commit: str) -> Kept:
        """Return what there is beside an entry; a line in place of a file that is far too large."""
        from planfence.ledger import attached

        own = f"{commit}^{{tree}}"
        names = {*ATTACHMENTS, *TREES} & self._held(own, (*ATTACHMENTS, *TREES)).keys()
        if names:
            return Kept(self._files(own), self._trees(own), {})
        stated = attached.read(self._git.run("cat-file", "blob", f"{commit}:{ENTRY}"))
        if not stated.tree:
            return Kept({}, {}, {}, stated.mode)
        if stated.tree not in self._there():
            return Kept({}, {}, stated.redacted, stated.mode, gone=True)
        return Kept(self._files(stated.tree), self._trees(stated.tree), stated.redacted, stated.mode)

    def _there(self) -> frozenset[str]:
        """The trees that refs hold: others may be in the repository, and are nobody's attachments."""
        if self._known is None:
            out = self._git.text("rev-list", "--no-commit-header", "--format=%T", f"--glob={KEPT}*")
            self._known = frozenset(out.split())
        return self._known

    def _trees(self, tree: str) -> dict[str, str]:
        held = self._held(tree, TREES)
        return {name: oid for name, (mode, oid, _) in held.items() if mode == "040000"}

    def _files(self, tree: str) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name, (mode, oid, size) in self._held(tree, ATTACHMENTS).items():
            if mode not in ("100644", "100755"):
                continue
            if size > LARGEST_ATTACHMENT:
                found[name] = b"[planfence: %d bytes, not shown: git cat-file blob %s]\n" % (size, oid.encode())
            else:
                found[name] = self._git.run("cat-file", "blob", oid)
        return found

    def _held(self, tree: str, names: tuple[str, ...]) -> dict[str, tuple[str, str, int]]:
        """Return what a tree holds under these names: mode, id and size (of a tree: 0).

        Raises :class:`CouldNotCheck` for one that holds a name twice.
        """
        found: dict[str, tuple[str, str, int]] = {}
        for line in self._git.run("ls-tree", "-z", "-l", tree, "--", *names).split(b"\0"):
            meta, _, raw = line.partition(b"\t")
            name = raw.decode("utf-8", "replace")
            if name in found:
                raise CouldNotCheck(f"the ledger's entry {tree[:12]} holds {name} twice", hint="run `git fsck`")
            if name in names:
                mode, _, oid, size = meta.decode().split()
                found[name] = mode, oid, int(size) if size.isdecimal() else 0
        return found

    # -- writing

    def writer(self) -> str:
        """This clone's own name in the ledger, made at its first use."""
        path = self._folder / "writer"
        for _ in range(3):
            try:
                name = read_plain(path).decode("ascii").strip()
            except FileNotFoundError:
                name = ""
            except (OSError, UnicodeDecodeError) as error:
                raise CouldNotCheck(f"{path} could not be read: {reason(error)}") from error
            if _WRITER.fullmatch(name):
                return name
            self._new_writer()
        raise CouldNotCheck(f"{path} holds no writer's name", hint=f"remove {path} and run it again")

    def has_others(self) -> bool:
        """Whether any other clone's records are here."""
        own = self._written_name()
        names = self._git.text("for-each-ref", "--format=%(refname)", PREFIX).split("\n")
        return any(name not in ("", PREFIX + own) for name in names)

    def _written_name(self) -> str:
        """This clone's own name, empty if it has none yet; nothing is made."""
        try:
            name = read_plain(self._folder / "writer").decode("ascii", "replace").strip()
        except OSError:
            return ""
        return name if _WRITER.fullmatch(name) else ""

    def _is_commit(self, name: str) -> bool:
        found = self._objects.find(name)
        return found is not None and found[1] == "commit"

    def _new_writer(self) -> None:
        path = self._folder / "writer"
        name = os.urandom(8).hex().encode() + b"\n"
        # If another process was first, both then read the same name.
        with told(path):
            if not write_new(path, name) and not _WRITER.fullmatch(read_plain(path).decode("ascii", "replace").strip()):
                write_atomically(path, name)

    def fork(self) -> str:
        """Go on under a new name, from the same tip: another clone writes under the old one (a copied folder).

        Return the new ref's name; the old one is free to follow the remote from here on.
        """
        with self._locked():
            old = PREFIX + self.writer()
            tip = self._own_tip(old) or ""
            self._forget_writer()
            new = PREFIX + self.writer()
            if tip:
                self._git.run("update-ref", "--no-deref", new, tip, self._zero)
            # The same holds for what is kept: the remote's may take the place of the old ones.
            for ref, commit in kept_refs(self._git, old.removeprefix(PREFIX)).items():
                day = ref.rpartition("/")[2]
                self._git.run("update-ref", "--no-deref", f"{KEPT}{self.writer()}/{day}", commit)
            return new

    def append(self, entry: bytes) -> str:
        """Add an entry and return its commit.

        Raises :class:`CouldNotCheck` if it could
        not be written (a full disk, a lock that nobody releases): then nothing was added.
        """
        self.writer()
        with self._locked():
            return self._advance(entry)

    def keep(self, files: Mapping[str, bytes], trees: Mapping[str, str], period: str) -> str:
        """Keep files and trees (name → tree id) beside the ledger, for as long as this period's are; return their tree.

        What a run was about travels with it so, and is not collected. Raises :class:`CouldNotCheck` if it could not
        be written.
        """
        self.writer()
        with self._locked():
            ref = f"{KEPT}{self.writer()}/{period}"
            old = self._own_tip(ref)  # what is no commit is replaced
            tree, commit = self._store(files, trees, [old] if old else [], "planfence attachments")
            self._git.run("update-ref", "--no-deref", ref, commit)
        return tree

    def _store(
        self, files: Mapping[str, bytes], trees: Mapping[str, str], parents: list[str], message: str
    ) -> tuple[str, str]:
        """Store files and trees (name → tree id) as one commit; return its tree and itself."""
        new = NewObjects(self._zero)
        entries = {name: (b"100644", new.add("blob", data)) for name, data in files.items()}
        entries |= {f"{name}/": (b"40000", oid) for name, oid in trees.items()}  # git sorts a folder so
        lines = ((mode, name.rstrip("/").encode(), bytes.fromhex(oid)) for name, (mode, oid) in sorted(entries.items()))
        tree = new.add("tree", b"".join(b"%s %s\0%s" % line for line in lines))
        who = _WHO % time.time()
        commit = new.add("commit", commit_of(tree, parents, who, who, message))
        new.store(self._git)
        return tree, commit

    def _advance(self, entry: bytes) -> str:
        for attempt in range(ATTEMPTS):
            ref = PREFIX + self.writer()
            old = self._own_tip(ref)
            if old is None:
                self._forget_writer()
                continue
            kept = self.last_tip()
            _, commit = self._store({ENTRY: entry}, {}, self._parents(old, kept), "planfence ledger entry")
            status, _ = self._git.status("update-ref", "--no-deref", ref, commit, old or self._zero, ok=(0, 1, 128))
            if status == 0:
                self._keep_tip(commit)
                return commit
            time.sleep(0.002 * (attempt % 10))
        lock = self._folder.parent / f"{PREFIX}{self.writer()}.lock"
        if lock.exists():
            raise CouldNotCheck(
                f"the ledger's ref could not be moved: {lock} is there, as a git that was killed leaves it",
                hint=f"once no git runs here: rm {shlex.quote(str(lock))}",
            )
        self._git.run("update-ref", "--no-deref", ref, commit, old or self._zero)  # git's own words say why
        return commit

    def _own_tip(self, ref: str) -> str | None:
        """Return the ref's commit, empty if it does not exist, None if it is unusable."""
        question = ("for-each-ref", "--format=%(objectname) %(objecttype) %(symref)", ref)
        status, out = self._git.status(*question, ok=(0, 128))  # 128: it leads to nothing that is here
        words = out.decode("ascii", "replace").split()
        if status == 0 and not words:
            return ""  # nor if it stands for a ref that does not exist: `update-ref --no-deref` takes its place
        return words[0] if words[1:] == ["commit"] else None

    def _parents(self, old: str, kept: str) -> list[str]:
        """The ref's tip, and the last known one if the ref no longer leads to it."""
        if not kept or kept == old or not self._is_commit(kept):
            return [old] if old else []
        if not old:
            return [kept]
        if self._git.is_ancestor(kept, old):
            return [old]
        return [kept] if self._git.is_ancestor(old, kept) else [old, kept]

    def last_tip(self) -> str:
        """Return the own ledger's tip as this clone last wrote it; empty where it wrote none."""
        try:
            text = read_plain(self._folder / "ledger-tip").decode("ascii", "replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise CouldNotCheck(f"{self._folder / 'ledger-tip'} could not be read: {error.strerror}") from error
        return text if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) else ""

    def _keep_tip(self, commit: str) -> None:
        path = self._folder / "ledger-tip"
        temporary = path.with_name(f"ledger-tip.{os.getpid()}")
        try:
            temporary.write_text(commit + "\n", "ascii")
            os.replace(temporary, path)
        except OSError:
            # The entry stands in the ref; the copy only serves to notice a ref that was put back.
            temporary.unlink(missing_ok=True)

    def _forget_writer(self) -> None:
        """Take a new name: the own ref is symbolic or points to something that is not a commit."""
        with told(self._folder):
            (self._folder / "writer").unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self._folder / "ledger.lock"
        with told(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with held(descriptor, PATIENCE_S, "another process holds the ledger's lock"):
            yield


def kept_refs(git: Git, writer: str = "") -> dict[str, str]:
    """Return the refs of what is kept, of one writer or (empty) of all, with what they point to."""
    out = git.run("for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)", f"{KEPT}{writer}")
    found = [line.decode("utf-8", "surrogateescape").split("\0") for line in out.splitlines()]
    return {name: oid for name, oid, symbolic in found if not symbolic}


#: A clone with a filter lacks the records that a plain `git fetch` brought; `sync` asks for all of them.
_STOPPED = "run `planfence sync` if this is a partial clone, otherwise `git fsck`"


def _next_entry(answers: IO[bytes], commit: str) -> Raw | str:
    header = answers.readline()
    if not header:
        raise CouldNotCheck("git stopped while the ledger was read", hint=_STOPPED)
    fields = header.rstrip(b"\n").rsplit(b" ", 2)
    if fields[-1] in (b"missing", b"ambiguous") or not fields[-1].isdigit():
        return f"{commit[:12]}: no {ENTRY}"
    size = int(fields[2])
    if size > LARGEST_ENTRY:
        left = size + 1
        while left:
            piece = answers.read(min(left, 1 << 20))
            if not piece:
                raise CouldNotCheck("git stopped while the ledger was read", hint=_STOPPED)
            left -= len(piece)
        return f"{commit[:12]}: {ENTRY} has {size} bytes"
    data = answers.read(size + 1)
    if len(data) != size + 1:
        raise CouldNotCheck("git stopped while the ledger was read", hint=_STOPPED)
    return Raw(commit, data[:-1])
