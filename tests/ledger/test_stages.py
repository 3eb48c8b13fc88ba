"""The stages are a pure function of moves and trailers, whatever their order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.ledger import evidence, intoto, transitions
from planfence.ledger.evidence import Counts, GateRun, Outcome, Result, judge, missing
from planfence.ledger.stages import CommitFact, Stage, fold, is_own_work, must_change_hands
from planfence.ledger.transitions import Answer, Move, MoveKind
from planfence.manifest import policy
from planfence.records import replace

UNICODE = st.characters(exclude_categories=["Cs"])  # named so, it costs no walk through all code points
TREE = "a" * 40
COMMAND = "pytest --junit-xml={junit}"


def move(kind: MoveKind, stage: str, seq: int, round_: int = 0, model: str = "codex", **fields) -> Move:
    return Move(f"{seq:02}{kind}{model}", kind, "p/t", round_, seq, stage, model, f"c{seq}", TREE, **fields)


START = move(MoveKind.START, "implement", 1)
TO_REVIEW = move(MoveKind.ADVANCE, "review", 2)
BACK = move(MoveKind.REWORK, "implement", 3, 1, "claude", why="edge case")
AGAIN = move(MoveKind.ADVANCE, "review", 4, 1)
DONE = move(MoveKind.ADVANCE, "done", 5, 1, "claude")


@pytest.mark.parametrize(
    ("seen", "stage", "rounds"),
    [
        ([], Stage.PLAN, 0),
        ([START], Stage.IMPLEMENT, 0),
        ([START, TO_REVIEW], Stage.REVIEW, 0),
        ([START, TO_REVIEW, BACK], Stage.IMPLEMENT, 1),
        ([START, TO_REVIEW, BACK, AGAIN], Stage.REVIEW, 1),
        ([START, TO_REVIEW, BACK, AGAIN, DONE], Stage.DONE, 1),
    ],
)
def test_every_order_gives_the_same_stage(seen, stage, rounds):
    for order in itertools.permutations(seen):
        state = fold("p/t", [*order, *order])
        assert (state.stage, state.round) == (stage, rounds)


def test_a_lost_rework_is_remembered_by_the_trailers_but_opens_nothing():
    """The round counts, so that answers of the one before don't; the code stays closed: anyone types a trailer."""
    facts = [CommitFact("c9", "p/t", "implement", "codex", 1)]
    state = fold("p/t", [START, TO_REVIEW], facts)
    assert (state.stage, state.round) == (Stage.REVIEW, 1)


def test_a_typed_trailer_reopens_nothing():
    facts = [CommitFact("c9", "p/t", "implement", "codex", 7)]
    seen = [START, TO_REVIEW, BACK, AGAIN, DONE]
    for count, stage in enumerate(
        [Stage.PLAN, Stage.IMPLEMENT, Stage.REVIEW, Stage.IMPLEMENT, Stage.REVIEW, Stage.DONE]
    ):
        assert fold("p/t", seen[:count], facts).stage is stage
        answer = move(MoveKind.REVIEW, "review", 9, 7, "claude", answers=(Answer("A1", True, "looked"),))
        assert fold("p/t", [*seen[:count], answer], facts).stage is stage
    assert fold("p/t", seen, facts).round == 1


ORDER = [Stage.PLAN, Stage.IMPLEMENT, Stage.REVIEW, Stage.DONE]


@given(st.sets(st.sampled_from([START, TO_REVIEW, BACK, AGAIN, DONE])))
def test_losing_the_newest_moves_never_brings_a_task_further_in_its_round(kept):
    whole, less = fold("p/t", [START, TO_REVIEW, BACK, AGAIN, DONE]), fold("p/t", kept)
    if less.round == whole.round:
        assert ORDER.index(less.stage) <= ORDER.index(whole.stage)
    assert less.stage is not Stage.DONE or DONE in kept


def test_answers_count_only_on_the_tree_and_in_the_round_they_were_given():
    given_ = move(MoveKind.REVIEW, "review", 3, 0, "claude", answers=(Answer("A1", True, "looked"),))
    state = fold("p/t", [START, TO_REVIEW, given_])
    assert state.answers(TREE)["A1"][0].met
    assert not state.answers("b" * 40)
    assert not fold("p/t", [START, TO_REVIEW, given_, move(MoveKind.REWORK, "implement", 4, 1)]).answers(TREE)


def test_the_later_answer_counts():
    yes = move(MoveKind.REVIEW, "review", 3, 0, "claude", answers=(Answer("A1", True, "looked"),))
    no = move(MoveKind.REVIEW, "review", 4, 0, "claude", answers=(Answer("A1", False, "broke"),))
    assert not fold("p/t", [START, TO_REVIEW, no, yes]).answers(TREE)["A1"][0].met


def test_what_a_reviewer_found_wanting_stays_open_until_it_is_met_or_the_round_ends():
    def answered(seq: int, *, met: bool, tree: str = TREE, round_: int = 0) -> Move:
        given_ = (Answer("A1", met, "looked"),)
        return replace(move(MoveKind.REVIEW, "review", seq, round_, "claude", answers=given_), tree=tree)

    no, other = answered(3, met=False), answered(4, met=True, tree="b" * 40)
    assert [each.criterion for each in fold("p/t", [START, TO_REVIEW, no]).unmet()] == ["A1"]
    assert fold("p/t", [START, TO_REVIEW, no, other]).unmet() == ()
    assert fold("p/t", [START, TO_REVIEW, no, BACK]).unmet() == ()
    assert fold("p/t", [START, TO_REVIEW, answered(3, met=True), answered(4, met=False)]).unmet()


def test_commits_are_sealed_in_their_own_round_and_settled_in_a_later_one():
    first, second = (replace(each, patches=(each.commit,)) for each in (TO_REVIEW, AGAIN))
    under_review = fold("p/t", [START, first, BACK, second])
    assert (under_review.sealed, under_review.patches) == ({"c4"}, {"c4"})
    assert (under_review.settled, under_review.settled_patches) == ({"c2"}, {"c2"})
    reworked = fold("p/t", [START, first, BACK])
    assert (reworked.sealed, reworked.settled) == (set(), {"c2"})


def test_only_who_wrote_in_the_implement_stage_is_an_author():
    facts = [
        CommitFact(f"c{n}", "p/t", stage, model)
        for n, (stage, model) in enumerate((("review", "gemini"), ("implement", "")))
    ]
    assert fold("p/t", [START, TO_REVIEW], facts).implementers == {"codex"}
    assert not must_change_hands(fold("p/t", [START, TO_REVIEW]), "codex", 0), "the first round is under way"


def test_rounds_are_counted_for_each_model():
    facts = [CommitFact(f"c{n}", "p/t", "implement", "codex", n) for n in range(3)]
    reworks = [move(MoveKind.REWORK, "implement", n + 5, n, "claude") for n in range(1, 4)]
    state = fold("p/t", [START, *reworks], facts)
    assert state.round == 3
    assert must_change_hands(state, "codex", 2)
    assert not must_change_hands(state, "claude", 2)
    assert not must_change_hands(state, "codex", 3)
    assert is_own_work(state, "codex")
    assert not is_own_work(state, "human")


def result(**fields) -> Result:
    return Result(**({"name": "tests", "command": COMMAND, "exit": 0, "outcome": Outcome.PASSED} | fields))


def run(*results: Result, tree: str = TREE) -> GateRun:
    return GateRun("1", tree, "", "", "p/t", 1, "implement", "codex", "", results, "export", "0", "")


@pytest.mark.parametrize(
    ("status", "counts", "least", "outcome"),
    [
        (0, Counts(3, 0, 0), 1, Outcome.PASSED),
        (0, None, 1, Outcome.NO_REPORT),
        (0, Counts(0, 0, 0), 1, Outcome.NO_TESTS),
        (0, Counts(3, 0, 3), 1, Outcome.NO_TESTS),
        (0, Counts(3, 1, 0), 1, Outcome.FAILED),
        (1, Counts(3, 0, 0), 1, Outcome.FAILED),
        (127, None, 1, Outcome.NOT_FOUND),
        (None, Counts(3, 0, 0), 1, Outcome.FAILED),
        (0, Counts(0, 0, 0), 0, Outcome.PASSED),
    ],
)
def test_what_passes(status, counts, least, outcome):
    assert judge(COMMAND, status, counts, least) is outcome


def test_a_command_without_a_report_is_judged_by_its_exit_status():
    assert judge("make test", 0, None, 1) is Outcome.PASSED
    assert judge("make test", 2, None, 1) is Outcome.FAILED


GOOD = run(result(counts=Counts(2, 0, 0)))


@pytest.mark.parametrize(
    "runs",
    [
        (),
        (run(result(counts=Counts(2, 0, 0)), tree="b" * 40),),
        (run(result(command="true", counts=Counts(2, 0, 0))),),
        (run(result(outcome=Outcome.FAILED, exit=1)),),
        (run(result(counts=None)),),
        (run(result(counts=Counts(0, 0, 0))),),
        (run(result(counts=Counts(2, 1, 0))),),
        (run(result(counts=Counts(2, 0, 3))),),
        (run(result(exit=1, counts=Counts(2, 0, 0))),),
        (run(result(name="A1", counts=Counts(2, 0, 0))),),
    ],
)
def test_no_evidence_no_gate(runs):
    wanted = policy.Tests(command=COMMAND)
    assert missing(runs, TREE, wanted)
    assert not missing((*runs, GOOD), TREE, wanted)


@pytest.mark.parametrize(
    "told",
    [
        {"outcome": Outcome.FAILED, "exit": 1},
        {"exit": 1},
        {"exit": None},
        {"outcome": Outcome.DISTURBED},
        {"counts": Counts(2, 1, 0)},
        {"counts": Counts(2, 0, 3)},
        {"command": "make tests"},
        {"name": "A2"},
    ],
)
def test_a_criterion_is_met_by_what_passed_alone(told):
    good = {"name": "A1", "command": "make test"}
    assert evidence.unmet((run(result(**good | told)),), TREE, {"A1": "make test"}) == ("A1",)
    assert evidence.unmet((run(result(**good)),), "b" * 40, {"A1": "make test"}) == ("A1",)
    assert evidence.unmet((run(result(**good | told)), run(result(**good))), TREE, {"A1": "make test"}) == ()


def test_no_command_opens_nothing():
    assert missing((GOOD,), TREE, policy.Tests())


def test_records_come_back_as_they_were():
    whole = run(
        result(counts=Counts(2, 0, 1), seconds=1.5), result(name="A1", command="x", exit=None, outcome=Outcome.TIMEOUT)
    )
    for each in (whole, replace(whole, commit="c" * 40, base="d" * 40)):
        assert evidence.from_statement(again(evidence.to_statement(each))) == each
    answered = move(MoveKind.REVIEW, "review", 3, 0, "claude", answers=(Answer("A1", True, "l\udc80"),), runs=("x",))
    assert transitions.from_statement(again(transitions.to_statement(answered))) == answered


def again(stated: intoto.Statement) -> intoto.Statement:
    sealed = intoto.seal(intoto.encode(stated), "k", "sig")
    envelope, value = intoto.unseal(sealed)
    assert envelope.signatures == (("k", "sig"),)
    return intoto.decode(value)


def test_a_result_that_contradicts_its_commands_is_no_statement():
    data = intoto.encode(evidence.to_statement(run(result(outcome=Outcome.FAILED, exit=1))))
    forged = data.replace(b'"result":"FAILED"', b'"result":"PASSED"')
    with pytest.raises(intoto.NotAStatement):
        evidence.from_statement(intoto.decode(intoto.unseal(forged)[1]))


@pytest.mark.parametrize("answer", [("A1", "yes", "x"), ("A1", 1, "x"), (1, True, "x"), ("A1", True, None)])
def test_an_answer_of_another_shape_is_no_record(answer):
    told = move(MoveKind.REVIEW, "review", 3, answers=(Answer(*answer),))
    with pytest.raises(intoto.NotAStatement):
        transitions.from_statement(again(transitions.to_statement(told)))


@given(st.binary(max_size=200))
def test_rubbish_is_never_a_record(data):
    with pytest.raises(intoto.NotAStatement):
        intoto.decode(intoto.unseal(data)[1])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(UNICODE, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(UNICODE, max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["id", "base", "planVersion", "commands", "at", "where", "setup"]), VALUES)
def test_a_field_of_any_other_shape_never_crashes_the_reader(name, value):
    stated = evidence.to_statement(GOOD)
    stated.predicate["configuration"][0]["annotations"][name] = value
    try:
        evidence.from_statement(intoto.decode(intoto.unseal(intoto.encode(stated))[1]))
    except intoto.NotAStatement:
        return
