"""Asks a change's tests three questions, by taking parts of the change away, and records the answers.

*Red without it*: the tests as they are on the code as it was. *Each part matters*: the change without one part.
*Old tests, new code*: the tests as they were on the code as it is. The worktree, the index and the branches are never
touched: every trial runs in an export that goes away afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from planfence import __version__, risks
from planfence.change import reader
from planfence.change.hunkreader import read_files
from planfence.change.hunks import FileState
from planfence.change.patchfile import as_patch
from planfence.change.pathclass import PathClass, classify
from planfence.content.unitkinds import ClassifiedUnit
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.finding import Severity
from planfence.gate.gate import proof_of
from planfence.gate.testtarget import Target, target_of
from planfence.gitio import paths
from planfence.gitio.repository import Repository
from planfence.judge import content
from planfence.judge.situation import Scene, look
from planfence.ledger.evidence import TESTS, is_command
from planfence.ledger.proofs import Proof, Question, Trial, TrialOutcome
from planfence.ledger.records import believed_proofs, new_id, now, read_history, renewed, write_proof
from planfence.ledger.stages import Stage
from planfence.log import writer as log_writer
from planfence.prove.bench import Command, Yard, with_files
from planfence.prove.mutants import try_mutants, unified
from planfence.prove.parts import Division, divide, surely_broken, without
from planfence.prove.pieces import cut_out, pieces
from planfence.prove.session import (
    LEVELS,
    FlakyError,
    ProofProgress,
    RedError,
    Session,
    TrialTree,
    ask_all,
    old_tests,
    remember,
)
from planfence.prove.testcode import apart
from planfence.records import dataclass, replace
from planfence.rules import tests_prove_nothing


@dataclass(frozen=True, slots=True)
class TaskChange:
    """A change whose tests are asked: what is tested, and how the change divides."""

    repository: Repository
    target: Target
    division: Division

    @property
    def nothing(self) -> bool:
        """Whether it does nothing that a test could notice, and rewrites no test."""
        return not self.division.parts and not old_tests(self.division)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it. ``proof`` is None if there was nothing to ask; ``cut`` says that the budget ended it."""

    change: TaskChange
    proof: Proof | None
    cut: bool = False


def change_of(repository: Repository, wanted: str = "", rev: str = "", scene: Scene | None = None) -> TaskChange:
    """Find the change of a task (its commits since the base), or of a revision, and take it apart."""
    target = target_of(repository, wanted, rev=rev, scene=scene)
    only: frozenset[str] | None = None
    if target.task_name and target.base:
        target, only = _narrowed(repository, target)
    return take_apart(repository, target, only)


def take_apart(repository: Repository, target: Target, only: frozenset[str] | None = None) -> TaskChange:
    """Take apart what lies between a target's trees; ``only`` are the paths that count (None: all)."""
    policy = target.policy
    base, tree = target.trees["base"], target.tree
    judged = [
        one
        for one in content.of(apart(read_files(repository, base, tree)))
        if only is None or only & {one.unit.path, one.unit.file.old_path}
    ]

    def own_tests(path: str) -> bool:
        return bool(policy.tests.paths) and paths.matches(policy.tests.paths, path)

    def governs(path: str) -> bool:
        return policy.governs(path) or path in (policy.log, policy.run_log)

    return TaskChange(repository, target, divide(judged, own_tests, governs, _risk(judged)))


def _narrowed(repository: Repository, target: Target) -> tuple[Target, frozenset[str] | None]:
    """The target with the base of the task's own commits, and the paths that they change, where others' lie between."""
    # On the protected branch itself nothing says where the work began but the commits' own trailers.
    alone = target.left in ("", target.commit)
    span = read_history(repository, [target.commit] if alone else [target.commit, f"^{target.base}"])
    mine = span.of(target.task_name)
    if not mine or len(mine) == len(span.parents):
        return target, None
    first = span.parents[mine[-1]]
    base = first[0] if first else target.base
    tree = repository.objects.tree_of(base)
    changed = frozenset(path for change in reader.changes(repository, mine) for path in change.paths)
    return replace(target, base=base, trees=target.trees | {"base": tree}), changed


def _risk(judged: Collection[ClassifiedUnit]) -> dict[str, int]:
    """How risky each unit is: what a reviewer should see first, by its place in the file."""
    weights: dict[str, int] = {}
    files = {one.unit.path: one.unit.file for one in judged}
    found = list(risks.find(map(as_patch, files.values())))
    for one in judged:
        hunk = one.unit.hunk
        for each in found:
            if each.path == one.unit.path and (
                hunk is None
                or not each.hit.line
                or hunk.new_start < each.hit.line <= hunk.new_start + len(hunk.new)
                or hunk.old_start < each.hit.line <= hunk.old_start + len(hunk.old)
            ):
                weights[one.unit.id] = max(weights.get(one.unit.id, 0), each.risk.weight)
    return weights


def commands_of(change: TaskChange, *, before: bool = False) -> tuple[Command, ...]:
    """The criteria's commands, then the policy's: with `{files}` first on the change's own tests, then on all.

    ``before``: on those of its tests that were there before, by the names that they had.
    """
    files = [change.division.units[each].file for each in change.division.tests]
    sides = {(each.old_path, each.old_mode) if before else (each.path, each.new_mode) for each in files}
    own = tuple(sorted({path for path, mode in sides if mode and classify(path) is PathClass.TEST}))
    found: list[Command] = []
    for name, line in sorted(change.target.commands.values(), key=lambda each: each[0] == TESTS):
        if "{files}" in line and own:
            found.append((f"{name} of the change", with_files(line, own)))
        found.append((name, with_files(line, ())))
    return tuple(dict.fromkeys(found))


def prove(
    change: TaskChange,
    levels: Iterable[str],
    budget_s: float,
    teller: ProofProgress,
    *,
    again: bool = False,
    mutants: bool = False,
) -> Answered:
    """Ask, record, and answer; goes on where an earlier call about the same trees and commands stopped.

    ``mutants`` are tried too, once all else is known, by tools that are there.

    Raises :class:`PlanfenceError` if there is no test command or the tests do not pass as they are,
    :class:`CouldNotCheck` if they could not be run. Ctrl-C records what was learned and goes on.
    """
    levels = tuple(level for level in LEVELS if level in levels)
    commands = _required(change)
    earlier = _known(change, commands)
    if change.nothing:
        if earlier is None or not set(levels) <= set(earlier.asked):
            _write(change, _blank(change, commands, levels, earlier))
        return Answered(change, None)
    known = None if again or earlier is None or not _fits(earlier, change.division) else earlier
    if known is not None and _answers(known, levels) and not (mutants and _is_open(known)):
        return Answered(change, known)
    until = time.monotonic() + budget_s
    with _yard(change) as yard:
        session = Session(
            *(change.division, commands, yard, until, teller, change.target.policy.tests.timeout_s),
            task=change.target.task_name,
            commands_before=commands_of(change, before=True),
        )
        yard.tick = session.progress
        remember(session, known)
        proof = _learn(change, session, levels, earlier, known.asked if known is not None else ())
        if mutants and not proof.flaky and time.monotonic() < until:
            teller.show("mutants of the changed lines are tried")
            tried = try_mutants(yard, change.division, commands, session.green_s, until)
            proof = replace(proof, id=new_id(), seq=proof.seq + 1, mutants=tried, at=now())
            _write(change, proof)
    return Answered(change, proof, cut=not proof.flaky and not _answers(proof, levels))


def _required(change: TaskChange) -> tuple[Command, ...]:
    """The commands to ask; raises :class:`PlanfenceError` if there is none, or nothing to compare with."""
    commands = commands_of(change)
    if not commands:
        raise PlanfenceError(
            "there is nothing to ask: the policy names no test command, and no criterion has one",
            hint='write `command = "pytest -q --junit-xml={junit}"` under [tests] in planfence.toml',
        )
    if not change.target.base:
        raise PlanfenceError("there is nothing before this commit to compare with", hint="name a later one: --rev REV")
    return commands


def _answers(proof: Proof, levels: Iterable[str]) -> bool:
    """Whether all that these levels ask was answered."""
    return set(levels) <= set(proof.asked) and _is_whole(proof)


def _yard(change: TaskChange) -> Yard:
    files = [each for each in change.division.files if each.new_mode]
    after = {each.path: FileState(each.path, each.new_mode, None, each.new_id) for each in files}
    return Yard(change.repository, change.target, after, change.target.policy.tests.jobs)


def _learn(
    change: TaskChange, session: Session, levels: tuple[str, ...], earlier: Proof | None, asked: tuple[str, ...]
) -> Proof:
    """Ask until the time is over, and record what was learned, also if Ctrl-C ends it; ``asked`` was before."""
    wanted = (*levels, *asked)
    try:
        flaky = _ask(change, session, levels)
    except KeyboardInterrupt:
        change.repository.objects.close()  # Ctrl-C ends git's process as well, which starts again
        if any(one.answer(session.passes) for one in session.trials.values()):
            _record(change, session, wanted, earlier)
        raise
    return _record(change, session, wanted, earlier, flaky)


def _ask(change: TaskChange, session: Session, levels: tuple[str, ...]) -> str:
    """Ask until the time is over; say why if the suite is flaky. Raises :class:`PlanfenceError` if nothing is known."""
    try:
        ask_all(session, levels)
    except FlakyError as error:
        return str(error)
    except RedError as error:
        folders = list(reader.submodules(change.repository, change.target.tree))
        if not folders:
            raise
        shown = ", ".join(folders[:3]) + (" and others" if len(folders) > 3 else "")
        raise RedError(
            f"{error.message}; an export does not hold what is in submodules ({shown})",
            hint="fill them by `setup` under [tests], if the tests need them",
        ) from error
    if not session.passes:
        raise CouldNotCheck("the time was over before the tests had passed once", hint="give more of it: --budget 30m")
    return ""


#: `advance` asks by itself if the tests take no longer than this (seconds).
QUICK_S = 60.0


def ask_at_gate(scene: Scene, budget_s: float, teller: ProofProgress) -> tuple[Scene, str]:
    """Ask what the policy asks for at `advance`, if the tests passed there in little time; why not, if it failed.

    Opens no gate: the gate reads the ledger. Returns the task as it stands afterwards.
    """
    repository, tests = scene.repository, scene.policy.tests
    if (
        tests.prove == "off"
        or tests_prove_nothing.RULE.severity_under(scene.policy) is Severity.OFF
        or scene.stage not in (Stage.IMPLEMENT, Stage.REVIEW)
        or not any(tests_prove_nothing.faults(proof_of(scene), tests, scene.name))
    ):
        return scene, ""
    took = [sum(each.seconds for each in run.results) for run in scene.runs if run.passed]
    if not took:
        return scene, ""
    change = change_of(repository, scene.name, scene=scene)
    if min(took) > QUICK_S and not change.nothing:
        return scene, ""
    teller.say("asking whether the tests would have noticed this change (`prove` under [tests])")
    levels = LEVELS if tests.prove == "hunks" else LEVELS[:2]
    failed = ""
    try:
        prove(change, levels, budget_s, teller)
    except PlanfenceError as error:
        failed = f"the tests could not be asked about this change: {error}"
    return look(repository, scene.name), failed


def _is_whole(proof: Proof) -> bool:
    """Whether all that was to be asked was answered."""
    told = [each for each in proof.trials if each.answer is not TrialOutcome.SEEN]
    parts = sum(each.question is Question.HUNK for each in told)
    return not proof.flaky and len(told) == len(proof.trials) and ("hunks" not in proof.asked or parts >= proof.total)


def _fits(proof: Proof, division: Division) -> bool:
    """Whether a record speaks of these parts: the policy, or what counts as behaviour, may have changed since."""
    units = {each for part in division.parts for each in part.units}
    asked = {each.key.partition(":")[0] for each in proof.trials if each.question is Question.HUNK}
    return asked <= units and (
        "hunks" not in proof.asked or bool(proof.flaky) or {p.key for p in division.parts} <= asked
    )


def _is_open(proof: Proof) -> bool:
    """Whether there are mutants left to try."""
    return not proof.mutants or any(each.cut for each in proof.mutants)


def _known(change: TaskChange, commands: tuple[Command, ...]) -> Proof | None:
    target = change.target
    book = renewed(change.repository, target.book(change.repository))
    found = [
        each
        for each in believed_proofs(change.repository, book, target.policy, target.tree)
        if (each.tree, each.base_tree, each.task) == (target.tree, target.trees["base"], target.task_name)
        and len(each.commands) == len(commands)
        and all(
            (name, is_command(recorded, line)) == (wanted, True)
            for (name, recorded), (wanted, line) in zip(each.commands, commands, strict=True)
        )
        and is_command(each.setup, target.policy.tests.setup)
    ]
    return max(found, key=lambda each: each.seq, default=None)


# -- the record ---------------------------------------------------------------------------------------------------


def _record(
    change: TaskChange, session: Session, wanted: tuple[str, ...], earlier: Proof | None, flaky: str = ""
) -> Proof:
    """Write down what is known."""
    told = {key: one for key, one in session.trials.items() if one.answer(session.passes) is not None}
    trials = () if flaky else tuple(_trial(change.division, session.passes, key, one) for key, one in told.items())
    asked_now = tuple(level for level in LEVELS if level in wanted and (flaky or session.is_answered(level)))
    proof = replace(
        _blank(change, session.commands, asked_now, earlier),
        passes=session.passes,
        green_s=round(session.green_s, 3),
        flaky=flaky,
        total=session.total,
        trials=trials,
    )
    _write(change, proof)
    return proof


def _blank(change: TaskChange, commands: tuple[Command, ...], levels: tuple[str, ...], earlier: Proof | None) -> Proof:
    """A record about this change that says nothing yet."""
    target = change.target
    return Proof(
        id=new_id(),
        seq=(earlier.seq if earlier is not None else 0) + 1,
        task=target.task_name,
        tree=target.tree,
        commit=target.commit,
        base=target.base,
        base_tree=target.trees["base"],
        plan_version=target.plan.version if target.plan else 0,
        stage=target.stage,
        model=target.model,
        setup=target.policy.tests.setup,
        commands=commands,
        passes=0,
        green_s=0.0,
        flaky="",
        asked=levels,
        total=0,
        trials=(),
        tool=f"planfence {__version__}",
        at=now(),
        mutants=earlier.mutants if earlier is not None else (),
    )


def _write(change: TaskChange, proof: Proof) -> None:
    target = change.target
    write_proof(change.repository, target.policy, proof, target.trees)
    good, of = proof.decided
    numbers: dict[str, log_writer.Value] = {"parts": of, "proven": good} if of else {}
    if "old-tests" in proof.asked and not proof.flaky:
        numbers["rewritten"] = len(proof.rewritten)
    result = "flaky" if proof.flaky else str(proof.change.answer) if proof.change else "asked"
    log_writer.record(
        change.repository,
        target.policy,
        event="prove",
        result=result,
        task=target.task_name,
        model=target.model,
        stage=target.stage,
        commit=target.commit[:12],
        **numbers,
    )


def _trial(division: Division, passes: int, key: str, one: TrialTree) -> Trial:
    part = one.part
    answer = one.answer(passes)
    assert answer is not None
    tests = tuple(sorted(one.tests or ()))
    if one.question is Question.OLD_TESTS and not tests:
        tests = tuple(
            dict.fromkeys(
                unit.file.old_path
                for unit in division.units.values()
                if unit.id in division.tests and unit.file.old_mode
            )
        )
    return Trial(
        one.question,
        key,
        answer,
        part.path if part else "",
        part.first if part else 0,
        part.last if part else 0,
        part.lines if part else 0,
        one.failures,
        round(one.seconds, 3),
        tests,
    )


# -- showing ------------------------------------------------------------------------------------------------------


def patch_of(change: TaskChange, key: str) -> bytes:
    """The patch that takes one part back, as `git apply` reads it. Raises :class:`PlanfenceError` for no such part."""
    division = change.division
    whole = {"change": division.rest, "old-tests": old_tests(division)}
    whole |= {part.key: part.units for part in division.parts}
    if key in whole:
        states = without(division, whole[key])
    else:
        inner = (piece for part in division.parts for piece in pieces(division, part) if piece.key == key)
        piece = next(inner, None)
        if piece is None:
            raise PlanfenceError(
                f"this change has no part named {key}", hint="the parts' names stand in `planfence prove --json`"
            )
        good = [state for state in cut_out(division, piece) if not surely_broken(division, {piece.path: state})]
        states = {piece.path: good[0]} if good else {}
    new = {file.path: file.new for file in division.files if file.new_mode}
    blobs = {name: data for file in division.files for name, data in ((file.old_id, file.old), (file.new_id, file.new))}
    patch = b""
    for path, state in states.items():
        old = None if state is None else state.data if state.data is not None else blobs.get(state.id)
        now_there = (path if path in new else "", new.get(path))
        patch += unified(now_there, ("" if state is None else path, old))
    return patch
