"""No secret in a statement: whichever of its texts it was written into, and what has to match still does."""

from __future__ import annotations

import json
from random import Random

import pytest
from support import planted_secrets

from planfence.ledger import evidence, proofs, stating, transitions
from planfence.ledger.evidence import GateRun, Outcome, Result
from planfence.ledger.proofs import Proof
from planfence.ledger.redaction import Own
from planfence.ledger.transitions import Answer, Move, MoveKind
from planfence.manifest import policy
from planfence.records import replace
from planfence.report.teamlog import without_secrets

TREE = "1" * 40
OWN = Own({"DEPLOY_TOKEN": "correct horse"}, "/home/ada")
MOVE = Move("ab" * 16, MoveKind.START, "auth/logout", 0, 1, "implement", "codex", "", TREE)
RUN = GateRun(
    *("ab" * 16, TREE, "", "", "auth/logout", 1, "implement", "codex", ""),
    (Result("tests", "pytest -q", 0, Outcome.PASSED),),
    *("export", "planfence 0.2.0", "2026-11-30T00:00:00Z"),
)
PROOF = Proof(
    *("ab" * 16, 1, "auth/logout", TREE, "", "", TREE, 1, "implement", "codex", "", (("tests", "pytest -q"),)),
    *(2, 0.5, "", (), 0, (), "planfence 0.2.0", "2026-11-30T00:00:00Z"),
)


def run_of(command: str, setup: str = "") -> GateRun:
    return replace(RUN, setup=setup, results=(Result("tests", command, 0, Outcome.PASSED),))


#: Every text of a statement that somebody fills in, by where it stands.
FIELDS = {
    "why": lambda text: transitions.to_statement(replace(MOVE, why=text)),
    "evidence of an answer": lambda text: transitions.to_statement(replace(MOVE, answers=(Answer("A1", True, text),))),
    "model": lambda text: transitions.to_statement(replace(MOVE, model=text)),
    "holder": lambda text: transitions.to_statement(replace(MOVE, holder=text)),
    "test command": lambda text: evidence.to_statement(run_of(f"pytest {text}")),
    "setup": lambda text: evidence.to_statement(run_of("pytest", f"make {text}")),
    "command of a proof": lambda text: proofs.to_statement(replace(PROOF, commands=(("tests", f"pytest {text}"),))),
}


@pytest.mark.parametrize("place", FIELDS)
def test_no_planted_secret_is_stated(place: str) -> None:
    rng = Random(f"stated {place}")
    for kind in planted_secrets.KINDS:
        text, secret = planted_secrets.planted(rng, kind)
        kept = stating.stated(FIELDS[place](text).predicate, OWN)
        body = secret.split("\n")[len(secret.split("\n")) // 2]
        assert body not in json.dumps(kept, ensure_ascii=False), text
        assert sum(kept["redacted"].values()) >= 1


@pytest.mark.parametrize("place", [name for name in FIELDS if name not in ("model", "holder")])
def test_own_values_and_the_home_go_too(place: str) -> None:
    kept = stating.stated(FIELDS[place]("in /home/ada/x: correct horse").predicate, OWN)
    assert "~/x: [redacted: $DEPLOY_TOKEN]" in json.dumps(kept)
    assert kept["redacted"] == {"home": 1, "$DEPLOY_TOKEN": 1}


def test_what_has_no_secret_is_stated_as_it_is() -> None:
    rng = Random("innocent statements")
    for _ in range(100):
        for make in FIELDS.values():
            predicate = dict(make(planted_secrets.innocent(rng)).predicate)
            assert stating.stated(predicate, OWN) == predicate


def test_names_that_the_environment_has_by_chance_stay() -> None:
    predicate = dict(transitions.to_statement(MOVE).predicate)
    assert stating.stated(predicate, Own({"DB_PASSWORD": "implement"})) == predicate


def test_of_a_programs_words_one_names_the_secret_that_the_next_one_is() -> None:
    kept = stating.stated({"command": ["codex", "exec", "--password", "hunter2!x", "-"]}, OWN)
    assert kept["command"] == ["codex exec --password [redacted: assigned] -"]
    assert stating.stated({"command": ["codex", "exec", "-"]}, OWN) == {"command": ["codex", "exec", "-"]}


def test_a_command_counts_by_the_digest_of_its_exact_text() -> None:
    command = "DB_PASSWORD=hunter2x pytest -q"
    made = evidence.to_statement(run_of(command, "TOKEN=abcdef12345 make"))
    run = evidence.from_statement(replace(made, predicate=stating.stated(made.predicate, OWN)))
    assert "hunter2x" not in run.results[0].command
    assert evidence.missing((run,), TREE, policy.Tests(command=command, min_tests=0)) == ""
    assert evidence.unmet((run,), TREE, {"tests": command}) == ()
    other = command.replace("2x", "3x")
    assert "another command" in evidence.missing((run,), TREE, policy.Tests(command=other, min_tests=0))
    assert evidence.unmet((run,), TREE, {"tests": other}) == ("tests",)
    assert evidence.is_command(run.setup, "TOKEN=abcdef12345 make")
    assert not evidence.is_command(run.setup, "")
    assert not evidence.is_command(evidence.without_secret("pytest -q", ""), "")


def test_what_stands_in_front_of_a_digest_decides_nothing() -> None:
    """A report that the policy asks for is missing, whatever the record shows of the command."""
    command = "pytest -q --junit-xml={junit}"
    results = (Result("tests", evidence.without_secret("true", command), 0, Outcome.PASSED),)
    run = replace(RUN, results=results)
    assert "no-report" in evidence.missing((run,), TREE, policy.Tests(command=command))


def test_log_lines_lose_secrets_field_by_field_and_keep_the_others() -> None:
    line = (
        "2026-11-30_10:00:00,task=auth/logout,model=codex,cost=0.42,session=7f9c2ba4-e88f-4827-a3b1-1f2e3d4c5b6a,"
        "tokens_in=123456,why=%s,id=0123456789abcdef"
    )
    rng = Random("lines")
    texts = {kind: planted_secrets.planted(rng, kind) for kind in planted_secrets.KINDS}
    lines = [line % text.replace("%", "%25").replace(",", "%2C").replace("\n", "%0A") for text, _ in texts.values()]
    kept = list(without_secrets([line % "nothing", *lines, line % "nothing"], OWN))
    assert kept[0] == kept[-1] == line % "nothing"
    for (text, secret), one in zip(texts.values(), kept[1:-1], strict=True):
        assert "[redacted: " in one, text
        assert secret.replace("\n", "%0A")[-12:] not in one
        assert one.startswith(line.partition("why=")[0])
        assert one.endswith(",id=0123456789abcdef")


@pytest.mark.parametrize("name", ["sk-learn-upgrade-pipeline-2", "xai-grok-4-1-fast-non-reasoning-latest", "key-9"])
def test_names_that_look_like_a_token_stay_as_they_have_to_match(name: str) -> None:
    own = Own({"DB_PASSWORD": "passed", "DEPLOY_TOKEN": "correct horse"})
    secret = "DB_PASSWORD=hunter2x pytest"
    run = replace(RUN, model=name, task=f"shop/{name}", results=(Result(name, secret, 0, Outcome.PASSED),))
    made = evidence.to_statement(run)
    read = evidence.from_statement(replace(made, predicate=stating.stated(made.predicate, own)))
    assert (read.model, read.task, read.results[0].name) == (name, f"shop/{name}", name)
    assert read.results[0].outcome is Outcome.PASSED
    proof = proofs.to_statement(replace(PROOF, commands=((name, secret),)))
    [(kept, command)] = proofs.from_statement(replace(proof, predicate=stating.stated(proof.predicate, own))).commands
    assert kept == name
    assert evidence.is_command(command, secret)
    assert "hunter2x" not in command


def test_a_text_hides_no_secret_of_the_next_one() -> None:
    key = f"AIza{'B' * 15}\n{'C' * 10}1234567890"
    assert [text for text, _ in stating.without_secrets([key, "hello"], OWN)] == ["[redacted: google-key]", "hello"]
    texts = ["as [redacted: ", "password=hunter22", "hello"]
    assert [text for text, _ in stating.without_secrets(texts, OWN)] == [
        "as [redacted: ",
        "password=[redacted: assigned]",
        "hello",
    ]
    rng = Random("together")
    for kind in planted_secrets.KINDS:
        text = planted_secrets.planted(rng, kind)[0].strip("\n")
        alone = [next(stating.without_secrets([each], OWN)) for each in (text, "hello-1")]
        assert list(stating.without_secrets([text, "hello-1"], OWN)) == alone


@pytest.mark.parametrize("text", ["password=hunter22à", "PASSWORD=я语1Р", f"github_pat_{'a1' * 20}é", "token=abc123à"])  # noqa: RUF001 - a letter of another script
def test_letters_of_any_language_are_stated(text: str) -> None:
    kept = stating.stated({"why": f"the {text} is wrong"}, Own())["why"]
    assert kept.startswith("the ")
    assert kept.endswith(" is wrong")
    assert "[redacted: " in kept
    assert "[redacted: " in next(without_secrets([f"x=1,why={text.replace('=', '%3D')}"], Own()))
