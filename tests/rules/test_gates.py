from __future__ import annotations

import pytest
from support.tables import change, context, found, task

from planfence.change.change import STAGED
from planfence.ledger.proofs import Proof, Question, Trial, TrialOutcome
from planfence.ledger.stages import CommitFact, Facts, fold
from planfence.ledger.transitions import Move, MoveKind
from planfence.manifest import policy
from planfence.manifest.plan import FileEntry, Plan, Task
from planfence.records import replace
from planfence.rules import (
    dependency_open,
    model_not_assigned,
    plan_widened,
    reviewer_is_author,
    rework_needs_reassignment,
    stage_closed,
    tests_not_passed,
    tests_prove_nothing,
)
from planfence.rules.refusalcontext import RefusalContext
from planfence.rules.rule import Case, PlanEdit, Route

NAME = "p/t"


def move(kind: MoveKind, stage: str = "implement", round_: int = 0, **more: object) -> Move:
    return Move(
        f"{kind}{stage}{round_}", kind, NAME, round_, round_ * 10 + 1, stage, "codex", "c" * 40, "b" * 40, **more
    )


def facts(*moves: Move, commits: tuple[CommitFact, ...] = (), **more: object) -> Facts:
    return Facts({NAME: fold(NAME, moves, commits)}, **more)


START = move(MoveKind.START)
REVIEW = move(MoveKind.ADVANCE, "review")
DONE = move(MoveKind.ADVANCE, "done")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (facts(), "p/t has not begun"),
        (facts(START), None),
        (facts(START, REVIEW), "p/t is under review: its code must not change"),
        (facts(START, REVIEW, move(MoveKind.REWORK, round_=1)), None),
        (facts(START, REVIEW, DONE), "p/t is done"),
        (facts(START, REVIEW, covered={NAME: frozenset({STAGED})}), None),
    ],
)
def test_stage_closed(known: Facts, said: str | None) -> None:
    ctx = context(change("a"), task("**"), facts=known)
    assert [f.message for f in stage_closed.RULE.check(ctx)] == ([said] if said else [])


@pytest.mark.parametrize(
    ("known", "model", "roles", "steps"),
    [
        (facts(), "human", {}, [("begin it", False), ("fetch what others recorded", False)]),
        (facts(), "codex", {}, [("begin it", True), ("fetch what others recorded", False)]),
        (facts(START, REVIEW), "human", {}, [("send it back", False), ("fetch what others recorded", False)]),
        (
            facts(START, REVIEW),
            "codex",
            {"review": "claude"},
            [("let claude send it back", True), ("fetch what others recorded", False)],
        ),
        (
            facts(START, REVIEW),
            "claude",
            {"review": "claude"},
            [("let claude send it back", False), ("fetch what others recorded", False)],
        ),
        (
            facts(START, REVIEW),
            "human",
            {"review": "human"},
            [("send it back", False), ("fetch what others recorded", False)],
        ),
        (facts(START, REVIEW, DONE), "human", {}, []),
    ],
)
def test_what_opens_a_stage(known: Facts, model: str, roles: dict[str, str], steps: list[tuple[str, bool]]) -> None:
    ctx = context(change("a"), task("**"), facts=known, model=model)
    assert ctx.plan is not None
    ctx = replace(ctx, plan=replace(ctx.plan, roles=roles))
    case = Case(ctx, tuple(stage_closed.RULE.check(ctx)), RefusalContext())
    assert [(step.why, step.asks) for step in stage_closed.next_stage(case)] == steps


@pytest.mark.parametrize(
    ("gates", "count"),
    [({}, 0), ({STAGED: ("commit", "")}, 0), ({STAGED: ("commit", "no tests ran on this tree")}, 1)],
)
def test_tests_not_passed(gates: dict[str, tuple[str, str]], count: int) -> None:
    assert len(found(tests_not_passed.RULE, context(change("a"), task("**"), facts=facts(START, gates=gates)))) == count


def planned(roles: dict[str, str], *, depends_on: tuple[str, ...] = ()) -> tuple[Plan, Task]:
    one = Task("t", "T", "auth", 45, (FileEntry("a"),), depends_on=depends_on)
    return Plan("p", 1, "goal", (one, Task("first", "F", "auth", 45, ())), roles=roles), one


@pytest.mark.parametrize(
    ("model", "known", "refused"),
    [
        ("codex", facts(START), False),
        ("claude", facts(START), True),
        ("human", facts(START), True),
        ("gemini", facts(START, move(MoveKind.HANDOVER, holder="gemini")), False),
        ("codex", facts(START, move(MoveKind.HANDOVER, holder="gemini")), True),
    ],
)
def test_model_not_assigned(model: str, known: Facts, refused: bool) -> None:
    plan, one = planned({"implement": "codex"})
    ctx = context(change("a"), one, facts=known, model=model)
    ctx = type(ctx)(change=ctx.change, policy=ctx.policy, route=Route.TASK, plan=plan, task=one, task_name=NAME,
                    model=model, facts=known)  # fmt: skip
    assert bool(found(model_not_assigned.RULE, ctx)) is refused


@pytest.mark.parametrize(("first", "waits"), [("start", True), ("done", False)])
def test_dependency_open(first: str, waits: bool) -> None:
    plan, one = planned({}, depends_on=("first",))
    kind = MoveKind.START if first == "start" else MoveKind.ADVANCE
    of = Move("m", kind, "p/first", 0, 1, first, "codex", "", "")
    known = Facts({"p/first": fold("p/first", [of])})
    ctx = context(change("a"), one)
    ctx = type(ctx)(change=ctx.change, policy=ctx.policy, route=Route.TASK, plan=plan, task=one, task_name=NAME,
                    facts=known)  # fmt: skip
    assert bool(found(dependency_open.RULE, ctx)) is waits


@pytest.mark.parametrize(("model", "own"), [("codex", True), ("claude", False), ("human", False)])
def test_reviewer_is_author(model: str, own: bool) -> None:
    wrote = tuple(CommitFact("c", NAME, "implement", who) for who in ("codex", "human"))
    ctx = context(change("a"), task("**"), facts=facts(START, commits=wrote), model=model, stage="review")
    assert bool(found(reviewer_is_author.RULE, ctx)) is own


@pytest.mark.parametrize(
    ("rounds", "model", "refused"), [(2, "codex", False), (3, "codex", True), (3, "claude", False)]
)
def test_rework_needs_reassignment(rounds: int, model: str, refused: bool) -> None:
    wrote = tuple(CommitFact(f"c{n}", NAME, "implement", "codex", n) for n in range(rounds))
    known = facts(START, move(MoveKind.REWORK, round_=rounds), commits=wrote)
    ctx = context(change("a"), task("**"), facts=known, model=model)
    assert bool(found(rework_needs_reassignment.RULE, ctx)) is refused


@pytest.mark.parametrize(
    ("model", "files", "widened"),
    [
        ("codex", ("a", "b"), True),
        ("codex", ("a",), False),
        ("codex", (), False),
        ("claude", ("a", "b"), False),
        ("human", ("a", "b"), False),
    ],
)
def test_plan_widened(model: str, files: tuple[str, ...], widened: bool) -> None:
    old, _ = planned({"plan": "claude", "implement": "codex"})
    one = Task("t", "T", "auth", 45, tuple(map(FileEntry, files)))
    new = Plan("p", 2, "goal", (one,), roles=old.roles)
    edit = PlanEdit("plans/p.toml", old, new)
    ctx = context(change("plans/p.toml"), route=Route.GOVERNING, facts=facts(START), model=model, edits=(edit,))
    assert bool(found(plan_widened.RULE, ctx)) is widened


def proof(*trials: Trial, **more: object) -> Proof:
    blank = Proof("id", 1, NAME, "b" * 40, "c" * 40, "d" * 40, "e" * 40, 1, "implement", "codex", "", (("tests", "x"),),
                  6, 0.1, "", ("change", "hunks"), 0, trials, "planfence", "now")  # fmt: skip
    return replace(blank, **more)


def trial(answer: TrialOutcome, key: str = "change", question: Question = Question.CHANGE) -> Trial:
    return Trial(question, key, answer, "src/a.py", 3, 4, 2, failures=6)


def parts(*answers: TrialOutcome) -> tuple[Trial, ...]:
    return tuple(trial(answer, f"k{number}", Question.HUNK) for number, answer in enumerate(answers))


GOOD, BAD, GLUED = TrialOutcome.NOTICED, TrialOutcome.UNNOTICED, TrialOutcome.INSEPARABLE


@pytest.mark.parametrize(
    ("known", "prove", "said"),
    [
        (None, "change", "nobody has asked"),
        (proof(asked=("old-tests",)), "change", "nobody has asked"),
        (proof(), "change", None),  # nothing that a test could notice
        (proof(trial(GOOD)), "change", None),
        (proof(trial(BAD)), "change", "the tests pass on the old code too"),
        (proof(trial(TrialOutcome.SEEN)), "change", "not sure yet"),
        (proof(trial(TrialOutcome.SLOW)), "change", "not sure yet"),
        (proof(trial(GOOD), *parts(BAD, BAD), total=2), "change", None),
        (proof(trial(GOOD), *parts(BAD, GOOD), total=2), "hunks", "1 of 2 parts of this change are proven"),
        (proof(trial(GOOD), *parts(BAD, *[GOOD] * 4), total=5), "hunks", None),
        (proof(trial(GOOD), *parts(GOOD, GLUED), total=2), "hunks", None),
        (proof(trial(GOOD), *parts(GOOD), total=2), "hunks", "only 1 of 2 parts"),
        (proof(trial(GOOD), asked=("change",)), "hunks", "nobody has asked about the parts"),
        (proof(*parts(GOOD), asked=("hunks",), total=1), "hunks", "nobody has asked whether the tests would notice"),
        (proof(flaky="it failed once"), "change", "the tests are flaky"),
    ],
)
def test_tests_prove_nothing(known: Proof | None, prove: str, said: str | None) -> None:
    faults = [message for message, _ in tests_prove_nothing.faults(known, policy.Tests(prove=prove), NAME)]
    assert len(faults) == (said is not None)
    assert all(said in message for message in faults if said)


def test_an_unproven_part_is_shown_by_a_command() -> None:
    known = proof(trial(GOOD), *parts(BAD, GOOD), total=2)
    ((_, lines),) = tests_prove_nothing.faults(known, policy.Tests(prove="hunks"), NAME)
    assert lines == (f"planfence prove {NAME} --show k0   # src/a.py:3",)
