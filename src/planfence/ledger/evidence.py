"""Evidence: that tests ran on exactly one tree, with what result.

The record is an in-toto test-result v0.1 predicate. What it is bound to (task, plan
version, stage, model, each command with its counts) stands in the annotations of its
configuration, where that predicate has room for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from operator import itemgetter
from typing import Any

from planfence.digests import sha256
from planfence.ledger.intoto import NotAStatement, Statement
from planfence.manifest.policy import Tests
from planfence.records import dataclass, field

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"

#: Our own predicate of a proof (`ledger.proofs`); a URN, since it names a format and no page.
PROOF = "urn:planfence:proof:v1"

#: Numbers of a record are counts; what is larger is none (and Python refuses to print it from 4,300 digits on).
MOST = 10**15

#: The name of the policy's own command among a run's results; acceptance criteria go by their ids.
TESTS = "tests"


class Outcome(StrEnum):
    """How one command ended. Only ``PASSED`` passes."""

    PASSED = "passed"
    FAILED = "failed"
    NO_TESTS = "no-tests"
    NO_REPORT = "no-report"
    NOT_FOUND = "not-found"
    TIMEOUT = "timeout"
    SETUP_FAILED = "setup-failed"
    DISTURBED = "disturbed"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a test report counted: all tests collected, and of them failed (or in error) and skipped."""

    tests: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Result:
    """One command of a run. ``counts`` is None if only the exit status is known; ``seconds`` is wall time."""

    name: str
    command: str
    exit: int | None
    outcome: Outcome
    counts: Counts | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether it passed, by all that was recorded of it and not by its own word alone."""
        if self.outcome is not Outcome.PASSED or self.exit != 0:
            return False
        counts = self.counts
        return counts is None or (counts.failed == 0 and counts.skipped <= counts.tests)


@dataclass(frozen=True, slots=True)
class GateRun:
    """One run of the test gate on one tree.

    ``commit`` is empty for a staged tree, ``base`` the commit that the tree was changed from.
    ``task`` is `<plan>/<task>` or empty, ``where`` `worktree` or `export`, ``tool`` our
    version, ``at`` a UTC time that is shown and never compared. ``signer`` is the principal
    whose signature was verified, empty without one; ``entry`` the ledger's commit that holds it.
    """

    id: str
    tree: str
    commit: str
    base: str
    task: str
    plan_version: int
    stage: str
    model: str
    setup: str
    results: tuple[Result, ...]
    where: str
    tool: str
    at: str
    signer: str = field(default="", compare=False)
    entry: str = field(default="", compare=False)

    @property
    def passed(self) -> bool:
        """Whether every command passed, and there was one."""
        return bool(self.results) and all(result.passed for result in self.results)


def judge(command: str, exit_status: int | None, counts: Counts | None, least: int) -> Outcome:
    """Say how a command that ran to its end did. ``counts`` is None if no report was read.

    A command that was to write a report (`{junit}`) and did not has not passed, whatever
    its exit status; nor has one that collected fewer than ``least`` tests, or ran none of them.
    """
    if exit_status == 127:
        return Outcome.NOT_FOUND
    if exit_status != 0:
        return Outcome.FAILED
    if "{junit}" in command and counts is None:
        return Outcome.NO_REPORT
    if counts is not None:
        if counts.failed:
            return Outcome.FAILED
        if counts.tests < least or (least and counts.tests == counts.skipped):
            return Outcome.NO_TESTS
    return Outcome.PASSED


def without_secret(kept: str, command: str) -> str:
    """Return a command line as it is recorded if only ``kept`` of it may be: with the digest of the exact text."""
    return f"{kept} (sha256:{sha256(command.encode('utf-8', 'surrogatepass')).hexdigest()})"


def is_command(recorded: str, command: str) -> bool:
    """Whether a record speaks of exactly this command line, which it may have without the secrets in it."""
    if recorded == command:
        return True
    return bool(command) and recorded[-1:] == ")" and recorded.endswith(without_secret("", command))


def missing(runs: tuple[GateRun, ...], tree: str, tests: Tests) -> str:
    """Say why these runs, which are believed, do not show that the policy's tests passed on ``tree``; "" if they do."""
    if not tests.command:
        return "the policy names no test command"
    here = [run for run in runs if run.tree == tree]
    if not here:
        return "no test run is recorded for exactly this tree"
    same = [
        (run, [each for each in run.results if each.name == TESTS and is_command(each.command, tests.command)])
        for run in here
    ]
    same = [(run, results) for run, results in same if results]
    if not same:
        return "the recorded test run used another command than the policy's"
    if not any(all(_ended(each, tests) is Outcome.PASSED for each in results) for _, results in same):
        bad = next(ended for each in same[-1][1] if (ended := _ended(each, tests)) is not Outcome.PASSED)
        return f"the tests did not pass on this tree: {bad}"
    return ""


def _ended(result: Result, tests: Tests) -> Outcome:
    """How a record of the policy's own command ended by what the policy asks of it today."""
    if not result.passed:
        return Outcome.FAILED if result.outcome is Outcome.PASSED else result.outcome
    return judge(tests.command, result.exit, result.counts, tests.min_tests)


def unmet(runs: tuple[GateRun, ...], tree: str, commands: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of the criteria whose command (id → command) has not passed on ``tree`` by believed runs."""
    met: dict[str, list[str]] = {}
    for run in runs:
        if run.tree == tree:
            for result in run.results:
                if result.passed:
                    met.setdefault(result.name, []).append(result.command)
    return tuple(
        name
        for name, command in commands.items()
        if not any(is_command(recorded, command) for recorded in met.get(name, ()))
    )


def to_statement(run: GateRun) -> Statement:
    """Return the run as an in-toto statement about its tree (and commit)."""
    digests = {"gitTree": run.tree} | ({"gitCommit": run.commit} if run.commit else {})
    annotations = {
        "id": run.id,
        "base": run.base,
        "task": run.task,
        "planVersion": run.plan_version,
        "stage": run.stage,
        "model": run.model,
        "setup": run.setup,
        "where": run.where,
        "tool": run.tool,
        "at": run.at,
        "commands": [_result_to_json(result) for result in run.results],
    }
    good = [result.name for result in run.results if result.passed]
    bad = [result.name for result in run.results if not result.passed]
    predicate = {
        "result": "PASSED" if run.passed else "FAILED",
        "configuration": [{"name": "planfence", "annotations": annotations}],
        "passedTests": good,
        "failedTests": bad,
    }
    return Statement(TEST_RESULT, predicate, digests)


def _result_to_json(result: Result) -> dict[str, Any]:
    counts = result.counts
    return {
        "name": result.name,
        "command": result.command,
        "exit": result.exit,
        "outcome": str(result.outcome),
        "counts": None if counts is None else [counts.tests, counts.failed, counts.skipped],
        "seconds": round(result.seconds, 3),
    }


def from_statement(statement: Statement) -> GateRun:
    """Read a run back. Raises :class:`NotAStatement` if it is not exactly what we write."""
    predicate = statement.predicate
    try:
        annotations = predicate["configuration"][0]["annotations"]
        words = _WORDS(annotations)
        if not _ALL_TEXT.issuperset(map(type, words)):
            raise TypeError
        identity, base, task, stage, model, setup, where, tool, at = words
        run = GateRun(
            identity,
            object_id(statement.digests["gitTree"]),
            object_id(statement.digests.get("gitCommit", ""), empty=True),
            object_id(base, empty=True),
            task,
            number(annotations["planVersion"]),
            stage,
            model,
            setup,
            tuple([_result_from_json(item) for item in annotations["commands"]]),
            where,
            tool,
            at,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotAStatement("a test result without what binds it") from error
    if predicate.get("result") != ("PASSED" if run.passed else "FAILED"):
        raise NotAStatement("a test result that contradicts its own commands")
    return run


#: Ten thousand entries are read at one push, so their fields are fetched and checked in bulk.
_WORDS = itemgetter("id", "base", "task", "stage", "model", "setup", "where", "tool", "at")
_RESULT = itemgetter("name", "command", "exit", "outcome", "counts", "seconds")
_ALL_TEXT = frozenset({str})
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}


def _result_from_json(item: Mapping[str, Any]) -> Result:
    name, command, status, outcome, counts, seconds = _RESULT(item)
    if type(name) is not str or type(command) is not str:
        raise TypeError(item)
    result = Result(
        name,
        command,
        None if status is None else number(status, least=-255),
        _OUTCOMES[outcome],
        None if counts is None else Counts(*map(number, counts)),
        seconds_of(seconds),
    )
    if result.outcome is Outcome.PASSED and not result.passed:
        raise ValueError(item)
    return result


def texts(items: object) -> tuple[str, ...]:
    """Return a list that must hold text alone. Raises TypeError."""
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise TypeError(items)
    return tuple(items)


def seconds_of(value: object) -> float:
    """Return a span of time. Raises TypeError for anything but a number of seconds."""
    # JSON as Python reads it has NaN and infinity; the upper bound leaves both out.
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e12:
        raise TypeError(value)
    return float(value)


def text(mapping: Mapping[str, Any], name: str) -> str:
    """Return a field that must be text. Raises KeyError or TypeError."""
    value = mapping[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def number(value: object, least: int = 0) -> int:
    """Return a value that must be a whole number from ``least`` to :data:`MOST`. Raises TypeError or ValueError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    if not least <= value <= MOST:
        raise ValueError(value)
    return value


def object_id(value: str, *, empty: bool = False) -> str:
    """Return a value that must be hexadecimal as ids are, or, if that is allowed, empty. Raises ValueError.

    It is put to git, which would take `--output=x` for an option.
    """
    if value.strip("0123456789abcdef") or len(value) > 64 or not (value or empty):
        raise ValueError(value)
    return value
