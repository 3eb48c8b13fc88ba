"""A recorded run once more: what it was given, what it was about, what came of it, and whether it still does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from planfence.change import reader
from planfence.change.export import write_tree
from planfence.enums import StrEnum
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gate.testrun import Teller, run_in_export
from planfence.gate.testtarget import Target
from planfence.gitio.objects import Objects
from planfence.gitio.repository import Repository
from planfence.judge.check import require_policy
from planfence.judge.sources import Sources
from planfence.ledger.evidence import GateRun, Result
from planfence.ledger.records import Book, read_book
from planfence.ledger.refs import Ledger
from planfence.ledger.transitions import Kind
from planfence.records import dataclass, replace


class Verdict(StrEnum):
    """What a replay showed: the recorded outcome, now this and now that, or another outcome each time."""

    SAME = "same"
    FLAKY = "flaky"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as the ledger has it: the record, its base and result trees, and prompt, diff and output."""

    run: GateRun
    trees: Mapping[str, str]
    prompt: bytes
    diff: bytes
    output: bytes


@dataclass(frozen=True, slots=True)
class Replayed:
    """The recording, and, where its tests ran again, how that compares."""

    recording: Recording
    verdict: Verdict | None = None
    again: tuple[tuple[Result, ...], ...] = ()


def find(repository: Repository, wanted: str) -> Recording:
    """Find a run by the beginning of its id (`last`: the latest of the own record).

    Raises :class:`PlanfenceError` where none or several match, :class:`CouldNotCheck` where the
    entry's trees are not there.
    """
    book = read_book(repository)
    found = [run for run in book.runs if run.id.startswith(wanted)]
    if wanted == "last":
        # Times are whole seconds; the ledger is read from its newest entry on, so of two alike the first is the later.
        found = [max(book.runs, key=lambda run: run.at)] if book.runs else []
    if len(found) != 1:
        what = "no recorded run" if not found else f"{len(found)} recorded runs"
        raise PlanfenceError(
            f"{what} named {wanted}",
            hint="ids stand in the log (`run=`) and in what `planfence test` says; or sync first",
        )
    run = found[0]
    ledger = Ledger(repository)
    commit = book.commits[run.id]
    trees, attached = ledger.trees(commit), ledger.attachments(commit)
    if trees.get("result") != run.tree:
        raise CouldNotCheck(f"the entry of run {run.id[:12]} does not hold the tree that it is about")
    prompt = _prompt(ledger, book, run)
    return Recording(run, trees, prompt, attached.get("change.diff", b""), attached.get("output.txt", b""))


def _prompt(ledger: Ledger, book: Book, run: GateRun) -> bytes:
    """The prompt that the run's task was last started with."""
    starts = [move for move in book.moves if move.kind is Kind.START and move.task == run.task]
    for move in sorted(starts, key=lambda move: move.seq, reverse=True):
        prompt = ledger.attachments(book.commits[move.id]).get("prompt.md")
        if prompt:
            return prompt
    return b""


def write_trees(repository: Repository, recording: Recording, into: Path) -> None:
    """Rebuild the run's base and result as folders in the new folder ``into``."""
    try:
        into.mkdir(parents=True)
    except OSError as error:
        raise PlanfenceError(
            f"{into} could not be made: {error.strerror}", hint="name a folder that is not there"
        ) from error
    for name, tree in recording.trees.items():
        space = into / f".{name}"
        (into / name).mkdir()
        space.mkdir()
        write_tree(repository, tree, into / name, space)
        space.rmdir()


def replay(repository: Repository, recording: Recording, teller: Teller) -> Replayed:
    """Run the recorded commands again in an export of the recorded tree; once more where the outcome differs."""
    run = recording.run
    with Objects(repository.git) as objects:
        policy = require_policy(Sources(objects).policy(reader.head(repository)))
    tests = replace(policy.tests, setup=run.setup)
    target = Target(run.tree, run.commit, run.base, replace(policy, tests=tests), run.model)
    commands = {str(n): (each.name, each.command) for n, each in enumerate(run.results)}
    first = run_in_export(repository, target, commands, teller)
    if _alike(first, run.results):
        return Replayed(recording, Verdict.SAME, (first,))
    teller.say("the outcome differs: once more, to see whether it is steady")
    second = run_in_export(repository, target, commands, teller)
    steady = _alike(first, second)
    return Replayed(recording, Verdict.DIFFERENT if steady else Verdict.FLAKY, (first, second))


def _alike(one: tuple[Result, ...], other: tuple[Result, ...]) -> bool:
    """Whether two runs came to the same: each command's outcome and counts; times and exit codes may differ."""
    return [(each.name, each.outcome, each.counts) for each in one] == [
        (each.name, each.outcome, each.counts) for each in other
    ]
