"""`trust.plan` and `trust.evidence`, with real keys from end to end."""

from __future__ import annotations

import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Two keys: one that is listed, one that is not."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("listed", "other"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def _trust(lab, keys, plan: str = "branch", evidence: str = "local", namespaces: str = "git,planfence") -> None:
    required = '["push"]' if evidence != "local" else "[]"
    lab.write(
        "planfence.toml",
        f'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\nrequired = {required}\n'
        f'[trust]\nplan = "{plan}"\nevidence = "{evidence}"\nsigners = "signers"\n',
    )
    lab.write("signers", f'ada namespaces="{namespaces}" {(keys / "listed.pub").read_text()}')
    lab.base = lab.record("chore: trust", None)
    lab.git("update-ref", "refs/heads/main", lab.base)


def _signed(lab, keys, key: str, message: str = "docs: plan") -> str:
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={keys / key}")
    lab.git(*settings, "commit", "-q", "--no-verify", "-S", "-m", message)
    return lab.git("rev-parse", "HEAD")


def _widen(lab, version: int = 2) -> None:
    plan = (lab.repo.root / "plans/auth.toml").read_text().replace("version = 1", f"version = {version}")
    plan = plan.replace('{ path = "src/user.py"', '{ path = "new.py" },\n  { path = "src/user.py"')
    lab.write("plans/auth.toml", plan)


def _then_use_it(lab) -> str:
    lab.write("new.py")
    return lab.record()


def test_a_plan_with_a_listed_signature(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    _widen(lab)
    _signed(lab, keys, "listed")
    lab.accepts(_then_use_it(lab))


def test_a_plan_without_a_signature(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    _widen(lab)
    lab.record("docs: plan", None)
    for name, verdict in lab.everywhere(_then_use_it(lab)).items():
        assert "PLN004" in verdict.codes, name


def test_a_plan_signed_by_another_key(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    _widen(lab)
    lab.refuses("PLN004", _signed(lab, keys, "other"))


def test_a_clone_that_calls_every_signature_good(lab, keys) -> None:
    """The clone's own `gpg.ssh.program` and signers' file say yes; they are not asked."""
    _trust(lab, keys, plan="signed")
    _widen(lab)
    head = _signed(lab, keys, "other")
    program = lab.repo.root.parent / "yes"
    program.write_text("#!/bin/sh\necho 'Good \"git\" signature for ada with ED25519 key SHA256:x'\nexit 0\n")
    program.chmod(0o755)
    everybody = lab.repo.root.parent / "everybody"
    everybody.write_text(f"ada {(keys / 'other.pub').read_text()}")
    lab.git("config", "gpg.ssh.program", str(program))
    lab.git("config", "gpg.ssh.allowedSignersFile", str(everybody))
    lab.refuses("PLN004", head)


def test_a_signature_of_another_commit(lab, keys) -> None:
    """A good signature, taken over to a commit that it was not made for."""
    _trust(lab, keys, plan="signed")
    lab.write("docs/x.md")
    good = lab.git("cat-file", "commit", _signed(lab, keys, "listed", "docs: x"))
    header = good.split("\n\n", 1)[0]
    signature = header[header.index("gpgsig ") :]
    lab.git("reset", "-q", "--hard", lab.base)
    _widen(lab)
    tree = lab.git("write-tree")
    text = (
        f"tree {tree}\nparent {lab.base}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n"
        f"{signature}\n\ndocs: plan\n"
    )
    head = lab.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode())
    lab.git("update-ref", "HEAD", head)
    lab.refuses("PLN004", head)


def test_two_signatures(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    _widen(lab)
    good = lab.git("cat-file", "commit", _signed(lab, keys, "listed"))
    header, _, body = good.partition("\n\n")
    signature = header[header.index("gpgsig ") :]
    head = lab.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=f"{header}\n{signature}\n\n{body}\n".encode())
    lab.git("update-ref", "HEAD", head)
    lab.refuses("PLN004", head)


def test_a_key_for_evidence_alone_signs_no_plan(lab, keys) -> None:
    _trust(lab, keys, plan="signed", namespaces="planfence")
    _widen(lab)
    lab.refuses("PLN004", _signed(lab, keys, "listed"))


def test_a_key_that_lists_itself(lab, keys) -> None:
    """The signers' file is read from the protected branch, and to change it needs a listed signature."""
    _trust(lab, keys, plan="signed")
    lab.write("signers", f"eve {(keys / 'other.pub').read_text()}")
    _signed(lab, keys, "other", "chore: signers")
    _widen(lab)
    head = _signed(lab, keys, "other")
    lab.refuses("PLN004", head)


def test_the_policy_needs_a_signature_too(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    lab.write("planfence.toml", 'schema = 1\n[trust]\nplan = "branch"\n')
    lab.refuses("PLN004", lab.record("chore: policy", None))


def test_only_the_protected_branchs_plans(lab, keys) -> None:
    _trust(lab, keys, plan="base")
    _widen(lab)
    plan = lab.record("docs: plan", None)
    head = _then_use_it(lab)
    assert "SCP001" in lab.verify(head).codes
    assert "SCP001" in lab.receive((lab.base, head, "refs/heads/main")).codes
    assert not lab.verify(plan).refused
    assert not lab.verify(head, base=plan).refused


def _run(lab, commit: str, key: str | None, keys) -> None:
    from planfence.ledger.evidence import GateRun, Outcome, Result
    from planfence.ledger.records import new_id, write_run
    from planfence.manifest.policy import Policy

    if key:
        lab.git("config", "planfence.signingKey", str(keys / key))
    tree = lab.git("rev-parse", f"{commit}^{{tree}}")
    results = (Result("tests", "true", 0, Outcome.PASSED),)
    run = GateRun(
        new_id(), tree, commit, lab.base, "auth/middleware", 1, "implement", "human", "", results, "export", "0", "x"
    )
    write_run(lab.repo.open(), Policy(), run)


def _begin(lab, keys) -> None:
    lab.git("config", "planfence.signingKey", str(keys / "listed"))
    lab.repo.begin("auth/middleware")


@pytest.mark.parametrize(("key", "good"), [("listed", True), ("other", False), (None, False)])
def test_evidence_needs_a_listed_signature(lab, keys, key: str | None, good: bool) -> None:
    _trust(lab, keys, evidence="signed")
    _begin(lab, keys)
    lab.write("src/auth.py")
    head = lab.record()
    lab.git("config", "--unset", "planfence.signingKey")
    _run(lab, head, key, keys)
    lab.bare()
    lab.sync()
    for name, verdict in {"verify": lab.verify(head), "receive": lab.receive(("", head, "refs/heads/topic"))}.items():
        assert verdict.refused is not good, (name, verdict)


def test_a_key_for_plans_alone_signs_no_evidence(lab, keys) -> None:
    _trust(lab, keys, evidence="signed", namespaces="git")
    lab.git("config", "planfence.signingKey", str(keys / "listed"))
    lab.write("src/auth.py")
    head = lab.record()
    _run(lab, head, "listed", keys)
    assert "GAT001" in lab.verify(head).codes


def test_signers_that_are_not_on_the_protected_branch(lab, keys) -> None:
    _trust(lab, keys, evidence="signed")
    lab.git("rm", "-q", "--cached", "signers")
    lab.base = lab.record("chore: no signers", None)
    lab.write("src/auth.py")
    assert lab.verify(lab.record()).codes == {"exit 3"}


def _entry(lab) -> bytes:
    """The newest entry of the own ledger."""
    ref = lab.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger").split("\n")[0]
    return lab.git("cat-file", "blob", f"{ref}:entry.json").encode()


def _append(lab, entry: bytes) -> None:
    tree = lab.git("mktree", stdin=f"100644 blob {lab.blob(entry)}\tentry.json\n".encode())
    lab.git("update-ref", f"refs/planfence/ledger/{'e' * 16}", lab.git("commit-tree", tree, stdin=b"x"))
    lab.bare()
    lab.sync()


def _replayed(lab, keys, change) -> dict:
    """Sign a failed run, and put what ``change`` makes of its envelope beside it."""
    import base64
    import json

    _trust(lab, keys, evidence="signed")
    _begin(lab, keys)
    lab.write("src/auth.py")
    head = lab.record()
    _run(lab, lab.base, "listed", keys)
    envelope = json.loads(_entry(lab))
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["subject"][0]["digest"]["gitTree"] = lab.git("rev-parse", f"{head}^{{tree}}")
    change(envelope, json.dumps(payload).encode())
    _append(lab, json.dumps(envelope).encode())
    return {"verify": lab.verify(head), "receive": lab.receive(("", head, "refs/heads/topic"))}


def _other_payload(envelope: dict, payload: bytes) -> None:
    import base64

    envelope["payload"] = base64.b64encode(payload).decode()


def _two_payloads(envelope: dict, payload: bytes) -> None:
    """The signed payload stays, and the statement stands beside it in the clear."""
    import json

    envelope |= json.loads(payload)


def _many_signatures(envelope: dict, payload: bytes) -> None:
    _other_payload(envelope, payload)
    envelope["signatures"] *= 5000


def _no_signature(envelope: dict, payload: bytes) -> None:
    _other_payload(envelope, payload)
    envelope["signatures"] = []


@pytest.mark.parametrize("change", [_other_payload, _two_payloads, _many_signatures, _no_signature])
def test_a_signature_that_was_made_for_another_record(lab, keys, change) -> None:
    for name, verdict in _replayed(lab, keys, change).items():
        assert "GAT001" in verdict.codes, name


def test_a_signature_in_gits_namespace_is_no_records(lab, keys) -> None:
    """A signed commit's signature, or one that git made, proves no test."""
    import json
    import subprocess

    from planfence.ledger.intoto import pae, seal

    _trust(lab, keys, evidence="signed")
    _begin(lab, keys)
    lab.write("src/auth.py")
    head = lab.record()
    lab.git("config", "--unset", "planfence.signingKey")
    _run(lab, head, None, keys)
    payload = json.dumps(json.loads(_entry(lab))).encode()
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(keys / "listed")]
    made = subprocess.run(command, input=pae(payload), capture_output=True, check=True).stdout.decode()
    _append(lab, seal(payload, "listed", made))
    for verdict in (lab.verify(head), lab.receive(("", head, "refs/heads/topic"))):
        assert "GAT001" in verdict.codes


# -- the records that move a task


def _move(lab, key, keys, kind: str, stage: str = "implement", repo=None, **more) -> None:
    """Write a move as any clone could, signed by a key of ours or by none."""
    from planfence.ledger.records import new_id, write_move
    from planfence.ledger.transitions import Move, MoveKind
    from planfence.manifest.policy import Policy

    repo = repo or lab.repo
    repo.git("config", "planfence.signingKey", str(keys / key) if key else "")
    head, tree = repo.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    fields = {"round": 0, "seq": 9, "model": "human"} | more
    move = Move(new_id(), MoveKind(kind), "auth/middleware", stage=stage, commit=head, tree=tree, **fields)
    write_move(repo.open(), Policy(), move)


def _done(lab, keys) -> None:
    _move(lab, "listed", keys, "start", seq=1)
    for seq, stage in ((2, "review"), (3, "done")):
        _move(lab, "listed", keys, "advance", stage, seq=seq)


def _state(lab):
    from planfence.judge.situation import look

    return look(lab.repo.open(), "auth/middleware").state


@pytest.mark.parametrize("key", [None, "other"])
def test_nothing_but_a_listed_signature_moves_a_task(lab, keys, key) -> None:
    _trust(lab, keys, evidence="signed")
    for kind, more in (("start", {}), ("handover", {"holder": "codex"}), ("advance", {}), ("rework", {"round": 1})):
        _move(lab, key, keys, kind, **more)
        assert _state(lab).stage == "plan", kind
    lab.write("src/auth.py")
    lab.bare()
    lab.sync()
    assert "GAT002" in lab.verify(lab.record()).codes
    _done(lab, keys)
    assert _state(lab).stage == "done"
    for kind, more in (("rework", {"round": 1}), ("handover", {"holder": "codex"}), ("start", {"round": 5})):
        _move(lab, key, keys, kind, **more)
        assert (_state(lab).stage, _state(lab).round, _state(lab).holders) == ("done", 0, {}), kind
    _move(lab, "listed", keys, "rework", round=1)
    assert _state(lab).stage == "implement"


def test_a_typed_trailer_reopens_no_task(lab, keys) -> None:
    _trust(lab, keys, evidence="signed")
    _done(lab, keys)
    lab.write("src/auth.py")
    lab.bare()
    lab.sync()
    head = lab.record(lab.message("feat: more", Plan_Rework="1"))
    for name, verdict in {"commit": lab.commit(head), "verify": lab.verify(head)}.items():
        assert "is done" in verdict.words, (name, verdict)


@pytest.mark.parametrize("evidence", ["local", "signed"])
def test_a_move_of_another_repository(lab, keys, evidence: str) -> None:
    """The same key, the same plan and the same task, in a repository that began otherwise."""
    _trust(lab, keys, evidence=evidence)
    for ref in lab.git("for-each-ref", "--format=%(refname)", "refs/planfence").split():
        lab.git("update-ref", "-d", ref)
    (lab.repo.root / ".git/planfence/ledger-tip").unlink()
    other = type(lab.repo)(lab.repo.root.parent / "other", lab.repo.variables)
    other.root.mkdir()
    other.git("init", "-q", "-b", "main")
    for path in ("planfence.toml", "signers", "plans/auth.toml"):
        other.write(path, (lab.repo.root / path).read_bytes())
    other.commit("chore: begin elsewhere")
    _move(lab, "listed", keys, "start", repo=other)
    lab.git("fetch", "-q", str(other.root), "refs/planfence/*:refs/planfence/*")
    assert _state(lab).stage == "plan"
    _move(lab, "listed", keys, "start")
    assert _state(lab).stage == "implement"


def test_an_unsigned_run_shadows_no_signed_one(lab, keys) -> None:
    import json

    _trust(lab, keys, evidence="signed")
    _begin(lab, keys)
    lab.write("src/auth.py")
    head = lab.record()
    _run(lab, head, "listed", keys)
    import base64

    payload = base64.b64decode(json.loads(_entry(lab))["payload"])
    _append(lab, payload.replace(b'"at":"x"', b'"at":"9999-12-31T00:00:00Z"').replace(b'"PASSED"', b'"FAILED"'))
    _append(lab, payload.replace(b'"at":"x"', b'"at":"9999-12-31T00:00:00Z"'))
    for name, verdict in {"verify": lab.verify(head), "receive": lab.receive(("", head, "refs/heads/topic"))}.items():
        assert not verdict.refused, (name, verdict)


def test_an_unsigned_merge_settles_no_signed_plan(lab, keys) -> None:
    _trust(lab, keys, plan="signed")
    text = (lab.repo.root / "plans/auth.toml").read_text()

    def amend(version: int) -> str:
        plan = text.replace("version = 1", f"version = {version}")
        lab.write("plans/auth.toml", plan.replace("Extract the auth", f"Extract the {version}"))
        return _signed(lab, keys, "listed")

    ours = amend(2)
    lab.git("checkout", "-q", "-b", "theirs", lab.base)
    theirs = amend(3)
    lab.git("checkout", "-q", "work")
    lab.git("read-tree", theirs)
    lab.refuses("PLN004", lab.record("feat: merge", None, (ours, theirs)), path="plans/auth.toml")
    lab.git("reset", "-q", "--hard", ours)
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={keys / 'listed'}")
    lab.git(*settings, "merge", "-q", "-S", "-X", "theirs", "--no-verify", "theirs")
    lab.accepts()
