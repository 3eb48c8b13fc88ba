"""Stage moves as the ledger keeps them: who did what with a task, in which round."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from planfence.ledger.evidence import number, object_id, text, texts
from planfence.ledger.intoto import NotAStatement, Statement
from planfence.manifest.budget import KINDS, Budget
from planfence.records import dataclass, field

#: Our own predicate; a URN, since it names a format and no page.
STAGE_MOVE = "urn:planfence:stage-move:v1"


_MICRO = 1_000_000


class MoveKind(StrEnum):
    """What a move is. ``HANDOVER`` gives a stage's role to another model, ``BUDGET`` raises what the task may cost."""

    START = "start"
    ADVANCE = "advance"
    REVIEW = "review"
    REWORK = "rework"
    HANDOVER = "handover"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reviewer's answer to one criterion: met or not, with a word of evidence."""

    criterion: str
    met: bool
    evidence: str


#: Each start compares its task's patterns with those of all claims, which somebody else may have written.
MOST_PATTERNS, _MOST_TEXT = 2_000, 1 << 17


@dataclass(frozen=True, slots=True)
class Claim:
    """What a start claims: the paths that these patterns name, less those that the task denies itself.

    ``shared`` are patterns that a person lets several tasks touch at once, ``over`` the digests of other tasks' starts
    that had become stale, and that this one ends.
    """

    files: tuple[str, ...]
    deny: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One entry of the ledger about one task.

    ``round`` is how often the task has been sent back (of a rework: including this one).
    ``seq`` is one more than the highest that was known of this task when it was written; it
    orders what must be ordered, since clocks go back. ``stage`` is the stage that the move
    leads to, of a handover and a review the stage that it is about. ``tree`` and ``commit``
    are what it was done at, ``holder`` to whom a role was given, ``runs`` the test runs that
    it relied on, ``patches`` what the task's commits changed
    (patch ids). ``at`` is UTC, shown and never compared. ``signer`` as in evidence.

    What binds it to where it was written (empty in entries of 0.1.0): ``roots`` are the repository's first commits,
    ``added`` the commit that added its plan, ``text`` the id of the plan's blob as it stood, ``terms`` a digest of what
    that said of the task, ``after`` the digests of the task's moves that it follows. ``digest`` is its own, and
    ``entry`` the ledger's commit that holds it.
    ``claim`` is what a start claims, None in entries of 0.1.0; ``grant`` by how much a budget is raised.
    """

    id: str
    kind: MoveKind
    task: str
    round: int
    seq: int
    stage: str
    model: str
    commit: str
    tree: str
    base: str = ""
    plan_version: int = 0
    holder: str = ""
    why: str = ""
    answers: tuple[Answer, ...] = ()
    runs: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()
    at: str = ""
    roots: tuple[str, ...] = ()
    added: str = ""
    terms: str = ""
    text: str = ""
    after: tuple[str, ...] = ()
    claim: Claim | None = None
    grant: Budget = Budget()
    signer: str = field(default="", compare=False)
    digest: str = field(default="", compare=False)
    entry: str = field(default="", compare=False)


#: Fields that a statement has by the same name, as text.
_TEXTS = ("id", "task", "stage", "model", "holder", "why", "at")


def to_statement(move: Move) -> Statement:
    """Return the move as an in-toto statement about the tree (and commit) that it was done at."""
    digests = {"gitTree": move.tree} | ({"gitCommit": move.commit} if move.commit else {})
    predicate = {
        **{name: str(getattr(move, name)) for name in ("kind", "base", *_TEXTS)},
        "round": move.round,
        "seq": move.seq,
        "planVersion": move.plan_version,
        "answers": [[answer.criterion, answer.met, answer.evidence] for answer in move.answers],
        "runs": list(move.runs),
        "patches": list(move.patches),
    }
    if move.added:
        predicate |= {"roots": list(move.roots), "added": move.added, "terms": move.terms, "after": list(move.after)}
    if move.text:
        predicate["text"] = move.text
    if move.claim is not None:
        predicate["claim"] = {name: list(getattr(move.claim, name)) for name in Claim.__slots__}
    if move.grant:
        # A statement holds no fractions: all in millionths.
        predicate["grantMicro"] = {name: round((move.grant.of(name) or 0) * _MICRO) for name in KINDS}
    return Statement(STAGE_MOVE, predicate, digests)


def from_statement(statement: Statement) -> Move:
    """Read a move back. Raises :class:`NotAStatement` if it is not exactly what we write."""
    told = statement.predicate
    try:
        same: dict[str, Any] = {name: text(told, name) for name in _TEXTS}
        return Move(
            **same,
            kind=MoveKind(told["kind"]),
            round=number(told["round"]),
            seq=number(told["seq"]),
            commit=object_id(statement.digests.get("gitCommit", ""), empty=True),
            tree=object_id(statement.digests["gitTree"]),
            base=object_id(text(told, "base"), empty=True),
            plan_version=number(told["planVersion"]),
            answers=tuple(_answer(item) for item in told["answers"]),
            runs=texts(told["runs"]),
            patches=texts(told["patches"]),
            claim=_claim(told["claim"]) if "claim" in told else None,
            grant=Budget(*(number(told["grantMicro"][name]) / _MICRO or None for name in KINDS))
            if "grantMicro" in told
            else Budget(),
            **_bound(told),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotAStatement("a stage move that lacks something") from error


def _bound(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What binds a move to its place; empty for one that was written before moves said it."""
    if "added" not in told:
        return {}
    return {
        "roots": tuple(map(object_id, texts(told["roots"]))),
        "added": object_id(text(told, "added")),
        "terms": object_id(text(told, "terms"), empty=True),
        "text": object_id(text(told, "text")) if "text" in told else "",
        "after": tuple(map(object_id, texts(told["after"]))),
    }


def _claim(told: Mapping[str, Any]) -> Claim:
    files, deny, shared, over = (texts(told[name]) for name in Claim.__slots__)
    if is_too_large(files) or is_too_large(deny) or is_too_large(shared) or len(over) > MOST_PATTERNS:
        raise ValueError(len(files))
    return Claim(files, deny, shared, tuple(map(object_id, over)))


def is_too_large(patterns: Collection[str]) -> bool:
    """Whether these are more patterns, or longer ones, than a claim may have."""
    return len(patterns) > MOST_PATTERNS or sum(map(len, patterns)) > _MOST_TEXT


def _answer(item: list[Any]) -> Answer:
    criterion, met, evidence = item
    if not isinstance(criterion, str) or not isinstance(met, bool) or not isinstance(evidence, str):
        raise TypeError(item)
    return Answer(criterion, met, evidence)
