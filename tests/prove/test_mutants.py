"""What tools for mutants say of the changed lines.

Reports are as cosmic-ray 8.7 and Stryker 9 write them, and as the documentation of cargo-mutants and PIT has theirs.
"""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing

import pytest
from support.dividing import division, file
from support.proving import TESTS, USER, change, project

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.ledger.proofs import Mutants, Proof, from_statement, to_statement
from planfence.ledger.records import read_book
from planfence.prove import mutants
from planfence.prove import prove as use
from planfence.prove.mutants import Mutant, Place, Tool
from planfence.prove.session import ProofProgress

GOOD = USER.replace("amount - 1", "amount - 2")
GOOD_TESTS = TESTS.replace("== 2", "== 1")


def place(tmp_path, **lines) -> Place:
    names = {name.replace("__", "/").replace("_dot_", "."): ranges for name, ranges in lines.items()}
    return Place(tmp_path, tmp_path, "tool", names, "pytest -q 'a b'", 12.0, b"--- a/x\n")


def finish(steps) -> list[Mutant]:
    with pytest.raises(StopIteration) as end:
        next(steps)
    return list(end.value.value)


def test_changed_lines_are_those_of_behaviour() -> None:
    old = b"import os\n\n\ndef a(x):\n    return x\n\n\n\n\n\n# one\n"
    new = old.replace(b"return x", b"return x + 1").replace(b"# one", b"# two")
    found = division(
        file("src/a.py", old, new, (5, 1, 5, 1), (11, 1, 11, 1)),
        file("src/b.py", None, b"a = 1\nb = 2\n"),
        file("tests/test_a.py", b"1\n", b"2\n", (1, 1, 1, 1)),
        file("src/gone.py", b"a = 1\n", None),
    )
    assert mutants.changed_lines(found) == {"src/a.py": ((5, 5),), "src/b.py": ((1, 2),)}


def test_cosmic_ray_tries_the_changed_lines_alone(tmp_path) -> None:
    steps = mutants._cosmic_ray(place(tmp_path, src__a_dot_py=((3, 4),)))
    assert next(steps).startswith("tool init ")
    config = tomllib.loads((tmp_path / "cosmic-ray.toml").read_text())["cosmic-ray"]
    assert (config["module-path"], config["timeout"]) == (["src/a.py"], 12.0)
    assert config["test-command"] == "sh -c 'pytest -q '\"'\"'a b'\"'\"''"
    with closing(sqlite3.connect(tmp_path / "cosmic-ray.sqlite")) as opened, opened:
        opened.executescript(
            "CREATE TABLE work_items (job_id VARCHAR); CREATE TABLE mutation_specs (module_path VARCHAR, operator_name"
            " VARCHAR, start_pos_row INTEGER, job_id VARCHAR); CREATE TABLE work_results (worker_outcome VARCHAR,"
            " test_outcome VARCHAR, job_id VARCHAR)"
        )
        for job, line in (("one", 3), ("two", 4), ("far", 9), ("odd", 4)):
            opened.execute("INSERT INTO work_items VALUES (?)", (job,))
            spec = ("src/a.py", "core/ReplaceBinaryOperator_Sub_Add", line, job)
            opened.execute("INSERT INTO mutation_specs VALUES (?, ?, ?, ?)", spec)
    assert next(steps).startswith("tool exec ")
    with closing(sqlite3.connect(tmp_path / "cosmic-ray.sqlite")) as opened, opened:
        assert opened.execute("SELECT job_id FROM work_items").fetchall() == [("one",), ("two",), ("odd",)]
        results = [("NORMAL", "KILLED", "one"), ("NORMAL", "SURVIVED", "two"), ("NORMAL", "INCOMPETENT", "odd")]
        opened.executemany("INSERT INTO work_results VALUES (?, ?, ?)", results)
    what = "ReplaceBinaryOperator_Sub_Add"
    assert finish(steps) == [Mutant("src/a.py", 3, True, what), Mutant("src/a.py", 4, False, what)]


def test_stryker_is_told_the_lines(tmp_path) -> None:
    steps = mutants._stryker(place(tmp_path, src__a_dot_js=((2, 4), (9, 9))))
    assert next(steps) == f"tool run {tmp_path}/stryker.json"
    config = json.loads((tmp_path / "stryker.json").read_text())
    assert config["mutate"] == ["src/a.js:2-4", "src/a.js:9-9"]
    assert config["commandRunner"] == {"command": "pytest -q 'a b'"}
    at = {"location": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 17}}, "mutatorName": "Equality"}
    statuses = ("Killed", "Survived", "NoCoverage", "Timeout", "CompileError", "RuntimeError", "Ignored")
    told = {"files": {"src/a.js": {"mutants": [{"id": "0", "status": status} | at for status in statuses]}}}
    (tmp_path / "mutation.json").write_text(json.dumps({"schemaVersion": "1.0"} | told))
    assert [each.noticed for each in finish(steps)] == [True, False, False, True]


def test_cargo_mutants_is_told_the_patch(tmp_path) -> None:
    steps = mutants._cargo_mutants(place(tmp_path, src__lib_dot_rs=((1, 9),)))
    assert f"--in-diff {tmp_path}/change.diff --output {tmp_path}" in next(steps)
    assert (tmp_path / "change.diff").read_bytes() == b"--- a/x\n"
    (tmp_path / "mutants.out").mkdir()
    mutant = {
        "name": "src/lib.rs:3:5: replace a -> i64 with 0",
        "package": "a",
        "file": "src/lib.rs",
        "genre": "FnValue",
    }
    mutant |= {"span": {"start": {"line": 3, "column": 5}, "end": {"line": 3, "column": 10}}, "replacement": "0"}
    outcomes = [{"scenario": "Baseline", "summary": "Success"}]
    for summary in ("CaughtMutant", "MissedMutant", "Timeout", "Unviable"):
        outcomes.append({"scenario": {"Mutant": mutant}, "summary": summary})
    (tmp_path / "mutants.out/outcomes.json").write_text(json.dumps({"outcomes": outcomes, "total_mutants": 4}))
    assert finish(steps) == [Mutant("src/lib.rs", 3, noticed, "0") for noticed in (True, False, True)]


def test_pit_is_told_the_classes(tmp_path) -> None:
    steps = mutants._pit(place(tmp_path, core__src__main__java__org__a__Shop_dot_java=((4, 9),)))
    assert "-DtargetClasses=org.a.Shop*" in next(steps)
    reports = tmp_path / "core/target/pit-reports"
    reports.mkdir(parents=True)
    one = (
        "<mutation detected='{0}' status='{1}' numberOfTestsRun='1'><sourceFile>Shop.java</sourceFile>"
        "<mutatedClass>org.a.Shop$Inner</mutatedClass><mutatedMethod>price</mutatedMethod><lineNumber>5</lineNumber>"
        "<mutator>org.pitest.mutationtest.engine.gregor.mutators.MathMutator</mutator></mutation>"
    )
    states = ("KILLED", "SURVIVED", "NO_COVERAGE", "TIMED_OUT", "RUN_ERROR", "NON_VIABLE")
    (reports / "mutations.xml").write_text(
        f"<mutations>{''.join(one.format('true', status) for status in states)}</mutations>"
    )
    path = "core/src/main/java/org/a/Shop.java"
    wanted = [Mutant(path, 5, noticed, "MathMutator") for noticed in (True, False, False, True)]
    assert finish(steps) == wanted


def test_a_report_with_a_document_type_is_not_read(tmp_path) -> None:
    reports = tmp_path / "target/pit-reports"
    reports.mkdir(parents=True)
    (reports / "mutations.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><mutations/>')
    with pytest.raises(ValueError, match="document type"):
        mutants._pit_mutations(tmp_path, {})


def fake(line: str, *tried: Mutant) -> Tool:
    def steps(_):
        yield line
        return tried

    return Tool("a-tool", (".py",), lambda files, path: "a-tool", steps)


def asked(repo):
    project(repo)
    change(repo, user=GOOD, tests=GOOD_TESTS)
    return use.change_of(repo.open(), "auth/middleware")


def tried(asked) -> Proof:
    return use.prove(asked, ("change",), 600, ProofProgress(lambda _: None, lambda _: None), mutants=True).proof


def test_what_a_tool_finds_is_kept_with_the_proof(repo, monkeypatch):
    found = (Mutant("src/user.py", 3, False, "Sub"), Mutant("src/user.py", 3, True, "Add"), Mutant("a", 3, True, ""))
    monkeypatch.setattr(mutants, "TOOLS", (fake("test -f src/user.py && touch made", *found),))
    question = asked(repo)
    proof = tried(question)
    assert proof.mutants == (Mutants("a-tool", 2, 1, (("src/user.py", 3, "Sub"),)),)
    assert not (repo.root / "made").exists()
    assert from_statement(to_statement(proof)) == proof
    shown = repo.planfence("prove", "--only", "change").stdout
    assert "a-tool: 1 of 2 mutants noticed\n  survived: src/user.py:3 (Sub)\n" in shown
    assert "survived: src/user.py:3 (Sub)" in repo.planfence("prompt", "review").stdout
    monkeypatch.setattr(mutants, "TOOLS", ())
    assert tried(question) == proof  # all is known: no tool is asked again


def test_no_tool_is_said_and_what_was_asked_before_is_kept(repo, monkeypatch):
    monkeypatch.setattr(mutants, "TOOLS", (Tool("a-tool", (".py",), lambda files, path: "", lambda place: iter(())),))
    with pytest.raises(PlanfenceError, match=r"no tool is there for mutants of src/user\.py"):
        tried(asked(repo))
    assert [each.change.answer for each in read_book(repo.open()).proofs] == ["noticed"]


def test_a_tool_that_leaves_no_result_is_no_evidence(tmp_path):
    def steps(_):
        yield "echo it went wrong; exit 1"
        return mutants._by_schema(tmp_path / "missing.json")

    tool = Tool("a-tool", (".py",), lambda files, path: "", steps)
    watch = mutants.Watch(lambda _: None, lambda _: None, lambda _: None)
    with pytest.raises(CouldNotCheck, match="a-tool left no result that can be read: it went wrong"):
        mutants._run(tool, place(tmp_path), {"PATH": "/bin:/usr/bin"}, float("inf"), watch)
    assert issubclass(CouldNotCheck, PlanfenceError)
