"""Proofs: what was asked of a change's tests by taking parts of the change away, and what came of it.

A record is bound to the trees before and after the change, and to the commands that were asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from planfence.ledger.evidence import PROOF, number, object_id, seconds_of, text, texts
from planfence.ledger.intoto import NotAStatement, Statement
from planfence.records import dataclass, field


class Question(StrEnum):
    """What was asked: the new tests on the old code, one part taken back, the old tests on the new code."""

    CHANGE = "change"
    HUNK = "hunk"
    OLD_TESTS = "old-tests"


class TrialOutcome(StrEnum):
    """What came of a trial.

    ``NOTICED``: some test failed, often enough beside passing runs of the whole change that chance is ruled out.
    ``UNNOTICED``: all passed. ``SEEN``: a test failed, but not yet often enough. ``INSEPARABLE``: the tree does not
    build, which proves nothing. ``SLOW``: it was ended at three times the whole change's run.
    """

    NOTICED = "noticed"
    UNNOTICED = "unnoticed"
    SEEN = "seen"
    INSEPARABLE = "inseparable"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Trial:
    """One tree that was tried. ``key`` names what was taken back: the same change gives the same key again.

    ``path``, ``first`` and ``last`` say where it stands in the new file (lines from 1; 0 and 0: the whole file);
    ``lines`` is how many lines it has. ``failures`` counts runs that failed, ``tests`` names tests that did.
    """

    question: Question
    key: str
    answer: TrialOutcome
    path: str = ""
    first: int = 0
    last: int = 0
    lines: int = 0
    failures: int = 0
    seconds: float = 0.0
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mutants:
    """What a tool for mutants found on the changed lines.

    ``total`` counts mutants that were tried, ``noticed`` those that some test noticed, ``survived`` are (path, line in
    the new file, what it is) of the others. ``cut`` says that the time was over before all were tried.
    """

    tool: str
    total: int
    noticed: int
    survived: tuple[tuple[str, int, str], ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one change's tests.

    ``seq`` counts the records of the same change: the highest holds all that is known. ``commands`` are (name,
    command line). ``passes`` counts runs of the whole change that passed, ``green_s`` is how long the slowest took
    (seconds). ``flaky`` says what showed that the outcome is a matter of chance: then there are no trials. ``asked``
    are the levels whose questions all have an answer. ``total`` counts the parts that there were to ask about, as far
    as they are known.
    ``mutants`` are what tools made of the changed lines.
    ``signer`` is the principal whose signature was verified, empty without one; ``entry`` the ledger's commit.
    """

    id: str
    seq: int
    task: str
    tree: str
    commit: str
    base: str
    base_tree: str
    plan_version: int
    stage: str
    model: str
    setup: str
    commands: tuple[tuple[str, str], ...]
    passes: int
    green_s: float
    flaky: str
    asked: tuple[str, ...]
    total: int
    trials: tuple[Trial, ...]
    tool: str
    at: str
    mutants: tuple[Mutants, ...] = ()
    signer: str = field(default="", compare=False)
    entry: str = field(default="", compare=False)

    @property
    def change(self) -> Trial | None:
        """What came of the new tests on the old code; None if that was not asked."""
        return next((trial for trial in self.trials if trial.question is Question.CHANGE), None)

    @property
    def parts(self) -> tuple[Trial, ...]:
        """The parts that were taken back, one by one."""
        return tuple(each for each in self.trials if each.question is Question.HUNK)

    @property
    def unproven(self) -> tuple[Trial, ...]:
        """The parts whose loss no test notices."""
        return tuple(each for each in self.parts if each.answer is TrialOutcome.UNNOTICED)

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The tests whose version of before the change fails now: names, or paths if no report names them."""
        found = [each for each in self.trials if each.question is Question.OLD_TESTS]
        return tuple(
            dict.fromkeys(
                name for each in found if each.answer is TrialOutcome.NOTICED for name in each.tests or (each.path,)
            )
        )

    @property
    def decided(self) -> tuple[int, int]:
        """How many parts are proven, and of how many (those that prove nothing do not count)."""
        good = sum(each.answer is TrialOutcome.NOTICED for each in self.parts)
        return good, good + len(self.unproven)


def latest(proofs: Iterable[Proof], tree: str, task: str) -> Proof | None:
    """The newest proof about this very tree of the task's change."""
    found = [each for each in proofs if (each.tree, each.task) == (tree, task)]
    return max(found, key=lambda each: each.seq, default=None)


#: Fields that a statement has by the same name: texts, and whole numbers.
_TEXTS = ("id", "task", "stage", "model", "setup", "flaky", "tool", "at")
_NUMBERS = ("seq", "passes", "total")


def to_statement(proof: Proof) -> Statement:
    """Return the proof as an in-toto statement about its tree (and commit)."""
    digests = {"gitTree": proof.tree} | ({"gitCommit": proof.commit} if proof.commit else {})
    predicate = {
        **{name: getattr(proof, name) for name in ("base", *_TEXTS, *_NUMBERS)},
        "baseTree": proof.base_tree,
        "planVersion": proof.plan_version,
        "commands": [list(each) for each in proof.commands],
        "greenSeconds": round(proof.green_s, 3),
        "asked": list(proof.asked),
        "trials": [_trial_to_json(trial) for trial in proof.trials],
        "mutants": [_mutants_to_json(each) for each in proof.mutants],
    }
    return Statement(PROOF, predicate, digests)


def _trial_to_json(trial: Trial) -> dict[str, Any]:
    return {
        "question": str(trial.question),
        "key": trial.key,
        "answer": str(trial.answer),
        "path": trial.path,
        "lines": [trial.first, trial.last, trial.lines],
        "failures": trial.failures,
        "seconds": round(trial.seconds, 3),
        "tests": list(trial.tests),
    }


def _mutants_to_json(found: Mutants) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Mutants.__slots__} | {"survived": list(map(list, found.survived))}


def from_statement(statement: Statement) -> Proof:
    """Read a proof back. Raises :class:`NotAStatement` if it is not exactly what we write."""
    told = statement.predicate
    try:
        same: dict[str, Any] = {name: text(told, name) for name in _TEXTS}
        same |= {name: number(told[name]) for name in _NUMBERS}
        proof = Proof(
            **same,
            tree=object_id(statement.digests["gitTree"]),
            commit=object_id(statement.digests.get("gitCommit", ""), empty=True),
            base=object_id(text(told, "base"), empty=True),
            base_tree=object_id(text(told, "baseTree")),
            plan_version=number(told["planVersion"]),
            commands=tuple(_pair(item) for item in told["commands"]),
            green_s=seconds_of(told["greenSeconds"]),
            asked=texts(told["asked"]),
            trials=tuple(_trial_from_json(item) for item in told["trials"]),
            mutants=tuple(_mutants(item) for item in told.get("mutants", ())),  # records of before have none
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAStatement("a proof that lacks something") from error
    if any(each.answer is TrialOutcome.NOTICED and not (each.failures and proof.passes) for each in proof.trials):
        raise NotAStatement("a proof that contradicts its own runs")
    return proof


def _trial_from_json(item: Mapping[str, Any]) -> Trial:
    first, last, lines = (number(each) for each in item["lines"])
    key = text(item, "key")
    if key.strip("abcdefghijklmnopqrstuvwxyz0123456789:-"):
        raise ValueError(key)  # it stands in lines that are typed
    return Trial(
        Question(item["question"]),
        key,
        TrialOutcome(item["answer"]),
        text(item, "path"),
        first,
        last,
        lines,
        number(item["failures"]),
        seconds_of(item["seconds"]),
        texts(item["tests"]),
    )


def _mutants(item: Mapping[str, Any]) -> Mutants:
    survived = tuple(_survivor(each) for each in item["survived"])
    if not isinstance(item["cut"], bool):
        raise TypeError(item)
    return Mutants(text(item, "tool"), number(item["total"]), number(item["noticed"]), survived, item["cut"])


def _survivor(item: Sequence[Any]) -> tuple[str, int, str]:
    path, line, what = item
    if not isinstance(path, str) or not isinstance(what, str):
        raise TypeError(item)
    return path, number(line), what


def _pair(item: Sequence[Any]) -> tuple[str, str]:
    name, line = item
    if not isinstance(name, str) or not isinstance(line, str):
        raise TypeError(item)
    return name, line
