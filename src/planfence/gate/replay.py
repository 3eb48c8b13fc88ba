"""A recorded run once more: what it was given, what it was about, what came of it, and whether it still does."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from planfence.change import reader
from planfence.change.export import check_tree, write_tree
from planfence.errors import BadFile, CouldNotCheck, PlanfenceError
from planfence.files.private import private_folder
from planfence.gate.testrun import RunProgress, run_in_export
from planfence.gate.testtarget import Target
from planfence.gitio.repository import Repository
from planfence.judge.sources import Sources, require_policy
from planfence.ledger.evidence import GateRun, Result, is_command
from planfence.ledger.records import Book, base_refs, read_book
from planfence.ledger.refs import Kept, Ledger
from planfence.ledger.transitions import MoveKind
from planfence.manifest.policy import Policy
from planfence.records import dataclass, field, replace


class Verdict(StrEnum):
    """What a replay showed: the recorded outcome, now this and now that, or another outcome each time."""

    SAME = "same"
    FLAKY = "flaky"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as the ledger has it: the record, its base and result trees, and prompt, diff and output.

    ``said`` has a word on those three by name, where one is not as it was, or is not there any more.
    """

    run: GateRun
    trees: Mapping[str, str]
    prompt: bytes
    diff: bytes
    output: bytes
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The recording, and, if its tests ran again, how that compares."""

    recording: Recording
    verdict: Verdict | None = None
    again: tuple[tuple[Result, ...], ...] = ()


def find(repository: Repository, wanted: str) -> Recording:
    """Find a run by its id or the beginning of it (`last`: the latest that this clone itself recorded).

    Raises :class:`PlanfenceError` if none or several match, :class:`CouldNotCheck` where the
    entry's trees are not there.
    """
    book = read_book(repository)
    ledger = Ledger(repository)
    if wanted == "last":
        # Where it stands in the own ref says which is the last: everyone may write any date.
        by_commit = {run.entry: run for run in book.runs}
        found = [by_commit[commit] for commit in ledger.own() if commit in by_commit][:1]
    else:
        found = [run for run in book.runs if run.id == wanted]
        found = found or [run for run in book.runs if wanted and run.id.startswith(wanted)]
        own = set(ledger.own()) if len(found) > 1 else set()
        # Everyone may write any id: of two with one, the own counts.
        found = [run for run in found if run.entry in own and run.id == found[0].id] or found
    if len(found) != 1:
        what = "no recorded run" if not found else f"{len(found)} recorded runs"
        if wanted == "last":
            what = "no run that this clone recorded, so none"
        raise PlanfenceError(
            f"{what} named {wanted}",
            hint="ids stand in the log (`run=`) and in what `planfence test` says; or sync first",
        )
    run = found[0]
    commit = run.entry
    kept = ledger.kept(commit)
    trees = kept.trees or _trees_here(repository, run)
    if trees.get("result") != run.tree:
        why = _GONE if kept.gone else _NEVER if kept.mode == "none" else "its entry does not hold it"
        raise CouldNotCheck(f"the tree that run {run.id[:12]} is about is not here: {why}")
    prompt, started = _prompt(ledger, book, run)
    said = {
        "prompt": _word(started, "prompt.md"),
        "diff": _word(kept, "change.diff"),
        "output": _word(kept, "output.txt"),
    }
    diff, output = kept.files.get("change.diff", b""), kept.files.get("output.txt", b"")
    return Recording(run, trees, prompt, diff, output, {name: word for name, word in said.items() if word})


_GONE = "dropped after its time (`planfence ledger prune`), or not fetched yet (`planfence sync`)"
_NEVER = 'never kept: `[ledger] attachments = "none"`'


def _word(kept: Kept, name: str) -> str:
    """What is to be said of one attachment: that it is not here and why, or what was taken out of it."""
    if kept.gone:
        return _GONE
    if kept.mode == "none":
        return _NEVER
    counts = kept.redacted.get(name, {})
    return f"redacted: {', '.join(f'{count} {kind}' for kind, count in counts.items())}" if counts else ""


def _trees_here(repository: Repository, run: GateRun) -> dict[str, str]:
    """The run's trees, if its attachments are gone but a commit here still has them."""
    found = {}
    for name, revision in (("base", f"{run.base}^{{tree}}" if run.base else ""), ("result", f"{run.tree}^{{tree}}")):
        tree = repository.objects.find(revision) if revision else None
        if tree:
            found[name] = tree[0]
    return found


def _prompt(ledger: Ledger, book: Book, run: GateRun) -> tuple[bytes, Kept]:
    """The prompt that the run's task was last started with: before the run in its writer's ref, else in any."""
    starts = {move.entry: move.seq for move in book.moves if move.kind is MoveKind.START and move.task == run.task}
    same = [commit for commit in ledger.before(run.entry) if commit in starts] if starts else []
    others = sorted(starts.keys() - set(same), key=lambda commit: (-starts[commit], commit))
    missing = Kept({}, {}, {})
    for commit in (*same, *others):
        kept = ledger.kept(commit)
        if prompt := kept.files.get("prompt.md"):
            return prompt, kept
        missing = kept if kept.gone and not missing.gone else missing
    return b"", missing


def write_trees(repository: Repository, recording: Recording, into: Path) -> None:
    """Rebuild the run's base and result as folders in the new folder ``into``.

    Raises :class:`CouldNotCheck` for trees that can't be written here: then nothing is there.
    """
    for tree in recording.trees.values():
        check_tree(repository, tree)
    try:
        into.mkdir(parents=True)
    except OSError as error:
        raise PlanfenceError(
            f"{into} could not be made: {error.strerror}", hint="name a folder that is not there"
        ) from error
    try:
        with private_folder(repository.environment.get("PATH", os.defpath)) as space:
            for name, tree in recording.trees.items():
                (into / name).mkdir()
                write_tree(repository, tree, into / name, space.folder)
    except BaseException:  # a name that is too long for this file system, a full disk
        shutil.rmtree(into, ignore_errors=True)
        raise


#: Asked before commands run that nothing here names, with their lines; whether they may.
MayRun = Callable[[tuple[str, ...]], bool]


def replay(repository: Repository, recording: Recording, teller: RunProgress, may_run: MayRun) -> Replayed:
    """Run the recorded commands again in an export of the recorded tree; once more if the outcome differs.

    A record says which commands to run, and anybody may write one. So ``may_run`` is asked about those that neither
    the policy nor the plan names, at HEAD or at the run's own commit. Raises :class:`PlanfenceError` if it says no.
    """
    run = recording.run
    sources = Sources(repository.objects)
    policy = require_policy(sources.policy(reader.head(repository)))
    run, strange = _by_name(run, _named(repository, sources, policy, run))
    if strange and not may_run(strange):
        raise PlanfenceError(
            f"run {run.id[:12]} names commands that neither the policy nor the plan here names: nothing was run",
            hint=f"a person looks at them and says yes, at a terminal: planfence replay {shlex.quote(run.id)} --tests",
        )
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


def _named(repository: Repository, sources: Sources, policy: Policy, run: GateRun) -> set[str]:
    """The command lines that a policy or a plan of the own history names, at HEAD or where the run was."""
    named: set[str] = set()
    for commit in (reader.head(repository), *_own_history(repository, policy, run)):
        try:
            governing = sources.at(commit)
            plan = sources.plan(governing, run.task.partition("/")[0])
        except BadFile:
            continue  # what can't be read names nothing
        if governing.policy is not None:
            named |= {governing.policy.tests.command, governing.policy.tests.setup}
        if plan is not None:
            named |= {each.run for each in plan.constraints}
            named |= {each.run for task in plan.tasks for each in task.acceptance}
    return named - {""}


def _by_name(run: GateRun, named: set[str]) -> tuple[GateRun, tuple[str, ...]]:
    """The run with each command as it is named, which a record has without its secrets; and those that nobody names."""

    def exact(recorded: str) -> str:
        return next((line for line in named if is_command(recorded, line)), recorded)

    results = tuple(replace(each, command=exact(each.command)) for each in run.results)
    run = replace(run, setup=exact(run.setup), results=results)
    lines = dict.fromkeys(line for line in (run.setup, *(each.command for each in results)) if line)
    return run, tuple(line for line in lines if line not in named)


def _own_history(repository: Repository, policy: Policy, run: GateRun) -> list[str]:
    """The run's commit, its first parent and its base, of those that the own branches or the protected one have.

    Another writer's ledger brings any commit that it likes, with any policy in it.
    """
    ours = ("HEAD", "--branches", *base_refs(repository, policy.base))
    found: list[str] = []
    for name in (run.commit, f"{run.commit}^" if run.commit else "", run.base):
        if len(name.removesuffix("^")) != len(repository.zero):
            continue  # none, or a short id, which could be a branch's name
        commit = repository.objects.commit(name)
        if commit and not repository.git.text("rev-list", "-n1", commit, "--not", *ours, "--"):
            found.append(commit)
    return found


def _alike(one: tuple[Result, ...], other: tuple[Result, ...]) -> bool:
    """Whether two runs came to the same: each command's outcome and counts; times and exit codes may differ."""
    return [(each.name, each.outcome, each.counts) for each in one] == [
        (each.name, each.outcome, each.counts) for each in other
    ]
