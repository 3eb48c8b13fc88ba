"""Another writer's ledger: what `sync` brings writes no file outside, runs no command, and is nobody's last run."""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import replace

import pytest
from support import program
from support.gate import CODEX, gated, work

from planfence.ledger import evidence
from planfence.ledger.evidence import GateRun, Outcome, Result
from planfence.ledger.intoto import encode
from planfence.ledger.records import new_id, read_book
from planfence.ledger.refs import PREFIX, Ledger
from planfence.ledger.remote import exchange

TASK = "auth/middleware"
FOREIGN = f"{PREFIX}{'f' * 16}"
FUTURE = "9999-12-31T23:59:59Z"


@pytest.fixture
def tested(repo):
    """A repository whose own ledger has one test run."""
    gated(repo, "sh suite.sh {junit} 2 0")
    work(repo)
    assert repo.planfence("test", TASK, **CODEX).returncode == 0
    return repo


def entry(repo, data: bytes, *lines: bytes, ref: str = FOREIGN, when: str = "2099-01-01T00:00:00Z") -> None:
    """Write an entry as another writer might: any bytes, and any further lines of its tree."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=data)
    raw = [(b"100644", b"entry.json", blob)]
    for line in lines:
        mode, oid, name = line.split(b" ", 2)
        raw.append((mode, name, oid.decode()))
    raw.sort(key=lambda one: one[1] + (b"/" if one[0] == b"40000" else b""))
    tree = repo.git(
        "hash-object", "-w", "-t", "tree", "--literally", "--stdin",
        stdin=b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in raw),
    )  # fmt: skip
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    repo.git("update-ref", ref, repo.git("commit-tree", tree, stdin=b"x", **dates))


def claimed(repo, command: str, **changed) -> GateRun:
    tree, head = repo.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    results = (Result("tests", command, 0, Outcome.PASSED),)
    run = GateRun(new_id(), tree, head, head, TASK, 1, "implement", "codex", "", results, "export", "x", FUTURE)
    return replace(run, **changed)


def foreign(repo, run: GateRun, *lines: bytes) -> GateRun:
    entry(repo, encode(evidence.to_statement(run)), b"40000 %s result" % run.tree.encode(), *lines)
    return run


def test_the_last_run_is_ones_own_whatever_date_another_has(tested, tmp_path):
    own = read_book(tested.open()).runs[0]
    foreign(tested, claimed(tested, f"touch {tmp_path}/hit"))
    shown = tested.planfence("replay", "last", "--tests")
    assert shown.returncode == 0, shown.stderr
    assert own.id in shown.stdout
    assert not (tmp_path / "hit").exists()


def test_without_a_run_of_ones_own_there_is_no_last(repo, tmp_path):
    foreign(repo, claimed(repo, f"touch {tmp_path}/hit"))
    shown = repo.planfence("replay", "last", "--tests")
    assert shown.returncode == 2
    assert "this clone" in shown.stderr
    assert not (tmp_path / "hit").exists()


def test_a_record_under_an_own_id_replaces_nothing(tested):
    own = read_book(tested.open()).runs[0]
    foreign(tested, claimed(tested, "false", id=own.id))
    foreign(tested, claimed(tested, "false", id=f"{own.id}x"))
    assert own in read_book(tested.open()).runs
    assert own.results[0].command in tested.planfence("replay", own.id).stdout


def test_what_others_add_under_the_own_name_is_not_ones_own(tested, tmp_path):
    """They push on top of the own ref at the remote; `sync` then goes on under a new name."""
    own = read_book(tested.open()).runs[0]
    tested.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    tested.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    exchange(tested.open(), "origin")
    ref = PREFIX + Ledger(tested.open()).writer()
    before = tested.git("rev-parse", ref)
    run = claimed(tested, f"touch {tmp_path}/hit")
    blob = tested.git("hash-object", "-w", "--stdin", stdin=encode(evidence.to_statement(run)))
    lines = f"100644 blob {blob}\tentry.json\n040000 tree {run.tree}\tresult\n".encode()
    tip = tested.git("commit-tree", tested.git("mktree", stdin=lines), "-p", before, stdin=b"x")
    tested.git("push", "-q", "origin", f"{tip}:{ref}")
    for _ in range(2):
        done = exchange(tested.open(), "origin")
        assert not done.refused
    assert own.id in tested.planfence("replay", "last").stdout
    assert {run.id, own.id} == {each.id for each in read_book(tested.open()).runs}
    assert Ledger(tested.open()).writer() not in ref
    tested.git("update-ref", "-d", PREFIX + Ledger(tested.open()).writer())
    exchange(tested.open(), "origin")
    assert own.id in tested.planfence("replay", "last").stdout


@pytest.mark.parametrize("where", ["command", "setup"])
@pytest.mark.parametrize("agent", [{}, CODEX])
def test_a_command_that_only_the_record_names_is_shown_and_not_run(tested, tmp_path, where, agent):
    line = f"touch {tmp_path}/hit"
    run = claimed(tested, line) if where == "command" else claimed(tested, "sh suite.sh {junit} 2 0", setup=line)
    foreign(tested, run)
    done = tested.planfence("replay", run.id, "--tests", **agent)
    assert done.returncode == 2
    assert line in done.stderr
    assert "nothing was run" in done.stderr
    assert f"planfence replay {run.id} --tests" in done.stderr
    assert not (tmp_path / "hit").exists()


def test_a_policy_that_the_record_brings_along_names_nothing(tested, tmp_path):
    """The record's commit is in the ledger only: its policy is as foreign as its command."""
    line = f"touch {tmp_path}/hit"
    blob = tested.git("hash-object", "-w", "--stdin", stdin=f'schema = 1\n[tests]\ncommand = "{line}"\n'.encode())
    tree = tested.git("mktree", stdin=f"100644 blob {blob}\tplanfence.toml\n".encode())
    commit = tested.git("commit-tree", tree, stdin=b"x")
    run = foreign(tested, claimed(tested, line, tree=tree, commit=commit, base=commit))
    assert tested.planfence("replay", run.id, "--tests").returncode == 2
    assert not (tmp_path / "hit").exists()
    tested.git("branch", "mine", commit)
    assert tested.planfence("replay", run.id, "--tests").returncode == 0
    assert (tmp_path / "hit").exists()


@pytest.mark.parametrize(("answer", "agent", "runs"), [(b"y\n", {}, True), (b"n\n", {}, False), (b"y\n", CODEX, False)])
def test_a_person_at_a_terminal_is_asked(tested, tmp_path, answer, agent, runs):
    run = foreign(tested, claimed(tested, f"touch {tmp_path}/hit"))
    words = ["replay", run.id, "--tests"]
    status, _ = program.run_at_terminal(words, tested.root, tested.variables | agent, answer, only_errors=True)
    assert (tmp_path / "hit").exists() is runs
    assert status == (0 if runs else 2)


def test_who_is_an_agent_by_the_team_s_own_signs_is_none(tested, tmp_path):
    policy = (tested.root / "planfence.toml").read_text()
    tested.write("planfence.toml", f'{policy}\n[identity]\nROBO = "robo"\n')
    tested.commit("chore: robo")
    run = foreign(tested, claimed(tested, f"touch {tmp_path}/hit"))
    words = ["replay", run.id, "--tests"]
    assert (
        program.run_at_terminal(words, tested.root, tested.variables | {"ROBO": "1"}, b"y\n", only_errors=True)[0] == 2
    )
    assert not (tmp_path / "hit").exists()
    assert tested.planfence("uninstall", ROBO="1").returncode == 2
    tested.write("planfence.toml", "schema = \n")
    tested.commit("chore: broken")
    assert tested.planfence("uninstall", CLAUDECODE="1").returncode == 2
    assert tested.planfence("uninstall", PLANFENCE_MODEL="human").returncode == 0


def inside(repo, tmp_path) -> set[str]:
    return {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if repo.root not in path.parents}


@pytest.mark.parametrize(
    "name", [b"..", b".", b".git", b"a/../../b", b".git/hooks/post-checkout", b"%s/absolute", b"base\0", b"x"]
)
def test_a_name_in_an_entry_leads_nowhere(tested, tmp_path, name):
    name = name.replace(b"%s", os.fsencode(tmp_path)).rstrip(b"\0")
    run = claimed(tested, "true")
    foreign(tested, run, b"40000 %s %s" % (run.tree.encode(), name))
    before = inside(tested, tmp_path)
    done = tested.planfence("replay", run.id, "--into", str(tmp_path / "out"))
    assert "Traceback" not in done.stderr
    made = inside(tested, tmp_path) - before
    assert {each.split("/")[0] for each in made} <= {"out"}
    assert {each.split("/")[1] for each in made if "/" in each} <= {"base", "result"}
    assert not (tested.root / ".git/hooks/post-checkout").exists()


@pytest.mark.parametrize("name", [b"..", b".git", b"a/../../b", b".git/hooks/post-checkout", b"/tmp/planfence-x", b""])
def test_a_name_in_a_recorded_tree_leads_nowhere(tested, tmp_path, name):
    blob = tested.git("hash-object", "-w", "--stdin", stdin=b"x")
    raw = b"100755 %s\0%s" % (name, bytes.fromhex(blob))
    tree = tested.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    run = foreign(tested, claimed(tested, "sh suite.sh {junit} 2 0", tree=tree))
    before = inside(tested, tmp_path)
    for arguments in (["--into", str(tmp_path / "out")], ["--tests"]):
        done = tested.planfence("replay", run.id, *arguments)
        assert done.returncode == 3
        assert "is not written to disk" in done.stderr
        assert "Traceback" not in done.stderr
    assert inside(tested, tmp_path) == before


@pytest.mark.parametrize("into", ["out", "./a/out", "../out", "src/../out"])
def test_a_folder_is_named_from_where_one_stands(tested, into):
    folder = tested.root / "docs"
    done = tested.planfence("replay", "last", "--into", into, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / into / "result/src/auth.py").read_text() == "auth = 1\n"
    assert not (folder / into / "base/src/auth.py").exists()


def test_a_tree_that_this_file_system_can_not_hold_leaves_nothing(tested, tmp_path):
    """8 drawn: git takes the tree, and the file system does not take a name or a path in it."""
    draw = random.Random(1)
    blob = tested.git("hash-object", "-w", "--stdin", stdin=b"x")
    for number in range(8):
        name = b"n" * draw.choice((256, 300, 4000))
        raw = b"100644 %s\0%s" % (name, bytes.fromhex(blob))
        for _ in range(draw.randrange(3)):
            tree = tested.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
            raw = b"100644 a\0%s40000 d\0%s" % (bytes.fromhex(blob), bytes.fromhex(tree))
        tree = tested.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
        run = foreign(tested, claimed(tested, "true", id=f"{number:032x}", tree=tree))
        for _ in range(2):  # nothing is in the way of the second one
            done = tested.planfence("replay", run.id, "--into", str(tmp_path / "new" / "out"))
            assert done.returncode == 3, done.stderr
            assert "could not be exported" in done.stderr
        assert not (tmp_path / "new" / "out").exists()


def test_attachments_of_any_size_and_kind(tested):
    run = claimed(tested, "true")
    huge = tested.git("hash-object", "-w", "--stdin", stdin=b"x" * (5 << 20))
    foreign(tested, run, b"120000 %s change.diff" % huge.encode(), b"100644 %s output.txt" % huge.encode(),
            b"100644 %s ../../evil" % huge.encode())  # fmt: skip
    done = tested.planfence("replay", run.id)
    assert done.returncode == 0, done.stderr
    assert "5242880 bytes, not shown" in done.stdout
    assert len(done.stdout) < 10_000
    foreign(tested, run, b"100644 %s output.txt" % huge.encode(), b"100644 %s output.txt" % huge.encode())
    twice = tested.planfence("replay", run.id)
    assert twice.returncode == 3
    assert "twice" in twice.stderr


WRONG = [
    None,
    True,
    -1,
    10**4000,
    1.5,
    "",
    "x",
    "--output=x",
    "\ud800",
    "\x00",
    [],
    ["x"],
    [[]],
    {},
    {"x": {}},
    "9" * 5000,
]


def spoilt(draw: random.Random, value):
    """The same JSON with one thing in it changed, lost or doubled."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(sorted(value))
        if draw.random() < 0.1:
            return {name: each for name, each in value.items() if name != key}
        return value | {key: spoilt(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.85:
        at = draw.randrange(len(value))
        return [*value[:at], spoilt(draw, value[at]), *value[at + draw.randrange(2) :]]
    return draw.choice(WRONG)


@pytest.fixture
def long_numbers():
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(5000)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("long_numbers")
def test_spoilt_entries_are_set_aside_or_shown(tested, capfd):
    """200 drawn; what is read as a run is played back by every way that needs no command."""
    from planfence.cli.replay import _shown
    from planfence.errors import PlanfenceError
    from planfence.gate.replay import find

    draw = random.Random(1)
    good = json.loads(encode(evidence.to_statement(claimed(tested, "true", id="spoilt"))))
    tree = tested.git("rev-parse", "HEAD^{tree}").encode()
    own = {run.id for run in read_book(tested.open()).runs}
    opened, read = tested.open(), 0
    for number in range(200):
        value = spoilt(draw, good)
        entry(tested, json.dumps(value).encode(), b"40000 %s result" % tree, ref=f"{FOREIGN[:-3]}{number:03}")
    book = read_book(opened)
    assert own <= {run.id for run in book.runs}
    assert any("set aside" in problem for problem in book.problems)
    for run in book.runs:
        read += 1
        try:
            recording = find(opened, run.id)
        except PlanfenceError:
            continue
        assert _shown(recording)
        assert json.dumps(dict(evidence.to_statement(recording.run).predicate))
    assert read > 1
    for command in (["status", TASK], ["replay", "last"]):
        assert "Traceback" not in tested.planfence(*command).stderr
