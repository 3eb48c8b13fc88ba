"""The ledger as records: read, held against what is believed, and written; `facts` says where tasks stand by them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from planfence.change import message
from planfence.digests import sha256
from planfence.errors import CouldNotCheck
from planfence.gitio import signing
from planfence.gitio.commits import signature_of
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.ledger import belief, evidence, intoto, transitions
from planfence.ledger.evidence import GateRun
from planfence.ledger.holds import DATE, Hold, Holds
from planfence.ledger.lineage import Lineage, bound
from planfence.ledger.refs import Ledger, Tips
from planfence.ledger.signatures import Signatures
from planfence.ledger.stages import CommitFact
from planfence.ledger.transitions import Move
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from planfence.ledger.proofs import Proof  # what a hook does not ask for is not loaded by it

#: The most that one attachment (an agent's output, a diff, a prompt) puts into everybody's repository, in bytes.
LARGEST_ATTACHMENT = 2 * 1024 * 1024

#: How many commits of HEAD's history are looked at for trailers: more than any branch, less than any history.
HISTORY = 1000


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that the ledger holds, believed or not: moves, test runs, proofs, and what was set aside.

    Two entries may bear one id: which of them counts is for the reader to say, once it is known what is believed.
    ``envelopes`` has those that are signed, by the ledger's commit that holds them.
    """

    moves: tuple[Move, ...]
    runs: tuple[GateRun, ...]
    envelopes: Mapping[str, intoto.Envelope]
    problems: tuple[str, ...]
    state: str = ""
    proofs: tuple[Proof, ...] = ()

    @property
    def commits(self) -> dict[str, str]:
        """The ledger's commit that holds the record of an id (one of them, if several bear it)."""
        return {move.id: move.entry for move in self.moves} | {run.id: run.entry for run in self.runs}


@dataclass(slots=True)
class _Entries:
    #: A copy, to the last byte, says nothing new.
    moves: dict[tuple[str, tuple[tuple[str, str], ...]], Move] = field(default_factory=dict)
    runs: list[GateRun] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    envelopes: dict[str, intoto.Envelope] = field(default_factory=dict)
    aside: int = 0

    def take(self, commit: str, data: bytes) -> None:
        """Read one entry."""
        try:
            envelope, value = intoto.unseal(data)
            stated = intoto.decode(value)
            if stated.predicate_type == evidence.TEST_RESULT:
                self.runs.append(replace(evidence.from_statement(stated), entry=commit))
            elif stated.predicate_type == transitions.STAGE_MOVE:
                digest = sha256(envelope.payload).hexdigest()
                move = replace(transitions.from_statement(stated), entry=commit, digest=digest)
                self.moves.setdefault((digest, envelope.signatures), move)
            elif stated.predicate_type == evidence.PROOF:
                from planfence.ledger import proofs

                self.proofs.append(replace(proofs.from_statement(stated), entry=commit))
            if envelope.signatures:
                self.envelopes[commit] = envelope
        except intoto.NotAStatement:
            self.aside += 1


def read_book(repository: Repository, tips: Tips | None = None) -> Book:
    """Read the ledgers of all writers as one.

    Raises :class:`CouldNotCheck` if git can't read them: what is unreadable opens no gate.
    """
    ledger = Ledger(repository)
    tips = tips or ledger.tips()
    found = _Entries()
    for raw in ledger.read(tips):
        if isinstance(raw, str):
            found.aside += 1
        else:
            found.take(raw.commit, raw.data)
    problems = list(tips.problems)
    if found.aside:
        problems.append(f"{found.aside} entries of the ledger could not be read and were set aside")
    return Book(
        tuple(found.moves.values()),
        tuple(found.runs),
        found.envelopes,
        tuple(problems),
        tips.state,
        tuple(found.proofs),
    )


def renewed(repository: Repository, book: Book) -> Book:
    """Return the ledger as it is by now: the same if nothing was written since it was read."""
    tips = Ledger(repository).tips()
    return book if tips.state == book.state else read_book(repository, tips)


#: Tells the ledger; whoever asks twice is told the same.
Reading = Callable[[], Book]


def reading(repository: Repository, tips: Tips | None = None) -> Reading:
    """Return what reads the ledger when it is asked for the first time."""
    return cache(partial(read_book, repository, tips))


def reading_again(repository: Repository, book: Book) -> Reading:
    """Return what renews a ledger that was read before (:func:`renewed`), when it is asked for the first time."""
    return cache(partial(renewed, repository, book))


def believed_runs(
    repository: Repository, book: Book, policy: Policy, tree: str, *, base: str = ""
) -> tuple[GateRun, ...]:
    """Return the test runs of exactly this tree that `trust.evidence` believes.

    `local` believes every record, and so does `rerun`, which asks for more than a record where it counts. `signed`
    asks for the signature of a listed key; the signers are read from the protected branch, or at its commit ``base``.
    """
    here = [run for run in book.runs if run.tree == tree]
    return belief.believed_runs(here, signer_for(repository, book, policy, base) if here else None)


def believed_proofs(repository: Repository, book: Book, policy: Policy, tree: str) -> tuple[Proof, ...]:
    """Return the proofs about exactly this tree that `trust.evidence` believes, as it believes test runs."""
    here = [proof for proof in book.proofs if proof.tree == tree]
    signer = signer_for(repository, book, policy, "") if here else None
    if signer is None:
        return tuple(here)
    signed = (replace(proof, signer=signer(proof.entry)) for proof in here)
    return tuple(proof for proof in signed if proof.signer)


def signer_for(
    repository: Repository, book: Book, policy: Policy, base: str, *, remembers: bool = False
) -> belief.Signer | None:
    """Return what tells an entry's signer; None where records count without one."""
    if policy.trust.evidence != "signed":
        return None
    signatures = Signatures(repository, read_signers(repository, policy, base), remembers=remembers)
    return lambda entry: signatures.signer(book.envelopes.get(entry))


def read_signers(repository: Repository, policy: Policy, base: str = "") -> bytes:
    """Return the allowed_signers file as it stands on the protected branch (or at ``base``); raises without one."""
    for at in (base,) if base else base_refs(repository, policy.base):
        blob = repository.objects.read(f"{at}:{policy.trust.signers}")
        if blob is not None and blob.type == "blob":
            return blob.data
    raise CouldNotCheck(
        f"the signers' file {policy.trust.signers!r} is not on {policy.base}",
        hint=f"commit it there, and fetch {policy.base}",
    )


def signer_of(repository: Repository, objects: Objects, commit: str, policy: Policy, base: str = "") -> str:
    """Return the principal whose listed key signed a commit; empty if none did."""
    raw = objects.read(commit)
    payload, signature = signature_of(raw) if raw is not None else (b"", "")
    if not signature:
        return ""
    signers = read_signers(repository, policy, base)
    return signing.verify(payload, signature, signers, repository.environment, signing.GIT_NAMESPACE)


def base_refs(repository: Repository, base: str) -> tuple[str, ...]:
    """Return the full refs that stand for the protected branch here, the remote's first."""
    names = (f"refs/remotes/origin/{base}", f"refs/heads/{base}")
    there = repository.git.refs(*names)
    return tuple(name for name in names if name in there)


def branch_base(repository: Repository, policy: Policy, head: str = "HEAD") -> str:
    """Return the commit at which ``head`` left the policy's base; empty if they have none in common.

    The remote's base counts before the local one, which may hold commits that nobody has seen.
    """
    for ref in base_refs(repository, policy.base):
        if found := repository.git.text("merge-base", head, ref, ok=(0, 1, 128)):
            return found
    return ""


@dataclass(frozen=True, slots=True)
class History:
    """What commits say of their tasks, and each commit's parents."""

    facts: tuple[CommitFact, ...] = ()
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, task: str) -> list[str]:
        """The commits that name a task, the newest first."""
        return [fact.commit for fact in self.facts if fact.task == task]

    def reachable(self, starts: Iterable[str]) -> frozenset[str]:
        """The commits of this history that lead to any of ``starts``, those included."""
        waiting = [start for start in starts if start in self.parents]
        found: set[str] = set()
        while waiting:
            commit = waiting.pop()
            if commit not in found:
                found.add(commit)
                waiting += [parent for parent in self.parents[commit] if parent in self.parents]
        return frozenset(found)


def read_history(repository: Repository, revisions: Sequence[str], most: int = HISTORY) -> History:
    """Read parents and trailers of the commits that these revisions name, ``most`` at most (0: all)."""
    if not any(revisions):
        return History()
    limit = [f"-n{most}"] if most else []
    options = ("-z", "--no-show-signature", "--encoding=none", "--format=%H %P%n%B")
    asked = "".join(f"{revision}\n" for revision in revisions).encode()
    out = repository.git.run("log", *limit, *options, "--stdin", stdin=asked)
    facts: list[CommitFact] = []
    parents: dict[str, tuple[str, ...]] = {}
    for block in out.split(b"\0"):
        head, _, body = block.partition(b"\n")
        commit, *others = head.decode("ascii", "replace").split() or [""]
        parents[commit] = tuple(others)
        if message.TASK_TRAILER.lower().encode() in body.lower():
            fact = commit_fact(commit, body)
            if fact.task:
                facts.append(fact)
    return History(tuple(facts), parents)


def commit_fact(commit: str, body: bytes) -> CommitFact:
    """What a message (in UTF-8) says of its task; a task of "" if it says nothing."""
    return CommitFact(commit, *_said(message.parse_trailers(body.decode("utf-8", "replace"))))


@lru_cache(maxsize=1024)
def _said(found: tuple[tuple[str, str], ...]) -> tuple[str, str, str, int]:
    """Return the task, stage, model and rework round of a commit's trailers; many commits have the same."""
    trailers = {name.lower(): value for name, value in reversed(found)}  # the first counts, as for the rules
    task = trailers.get(message.TASK_TRAILER.lower(), "")
    return (
        "" if task == message.NO_TASK else task,
        trailers.get(message.STAGE_TRAILER.lower(), ""),
        trailers.get(message.MODEL_TRAILER.lower(), ""),
        message.rework_round(trailers.get(message.REWORK_TRAILER.lower(), "")),
    )


@dataclass(frozen=True, slots=True)
class Basis:
    """What a reading of the ledger rests on.

    ``base`` is the protected branch's commit at which signers are read (empty: that branch as it is here), ``book``
    tells the ledger if it is read already, or the refs do not say it yet (a push), ``lineage`` are the plans of the
    revisions that are judged if they were asked for already, ``remembers``: see
    :class:`planfence.ledger.signatures.Signatures`.
    """

    base: str = ""
    book: Reading | None = None
    lineage: Lineage | None = None
    remembers: bool = False


#: This clone's own branches and refs.
HERE = Basis()


def read_holds(repository: Repository, policy: Policy, *, remembers: bool = False) -> Holds:
    """Read every task's claim, of all writers; ``remembers`` is :class:`Signatures`' word."""
    book = read_book(repository)
    return holds_in(repository, policy, book, signer_for(repository, book, policy, "", remembers=remembers))


def holds_in(repository: Repository, policy: Policy, book: Book, signer: belief.Signer | None) -> Holds:
    """Return the claims that a ledger holds, believed by ``signer`` (:func:`signer_for`)."""

    def known(move: Move) -> bool:
        """Whether it is of this repository, whichever branch has its plan, and signed if only that counts."""
        signed = signer is None or bool(move.roots and signer(move.entry))
        return signed and all(repository.objects.find(root) for root in move.roots)

    def active(hold: Hold) -> float:
        from planfence.ledger.lastwork import last_work  # few claims are so old that it is asked

        return last_work(repository, hold.task, time.time() - policy.stale_h * 3600)

    return Holds(book.moves, known=known, active=active, stale_h=policy.stale_h, now=time.time())


# -- writing


def new_id() -> str:
    """A new record's id: 128 random bits, so that no two writers ever make the same."""
    return os.urandom(16).hex()


def now() -> str:
    """The time in UTC, as records show it."""
    return time.strftime(DATE, time.gmtime())


def write_move(
    repository: Repository,
    policy: Policy,
    move: Move,
    attachments: Mapping[str, bytes] | None = None,
    lineage: Lineage | None = None,
) -> str:
    """Append a move; return its ledger commit.

    It says to which repository and which plan it belongs. ``lineage`` are the plans of its commit if they were asked
    for already.
    """
    lineage = lineage or Lineage(repository, policy, [move.commit])
    stated = transitions.to_statement(bound(repository, policy, move, lineage))
    return write_entry(repository, policy, stated, attachments)


def write_run(
    repository: Repository,
    policy: Policy,
    run: GateRun,
    attachments: Mapping[str, bytes] | None = None,
    trees: Mapping[str, str] | None = None,
) -> str:
    """Append a test run with its attachments and the trees that it was about; return its ledger commit."""
    return write_entry(repository, policy, evidence.to_statement(run), attachments, trees)


def write_proof(repository: Repository, policy: Policy, proof: Proof, trees: Mapping[str, str]) -> str:
    """Append a proof with the trees that it was about; return its ledger commit."""
    from planfence.ledger import proofs

    return write_entry(repository, policy, proofs.to_statement(proof), trees=trees)


def write_entry(
    repository: Repository,
    policy: Policy,
    stated: intoto.Statement,
    attachments: Mapping[str, bytes] | None = None,
    trees: Mapping[str, str] | None = None,
) -> str:
    """Append a statement, signed if the policy or the user's configuration says so; return its ledger commit."""
    from planfence.ledger import redaction, stating

    ledger = Ledger(repository)
    sealer = _sealer(repository, policy)
    stated = replace(
        stated, predicate=stating.stated(stated.predicate, redaction.own_of(repository.environment.variables))
    )
    if attachments or trees:
        said = _keep(repository, policy, ledger, attachments or {}, trees or {})
        stated = replace(stated, predicate={**stated.predicate, "attachments": said})
    return ledger.append(sealer(intoto.encode(stated)))


def _keep(
    repository: Repository,
    policy: Policy,
    ledger: Ledger,
    attachments: Mapping[str, bytes],
    trees: Mapping[str, str],
) -> dict[str, Any]:
    """Keep what goes with a statement, as far as the policy wants it; return what the statement says of it."""
    from planfence.ledger import attached

    mode = policy.ledger.attachments
    if mode == "none":
        return attached.stated(mode, "", {}, {})
    counts: dict[str, Mapping[str, int]] = {}
    files = {name: _cut(data) for name, data in attachments.items()}
    if mode == "redacted" and files:
        from planfence.ledger import redaction

        own, detector = redaction.own_of(repository.environment.variables), redaction.installed_detector()
        for name, data in files.items():
            done = redaction.redact(data, own, detector)
            files[name], counts[name] = done.data, done.counts
    # Every ref costs each push a line, so there is one a day only where days are dropped.
    period = time.strftime("%Y-%m-%d" if policy.ledger.retention_days else "%Y-%m", time.gmtime())
    tree = ledger.keep(files, trees, period)
    return attached.stated(mode, tree, files, counts)


def _cut(data: bytes) -> bytes:
    """An attachment as it is kept: whole, or its beginning and its end with a note of what was cut."""
    if len(data) <= LARGEST_ATTACHMENT:
        return data
    from planfence.files.process import Tail  # starts no process here, and what few need should not be loaded for all

    kept = Tail(LARGEST_ATTACHMENT // 2)
    kept.add(data)
    return kept.text()


def _sealer(repository: Repository, policy: Policy) -> Callable[[bytes], bytes]:
    key = repository.git.text("config", "--get", "--type=path", "planfence.signingKey", ok=(0, 1)).strip()
    if not key:
        if policy.trust.evidence == "signed":
            raise CouldNotCheck(
                "the policy believes only signed records, and no key is set",
                hint="git config planfence.signingKey ~/.ssh/id_ed25519",
            )
        return lambda payload: payload

    def seal(payload: bytes) -> bytes:
        signature = signing.sign(intoto.pae(payload), Path(key), repository.environment)
        return intoto.seal(payload, Path(key).name, signature)

    return seal
