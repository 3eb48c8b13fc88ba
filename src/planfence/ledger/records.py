"""The ledger as records: read, checked against signers, and written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from planfence.change import message
from planfence.errors import CouldNotCheck
from planfence.gitio import signing
from planfence.gitio.commits import signature_of
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.ledger import evidence, intoto, transitions
from planfence.ledger.evidence import GateRun
from planfence.ledger.refs import Ledger, Raw, Tips
from planfence.ledger.stages import CommitFact, Facts, TaskState, reduce
from planfence.ledger.transitions import Move
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace

_T = TypeVar("_T")

#: The most that one attachment (an agent's output, a diff, a prompt) puts into everybody's repository, in bytes.
LARGEST_ATTACHMENT = 2 * 1024 * 1024

#: How many commits of HEAD's history are looked at for trailers: more than any branch, less than any history.
HISTORY = 1000


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that the ledger holds: moves, test runs, by id what proves them, and what was set aside."""

    moves: tuple[Move, ...]
    runs: tuple[GateRun, ...]
    envelopes: Mapping[str, intoto.Envelope]
    commits: Mapping[str, str]
    problems: tuple[str, ...]
    state: str = ""

    def runs_on(self, tree: str) -> tuple[GateRun, ...]:
        """The runs of exactly this tree."""
        return tuple(run for run in self.runs if run.tree == tree)


@dataclass(slots=True)
class _Reading:
    moves: dict[str, Move] = field(default_factory=dict)
    runs: dict[str, GateRun] = field(default_factory=dict)
    envelopes: dict[str, intoto.Envelope] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    doubles: list[tuple[str, Raw]] = field(default_factory=list)
    aside: int = 0

    def take(self, commit: str, data: bytes) -> None:
        """Read one entry; the first of two with one id counts until :meth:`settle` says otherwise."""
        try:
            envelope, value = intoto.unseal(data)
            stated = intoto.decode(value)
            if stated.predicate_type == evidence.TEST_RESULT:
                run = evidence.from_statement(stated)
                self._keep(run.id, run, self.runs, envelope, Raw(commit, data))
            elif stated.predicate_type == transitions.STAGE_MOVE:
                move = transitions.from_statement(stated)
                self._keep(move.id, move, self.moves, envelope, Raw(commit, data))
        except intoto.NotAStatement:
            self.aside += 1

    def _keep(self, name: str, record: _T, records: dict[str, _T], envelope: intoto.Envelope, raw: Raw) -> None:
        if name in self.commits:
            self.doubles.append((name, raw))
            return
        records[name] = record
        self.commits[name] = raw.commit
        if envelope.signatures:
            self.envelopes[name] = envelope

    def settle(self, ledger: Ledger) -> None:
        """Of two entries with one id take the own: git lists entries by their dates, which are the writers' claims."""
        own = set(ledger.own()) if self.doubles else set()
        for name, raw in self.doubles:
            if raw.commit in own and self.commits[name] not in own:
                for records in (self.moves, self.runs, self.envelopes, self.commits):
                    records.pop(name, None)
                self.take(raw.commit, raw.data)


def read_book(repository: Repository, tips: Tips | None = None) -> Book:
    """Read the ledgers of all writers as one.

    Raises :class:`CouldNotCheck` where git can't read them: what is unreadable opens no gate.
    """
    ledger = Ledger(repository)
    tips = tips or ledger.tips()
    reading = _Reading()
    for raw in ledger.read(tips):
        if isinstance(raw, str):
            reading.aside += 1
        else:
            reading.take(raw.commit, raw.data)
    reading.settle(ledger)
    problems = list(tips.problems)
    if reading.aside:
        problems.append(f"{reading.aside} entries of the ledger could not be read and were set aside")
    return Book(
        tuple(reading.moves.values()),
        tuple(reading.runs.values()),
        reading.envelopes,
        reading.commits,
        tuple(problems),
        tips.state,
    )


def trusted(
    repository: Repository, book: Book, policy: Policy, trees: Iterable[str], tasks: Iterable[str], *, base: str = ""
) -> Book:
    """Return the book with only what `trust.evidence` believes of these trees and tasks.

    `local` believes every record, and so does `rerun`, which asks for more than a record where it counts.
    `signed` believes a test run or a move only with the
    signature of a listed key; the signers are read from the protected branch, or at its commit ``base``.
    """
    if policy.trust.evidence != "signed":
        return book
    signers = read_signers(repository, policy, base)
    wanted_trees, wanted_tasks = set(trees), set(tasks)

    def signer(name: str) -> str:
        envelope = book.envelopes.get(name)
        if envelope is None:
            return ""
        signed = intoto.pae(envelope.payload)
        found = (signing.verify(signed, each, signers, repository.environment) for _, each in envelope.signatures)
        return next((principal for principal in found if principal), "")

    runs = tuple(replace(run, signer=signer(run.id)) for run in book.runs if run.tree in wanted_trees)
    kept = tuple(replace(move, signer=signer(move.id)) for move in book.moves if move.task in wanted_tasks)
    # A rework counts whoever wrote it: to believe it can only close a gate.
    believed = tuple(move for move in kept if move.signer or move.kind is transitions.Kind.REWORK)
    return replace(book, moves=believed, runs=tuple(run for run in runs if run.signer))


def read_signers(repository: Repository, policy: Policy, base: str = "") -> bytes:
    """Return the allowed_signers file as it stands on the protected branch (or at ``base``); raises without one."""
    for at in (base,) if base else base_refs(repository, policy.base):
        status, out = repository.git.status("cat-file", "blob", f"{at}:{policy.trust.signers}", ok=(0, 128))
        if status == 0:
            return out
    raise CouldNotCheck(
        f"the signers' file {policy.trust.signers!r} is not on {policy.base}",
        hint=f"commit it there, and fetch {policy.base}",
    )


def signer_of(repository: Repository, objects: Objects, commit: str, policy: Policy, base: str = "") -> str:
    """Return the principal whose listed key signed a commit; empty where none did."""
    raw = objects.read(commit)
    payload, signature = signature_of(raw) if raw is not None else (b"", "")
    if not signature:
        return ""
    signers = read_signers(repository, policy, base)
    return signing.verify(payload, signature, signers, repository.environment, signing.GIT_NAMESPACE)


def base_refs(repository: Repository, base: str, remote: str = "origin") -> tuple[str, ...]:
    """Return the full refs that stand for the protected branch here, the remote's first."""
    names = (f"refs/remotes/{remote}/{base}", f"refs/heads/{base}")
    out = repository.git.text("for-each-ref", "--format=%(refname)", *names)
    there = set(out.splitlines())
    return tuple(name for name in names if name in there)


@dataclass(frozen=True, slots=True)
class History:
    """What commits say of their tasks, and each commit's parents."""

    facts: tuple[CommitFact, ...] = ()
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
    """What a message (in UTF-8) says of its task; a task of "" where it says nothing."""
    found = message.parse_trailers(body.decode("utf-8", "replace"))
    trailers = {name.lower(): value for name, value in found}
    rounds = trailers.get(message.REWORK_TRAILER.lower(), "0")
    return CommitFact(
        commit,
        trailers.get(message.TASK_TRAILER.lower(), ""),
        trailers.get(message.STAGE_TRAILER.lower(), ""),
        trailers.get(message.MODEL_TRAILER.lower(), ""),
        int(rounds) if rounds.isdecimal() and len(rounds) < 6 else 0,
    )


def load_facts(
    repository: Repository,
    policy: Policy,
    revisions: Sequence[str],
    tasks: Iterable[str] = (),
    most: int = HISTORY,
    *,
    base: str = "",
    tips: Tips | None = None,
) -> tuple[Facts, Book]:
    """Read what the rules of stages and roles need: the ledger, and the trailers of these revisions.

    ``base`` is where signers are read, ``tips`` the ledger's where the refs do not say it yet (a push).
    """
    book = read_book(repository, tips)
    history = read_history(repository, revisions, most)
    return facts_of(repository, policy, book, history, tasks, base=base), book


def facts_of(
    repository: Repository, policy: Policy, book: Book, history: History, tasks: Iterable[str] = (), *, base: str = ""
) -> Facts:
    """Fold what was read; see :func:`load_facts`."""
    wanted = set(tasks) | {fact.task for fact in history.facts} | {move.task for move in book.moves}
    believed = trusted(repository, book, policy, (), wanted, base=base)
    states = reduce(believed.moves, history.facts)
    earlier = frozenset(fact.commit for fact in history.facts if fact.round < states[fact.task].round)
    named = {fact.task for fact in history.facts}
    covered = {name: _covered(repository, history, states[name]) for name in named if states[name].sealed}
    return Facts(states=states, runs=book.runs, covered=covered, earlier=earlier, problems=book.problems)


def _covered(repository: Repository, history: History, state: TaskState) -> frozenset[str]:
    """The task's commits that were there when it was moved on: those very ones, or what a rebase made of them."""
    there = history.reachable(state.sealed)
    others = [fact.commit for fact in history.facts if fact.task == state.name and fact.commit not in there]
    from planfence.change.patches import patch_ids  # its records would cost every refusal

    moved = patch_ids(repository, others if state.patches else [])
    return there | {commit for commit, patch in moved.items() if patch in state.patches}


# -- writing


def new_id() -> str:
    """A new record's id: 128 random bits, so that no two writers ever make the same."""
    return os.urandom(16).hex()


def now() -> str:
    """The time in UTC, as records show it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def write_move(
    repository: Repository, policy: Policy, move: Move, attachments: Mapping[str, bytes] | None = None
) -> str:
    """Append a move, signed where the policy or the user's configuration says so; return its ledger commit."""
    return _write(repository, policy, transitions.to_statement(move), attachments)


def write_run(
    repository: Repository,
    policy: Policy,
    run: GateRun,
    attachments: Mapping[str, bytes] | None = None,
    trees: Mapping[str, str] | None = None,
) -> str:
    """Append a test run with its attachments and the trees that it was about; return its ledger commit."""
    return _write(repository, policy, evidence.to_statement(run), attachments, trees)


def write_entry(
    repository: Repository, policy: Policy, stated: intoto.Statement, attachments: Mapping[str, bytes] | None = None
) -> str:
    """Append any other statement, signed as moves are; return its ledger commit."""
    return _write(repository, policy, stated, attachments)


def _write(
    repository: Repository,
    policy: Policy,
    stated: intoto.Statement,
    attachments: Mapping[str, bytes] | None,
    trees: Mapping[str, str] | None = None,
) -> str:
    payload = intoto.encode(stated)
    attachments = {name: _cut(data) for name, data in (attachments or {}).items()}
    sealer = _sealer(repository, policy)
    return Ledger(repository).append(sealer(payload), attachments, trees)


def _cut(data: bytes) -> bytes:
    """An attachment as it is kept: whole, or its beginning and its end with a note of what was cut."""
    if len(data) <= LARGEST_ATTACHMENT:
        return data
    from planfence.files.process import Tail  # starts no process here, and what few need should not be loaded for all

    kept = Tail(LARGEST_ATTACHMENT // 2)
    kept.add(data)
    return kept.text()


def _sealer(repository: Repository, policy: Policy) -> Callable[[bytes], bytes]:
    status, out = repository.git.status("config", "--get", "--type=path", "planfence.signingKey", ok=(0, 1))
    key = out.decode("utf-8", "surrogateescape").strip()
    if status != 0 or not key:
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
