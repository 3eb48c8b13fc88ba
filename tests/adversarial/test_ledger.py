"""Ledger and evidence tricks: a record may be lost, never forged into a gate that opens."""

from __future__ import annotations

from dataclasses import replace

import pytest

GATED = 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\nrequired = ["push"]\n'
LEDGER = "refs/planfence/ledger/"


def _gate(lab, extra: str = "") -> None:
    lab.write("planfence.toml", GATED + extra)
    lab.base = lab.record("chore: gate", None)


def _run(lab, commit: str, **changed):
    from planfence.ledger.evidence import GateRun, Outcome, Result
    from planfence.ledger.records import new_id, write_run
    from planfence.manifest.policy import Policy

    tree = lab.git("rev-parse", f"{commit}^{{tree}}")
    result = replace(Result("tests", "true", 0, Outcome.PASSED), **changed.pop("result", {}))
    run = GateRun(
        new_id(), tree, commit, lab.base, "auth/middleware", 1, "implement", "human", "", (result,), "export", "0", "x"
    )
    write_run(lab.repo.open(), Policy(), replace(run, **changed))


def _good(lab) -> str:
    lab.write("src/auth.py")
    return lab.record()


def _both(lab, head: str):
    lab.bare()
    lab.sync()
    return {"verify": lab.verify(head), "receive": lab.receive(("", head, "refs/heads/topic"))}


def test_without_evidence(lab) -> None:
    _gate(lab)
    head = _good(lab)
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name


def test_with_evidence_for_this_tree(lab) -> None:
    _gate(lab)
    head = _good(lab)
    _run(lab, head)
    for name, verdict in _both(lab, head).items():
        assert not verdict.refused, (name, verdict)


def test_evidence_for_the_tree_before(lab) -> None:
    _gate(lab)
    first = _good(lab)
    _run(lab, first)
    lab.write("tests/auth/a.py")
    for name, verdict in _both(lab, lab.record()).items():
        assert verdict.codes == {"GAT001"}, name


@pytest.mark.parametrize(
    "changed",
    [
        {"result": {"exit": 1}},
        {"result": {"exit": None}},
        {"result": {"outcome": "failed"}},
        {"result": {"command": "pytest"}},
        {"result": {"name": "A1"}},
        {"tree": "0" * 40},
        {"results": ()},
    ],
    ids=str,
)
def test_evidence_that_proves_something_else(lab, changed: dict) -> None:
    from planfence.ledger.evidence import Outcome

    _gate(lab)
    head = _good(lab)
    if changed.get("result", {}).get("outcome"):
        changed = {"result": {"outcome": Outcome.FAILED}}
    _run(lab, head, **changed)
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name


def test_too_few_tests(lab) -> None:
    from planfence.ledger.evidence import Counts

    lab.write("planfence.toml", GATED.replace("min_tests = 0", "min_tests = 3"))
    lab.base = lab.record("chore: gate", None)
    head = _good(lab)
    _run(lab, head, result={"counts": Counts(2, 0, 0)})
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name


def _writer(lab) -> str:
    return lab.git("for-each-ref", "--format=%(refname)", LEDGER).split("\n")[0]


@pytest.mark.parametrize("entry", [b"", b"{}", b"not json", b"[]", b"\0", b'{"_type": 1}', b"{" * 5000, b"9" * 5000])
def test_an_entry_that_is_none(lab, entry: bytes) -> None:
    """It is set aside and said; the other records still count, and nothing opens."""
    _gate(lab)
    head = _good(lab)
    blob = lab.blob(entry)
    tree = lab.git("mktree", stdin=f"100644 blob {blob}\tentry.json\n".encode())
    tip = lab.git("commit-tree", tree, stdin=b"x")
    lab.git("update-ref", f"{LEDGER}{'a' * 16}", tip)
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name
        assert any("set aside" in note for note in verdict.notes), name


def test_a_ledger_that_is_a_symbolic_ref(lab) -> None:
    _gate(lab)
    head = _good(lab)
    main = lab.git("rev-parse", "main")
    lab.git("symbolic-ref", f"{LEDGER}{'b' * 16}", "refs/heads/main")
    assert lab.verify(head).codes == {"GAT001"}
    (lab.repo.root / ".git/planfence/writer").write_text(f"{'b' * 16}\n")
    _run(lab, head)
    assert lab.git("rev-parse", "main") == main
    assert not lab.verify(head).refused


def test_a_ledger_that_is_a_blob(lab) -> None:
    _gate(lab)
    head = _good(lab)
    lab.git("update-ref", f"{LEDGER}{'c' * 16}", lab.blob())
    assert lab.verify(head).codes == {"GAT001"}


def test_a_ledger_that_was_deleted_closes(lab) -> None:
    _gate(lab)
    head = _good(lab)
    lab.git("update-ref", "-d", _writer(lab))
    (lab.repo.root / ".git/planfence/ledger-tip").unlink()
    assert lab.verify(head).codes >= {"GAT001", "GAT002"}


def test_the_ledger_comes_with_the_commits_that_need_it(lab) -> None:
    _gate(lab)
    head = _good(lab)
    lab.bare()
    old = lab.git("rev-parse", _writer(lab))
    _run(lab, head)
    both = (("", head, "refs/heads/topic"), (old, _writer(lab), _writer(lab)))
    assert not lab.receive(*both).refused
    assert lab.receive(both[0]).codes == {"GAT001"}


def test_a_ledger_on_the_server_only_grows(lab) -> None:
    ref = _writer(lab)
    lab.bare()
    tip = lab.git("rev-parse", ref)
    first = lab.git("rev-list", "--max-parents=0", ref).split("\n")[0]
    assert lab.receive((tip, "", ref)).codes == {"REF002"}
    assert lab.receive((tip, first, ref)).codes == {"REF002"}
    assert lab.receive((tip, lab.base, ref)).codes == {"REF002"}
    _run(lab, lab.base)
    assert not lab.receive((tip, ref, ref)).refused


@pytest.mark.parametrize(
    "name", ["refs/planfence/x", "refs/planfence/ledger/x", f"{LEDGER}{'A' * 16}", f"{LEDGER}{'a' * 17}",
             f"{LEDGER}{'a' * 16}/b", "refs/planfence/ledger"]
)  # fmt: skip
def test_other_names_of_ours(lab, name: str) -> None:
    lab.bare()
    assert lab.receive(("", _writer(lab), name)).codes == {"REF002"}


def test_a_ledger_belongs_to_who_pushed_it_first(lab) -> None:
    ref = _writer(lab)
    lab.bare()
    tip = lab.git("rev-parse", ref)
    _run(lab, lab.base)
    assert not lab.receive((tip, ref, ref), GL_ID="user-1").refused
    assert lab.receive((tip, ref, ref), GL_ID="user-2").codes == {"REF002"}
    assert not lab.receive((tip, ref, ref), GL_ID="user-1").refused


def test_code_pushed_as_a_ledger(lab) -> None:
    lab.write("evil.py")
    lab.record()
    assert lab.receive(("", "HEAD", f"{LEDGER}{'d' * 16}")).codes == {"REF002"}


def test_rerun_believes_no_record(lab) -> None:
    lab.write("planfence.toml", GATED.replace('"true"', '"test -f src/auth.py"') + '[trust]\nevidence = "rerun"\n')
    lab.base = lab.record("chore: gate", None)
    lab.write("tests/auth/a.py")
    bad = lab.record()
    _run(lab, bad, result={"command": "test -f src/auth.py"})
    assert lab.verify(bad).codes == {"GAT001"}
    good = _good(lab)
    assert not lab.verify(good).refused
    assert lab.receive(("", good, "refs/heads/topic")).codes == {"exit 3"}
    assert not lab.receive(("", good, "refs/heads/topic"), PLANFENCE_RUN_TESTS="1").refused


def test_a_record_of_another_repository(lab, tmp_path) -> None:
    """It proves its own tree and no other: copied here, it opens nothing."""
    _gate(lab)
    other = type(lab.repo)(tmp_path / "other", lab.repo.variables)
    lab.git("clone", "-q", str(lab.repo.root), str(other.root))
    other.write("tests/auth/theirs.py")
    theirs = other.commit("test: theirs")
    _run(replace(lab, repo=other), theirs)
    lab.git("fetch", "-q", str(other.root), "refs/planfence/*:refs/planfence/*")
    assert _writer(lab)
    head = _good(lab)
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name


def test_two_records_of_one_name(lab) -> None:
    """Whichever is read first, a failure is never turned into a pass by a record of its name."""
    from planfence.ledger.evidence import Outcome

    _gate(lab)
    head = _good(lab)
    _run(lab, head, id="1" * 32, result={"exit": 1, "outcome": Outcome.FAILED})
    _run(lab, lab.base, id="1" * 32)
    for name, verdict in _both(lab, head).items():
        assert verdict.codes == {"GAT001"}, name


@pytest.mark.parametrize("seconds", ["1.5", "NaN", "Infinity", "-1", '"1"', "true"])
def test_a_duration_that_is_none(lab, seconds: str) -> None:
    _gate(lab)
    head = _good(lab)
    _run(lab, head)
    entry = lab.git("cat-file", "blob", f"{_writer(lab)}:entry.json")
    for ref in lab.git("for-each-ref", "--format=%(refname)", LEDGER).splitlines():
        lab.git("update-ref", "-d", ref)
    (lab.repo.root / ".git/planfence/ledger-tip").unlink()
    blob = lab.blob(entry.replace("0.0", seconds).encode())
    tree = lab.git("mktree", stdin=f"100644 blob {blob}\tentry.json\n".encode())
    lab.git("update-ref", f"{LEDGER}{'a' * 16}", lab.git("commit-tree", tree, stdin=b"x"))
    for name, verdict in _both(lab, head).items():
        assert ("GAT001" in verdict.codes) is (seconds != "1.5"), name
