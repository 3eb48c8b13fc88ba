from __future__ import annotations

import pytest
from support.tables import change, context, found, task

from planfence.change.change import STAGED
from planfence.ledger.stages import CommitFact, Facts, fold
from planfence.ledger.transitions import Kind, Move
from planfence.manifest.plan import FileEntry, Plan, Task
from planfence.rules import (
    dependency_open,
    model_not_assigned,
    plan_widened,
    reviewer_is_author,
    rework_needs_reassignment,
    stage_closed,
    tests_not_passed,
)
from planfence.rules.rule import Door, PlanEdit

NAME = "p/t"


def move(kind: Kind, stage: str = "implement", round_: int = 0, **more: object) -> Move:
    return Move(
        f"{kind}{stage}{round_}", kind, NAME, round_, round_ * 10 + 1, stage, "codex", "c" * 40, "b" * 40, **more
    )


def facts(*moves: Move, commits: tuple[CommitFact, ...] = (), **more: object) -> Facts:
    return Facts({NAME: fold(NAME, moves, commits)}, **more)


START = move(Kind.START)
REVIEW = move(Kind.ADVANCE, "review")
DONE = move(Kind.ADVANCE, "done")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (facts(), "p/t has not begun"),
        (facts(START), None),
        (facts(START, REVIEW), "p/t is under review: its code must not change"),
        (facts(START, REVIEW, move(Kind.REWORK, round_=1)), None),
        (facts(START, REVIEW, DONE), "p/t is done"),
        (facts(START, REVIEW, covered={NAME: frozenset({STAGED})}), None),
    ],
)
def test_stage_closed(known: Facts, said: str | None) -> None:
    ctx = context(change("a"), task("**"), facts=known)
    assert [f.message for f in stage_closed.RULE.check(ctx)] == ([said] if said else [])


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
        ("gemini", facts(START, move(Kind.HANDOVER, holder="gemini")), False),
        ("codex", facts(START, move(Kind.HANDOVER, holder="gemini")), True),
    ],
)
def test_model_not_assigned(model: str, known: Facts, refused: bool) -> None:
    plan, one = planned({"implement": "codex"})
    ctx = context(change("a"), one, facts=known, model=model)
    ctx = type(ctx)(change=ctx.change, policy=ctx.policy, door=Door.TASK, plan=plan, task=one, task_name=NAME,
                    model=model, facts=known)  # fmt: skip
    assert bool(found(model_not_assigned.RULE, ctx)) is refused


@pytest.mark.parametrize(("first", "waits"), [("start", True), ("done", False)])
def test_dependency_open(first: str, waits: bool) -> None:
    plan, one = planned({}, depends_on=("first",))
    kind = Kind.START if first == "start" else Kind.ADVANCE
    of = Move("m", kind, "p/first", 0, 1, first, "codex", "", "")
    known = Facts({"p/first": fold("p/first", [of])})
    ctx = context(change("a"), one)
    ctx = type(ctx)(change=ctx.change, policy=ctx.policy, door=Door.TASK, plan=plan, task=one, task_name=NAME,
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
    known = facts(START, move(Kind.REWORK, round_=rounds), commits=wrote)
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
    ctx = context(change("plans/p.toml"), door=Door.GOVERNING, facts=facts(START), model=model, edits=(edit,))
    assert bool(found(plan_widened.RULE, ctx)) is widened
