"""Claims are a pure function of the ledger's starts, in whatever order they are read."""

from __future__ import annotations

import itertools

import pytest

from planfence.ledger import intoto, transitions
from planfence.ledger.holds import Hold, Holds, holds_of, ordered
from planfence.ledger.transitions import Claim, Move, MoveKind
from planfence.manifest.plan import FileEntry, Plan, Task
from planfence.records import replace

TREE = "a" * 40


def record(
    digest: str,
    task: str,
    kind: str = "start",
    stage: str = "implement",
    after: str = "",
    at: str = "1",
    **more: object,
) -> Move:
    """A record whose digest is one word, on day ``at`` of a month; a start claims `src/**` unless told otherwise."""
    if kind == "start":
        more.setdefault("claim", Claim(("src/**",)))
    when = f"2026-01-{int(at):02}T00:00:00Z"
    return Move(
        digest, MoveKind(kind), task, 0, 1, stage, "codex", "", TREE, at=when, added=more.pop("added", ""),
        after=tuple(after.split()), digest=digest, **more,
    )  # fmt: skip


def names(*moves: Move) -> list[tuple[str, str, frozenset[str]]]:
    """The claims of these records, which must be the same in any order."""
    found = {tuple((h.task, h.since[8:10], h.starts) for h in holds_of(some)) for some in itertools.permutations(moves)}
    assert len(found) == 1
    return list(found.pop())


A, B = record("a", "p/t"), record("b", "q/u", at="2")
DONE = record("z", "p/t", "advance", "done", "a", "3")


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ([A], [("p/t", "01", {"a"})]),
        ([B, A], [("p/t", "01", {"a"}), ("q/u", "02", {"b"})]),
        ([A, DONE], []),
        ([A, record("r", "p/t", "advance", "review", "a", "2")], [("p/t", "01", {"a"})]),
        # Begun again: one claim, as old as its first start.
        ([A, record("c", "p/t", after="a", at="4")], [("p/t", "01", {"a", "c"})]),
        # Two clones began it: two claims.
        ([A, record("c", "p/t", at="4")], [("p/t", "01", {"a"}), ("p/t", "04", {"c"})]),
        # An earlier plan of the name was done; this one is another's.
        ([replace(A, added="1" * 40), replace(DONE, added="1" * 40), record("c", "p/t", at="4", added="2" * 40)],
         [("p/t", "04", {"c"})]),
        # A clone was done without knowing the other's start, which is about the same plan.
        ([replace(A, added="1" * 40), replace(DONE, added="1" * 40), record("c", "p/t", at="2", added="1" * 40)], []),
        # A start ended a claim that it found stale; who comes back claims anew.
        ([A, replace(B, claim=Claim(("src/**",), over=("a",)))], [("q/u", "02", {"b"})]),
        ([A, replace(B, claim=Claim(("src/**",), over=("a",))), record("c", "p/t", after="a", at="5")],
         [("q/u", "02", {"b"}), ("p/t", "05", {"c"})]),
        # A start of 0.1.0 says nothing of files.
        ([replace(A, claim=None)], []),
    ],
)  # fmt: skip
def test_when_a_claim_stands(moves, said) -> None:
    assert names(*moves) == [(task, day, frozenset(starts)) for task, day, starts in said]


def test_a_claim_survives_the_ledger() -> None:
    claim = Claim(("src/**", "docs/a.md"), ("src/keys/**",), ("docs/a.md",), ("ab" * 32,))
    written = intoto.encode(transitions.to_statement(replace(A, claim=claim, id="0" * 32)))
    assert transitions.from_statement(intoto.decode(intoto.unseal(written)[1])).claim == claim


LISTS = {"files": [], "deny": [], "shared": [], "over": []}
MANY = [f"src/{number}.py" for number in range(transitions.MOST_PATTERNS + 1)]


@pytest.mark.parametrize(
    "claim",
    [
        {"files": "src"},
        {"files": [], "deny": [], "shared": []},
        [],
        None,
        *(LISTS | {name: MANY} for name in ("files", "deny", "shared")),
        LISTS | {"over": ["ab" * 32] * len(MANY)},
        LISTS | {"files": ["a*" * 2000] * 40},
    ],
)
def test_a_claim_that_is_none_is_set_aside(claim) -> None:
    stated = transitions.to_statement(A)
    bad = replace(stated, predicate=dict(stated.predicate) | {"claim": claim})
    with pytest.raises(intoto.NotAStatement):
        transitions.from_statement(bad)


def hold(*files: str, deny: tuple[str, ...] = (), shared: tuple[str, ...] = ()) -> Hold:
    return holds_of([replace(A, claim=Claim(files, deny, shared))])[0]


def test_what_a_claim_names() -> None:
    mine = hold("src/**", "docs/a.md", deny=("src/keys/**",), shared=("docs/*",))
    assert [mine.names(path) for path in ("src/a/b.py", "src/keys/k", "docs/a.md", "docs/b.md", "")] == [
        *(True, False, True),
        *(False, False),
    ]
    assert mine.shares("docs/a.md")
    assert not mine.shares("src/a.py")
    assert mine.like(("src/a/*.py", "README.md")) == ("src/**",)
    assert mine.like(("lib/**",)) == ()


PLAN = Plan(
    "p",
    1,
    "goal",
    tuple(
        Task(name, "T", "x", 45, (FileEntry("src/**"),), depends_on=before)
        for name, before in (("one", ()), ("two", ("one",)), ("three", ("two",)), ("alone", ()))
    ),
)


@pytest.mark.parametrize(
    ("mine", "other", "said"),
    [
        ("three", "p/one", True),
        ("one", "p/three", True),
        ("one", "p/alone", False),
        ("three", "q/one", False),
        ("one", "p/gone", False),
    ],
)
def test_ordered(mine: str, other: str, said: bool) -> None:
    task = PLAN.task(mine)
    assert task is not None
    assert ordered(PLAN, task, other) is said
    found = Holds([record("x", other)]).beside(f"p/{mine}", PLAN, task)
    assert [each.task for each in found] == ([] if said else [other])


def test_a_claim_is_stale_when_nothing_was_done_for_its_hours() -> None:
    now = 1_767_225_600 + 86_400 * 3.0  # day 4
    asked = []

    def active(hold: Hold) -> float:
        asked.append(hold.task)
        return {"p/t": now - 7200}.get(hold.task, 0.0)

    found = Holds([A, B, record("c", "r/v", at="4")], active=active, stale_h=24, now=now)
    assert [(each.task, found.stale(each)) for each in found.all] == [("p/t", False), ("q/u", True), ("r/v", False)]
    assert asked == ["p/t", "q/u"]
    for hours in (0, 10.0**308):
        assert not any(map(Holds([A, B], stale_h=hours, now=now).stale, Holds([A, B]).all))


def test_what_is_not_believed_claims_nothing() -> None:
    task = PLAN.task("one")
    assert task is not None
    found = Holds([A, B, record("o", "p/one")], known=lambda move: move.task != "q/u")
    assert [each.task for each in found.beside("p/one", PLAN, task)] == ["p/t"]
    assert found.of("q/u") is None
