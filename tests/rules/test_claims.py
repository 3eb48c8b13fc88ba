"""What other active tasks claim: refused, advised or left alone."""

from __future__ import annotations

import pytest
from support.tables import change, context, found, task

from planfence import prover
from planfence.finding import Severity
from planfence.gitio import paths
from planfence.ledger.holds import Holds
from planfence.ledger.stages import Facts, Stage, TaskState
from planfence.ledger.transitions import Claim, Move, MoveKind
from planfence.manifest.policy import Policy
from planfence.rules import claimed_elsewhere
from planfence.rules.rule import Route
from planfence.rules.runner import judge

RULE = claimed_elsewhere.RULE
ERROR = Policy(rules={RULE.code: Severity.ERROR})


def start(name: str, day: int, *files: str, shared: tuple[str, ...] = (), **more: object) -> Move:
    at = f"2026-01-{day:02}T00:00:00Z"
    claim = Claim(files, shared=shared, **more)
    return Move(name, MoveKind.START, name, 0, 1, "implement", "codex", "", "a" * 40, at=at, digest=name, claim=claim)


OWN = start("p/t", 5, "src/**")


@pytest.mark.parametrize(
    ("moves", "files", "said"),
    [
        ([OWN], ["src/a.py"], []),
        ([OWN, start("q/u", 2, "src/a.py")], ["src/a.py", "src/b.py"], [("src/a.py", Severity.ERROR)]),
        ([start("q/u", 2, "src/a.py")], ["+src/a.py"], [("src/a.py", Severity.ERROR)]),
        ([OWN, start("q/u", 2, "src/a.py")], ["-src/a.py"], [("src/a.py", Severity.ERROR)]),
        ([OWN, start("q/u", 2, "src/**", deny=("src/a.py",))], ["src/a.py"], []),
        # The first to start has the file; the second is only said.
        ([OWN, start("q/u", 9, "src/a.py")], ["src/a.py"], [("src/a.py", Severity.WARN)]),
        # Whoever shares it, shares it with all.
        ([OWN, start("q/u", 2, "src/a.py", shared=("src/*",))], ["src/a.py"], [("src/a.py", Severity.WARN)]),
        ([start("p/t", 5, "src/**", shared=("src/a.py",)), start("q/u", 2, "src/**")], ["src/a.py", "src/b.py"],
         [("src/a.py", Severity.WARN), ("src/b.py", Severity.ERROR)]),
    ],
)  # fmt: skip
def test_claimed_elsewhere(moves, files, said) -> None:
    ctx = context(change(*files), task("src/**"), policy=ERROR, facts=Facts(holds=Holds(moves)))
    assert [(each.path, each.severity) for each in judge(ctx, [RULE])] == said
    assert all(each.severity is Severity.WARN for each in judge(context(ctx.change, ctx.task, facts=ctx.facts), [RULE]))


@pytest.mark.parametrize("route", [each for each in Route if each is not Route.TASK])
def test_only_a_task_s_change_is_asked(route: Route) -> None:
    facts = Facts(holds=Holds([start("q/u", 2, "src/**")]))
    assert found(RULE, context(change("src/a.py"), task("src/**"), route=route, facts=facts)) == []


@pytest.mark.parametrize("stale", [True, False])
def test_a_stale_claim_is_not_said_and_still_not_proved(stale: bool) -> None:
    """A commit of the other task makes it fresh again, and no mark of the ledger says so."""
    day_3 = 1_767_225_600 + 2 * 86_400.0
    holds = Holds([start("q/u", 1, "src/a.py")], stale_h=24 if stale else 0, now=day_3)
    ctx = context(change("src/a.py"), task("src/**"), facts=Facts(holds=holds))
    assert found(RULE, ctx) == ([] if stale else ["src/a.py"])
    assert claimed_elsewhere.bars(ctx.facts, ctx.plan, ctx.task) == ("bar SCP007 src/a.py",)


def test_what_a_task_that_is_done_had_changed_is_nobody_else_s() -> None:
    states = {"p/t": TaskState("p/t", Stage.DONE)}
    facts = Facts(states, holds=Holds([start("q/u", 2, "src/**")]))
    ctx = context(change("src/a.py"), task("src/**"), policy=ERROR, facts=facts)
    assert found(RULE, ctx) == []
    assert claimed_elsewhere.bars(facts, ctx.plan, ctx.task) == ()


@pytest.mark.parametrize("path", ["src/a.py", "src/keys/k", "src/b/c.py", "src/new.py", "docs/a.md"])
def test_what_is_proved_is_never_claimed(path: str) -> None:
    moves = [start("q/u", 2, "src/*.py"), start("r/v", 3, "**/c.py", "docs/**", deny=("docs/a.md",)), OWN]
    ctx = context(change(path), task("src/**", "docs/*"), facts=Facts(holds=Holds(moves)))
    clauses = ["governs planfence.toml", *claimed_elsewhere.bars(ctx.facts, ctx.plan, ctx.task)]
    proof = prover.Prover(prover.read(map(paths.encode, clauses)))
    if proof.holds([(path.encode(), b"M")]):
        assert found(RULE, ctx) == []
    else:
        assert path != "src/keys/k"
