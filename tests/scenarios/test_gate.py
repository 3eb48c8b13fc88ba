"""The test gate from outside: what opens it, and everything that must not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import pytest
from support.gate import CLAUDE, CODEX, gated, reviewed, work

from planfence.ledger.records import read_book

TASK = "auth/middleware"


def runs(repo):
    return read_book(repo.open()).runs


def test_the_whole_story_of_a_task(repo):
    gated(repo)
    assert repo.planfence("start", TASK, **CODEX).returncode == 0
    work(repo)
    early = repo.planfence("advance", **CODEX)
    assert early.returncode == 1
    assert "GAT001" in early.stderr
    tested = repo.planfence("test", **CODEX)
    assert tested.returncode == 0, tested.stderr
    assert "2 tests, 0 failed" in tested.stdout
    again = repo.planfence("test", **CODEX)
    assert "already passed" in again.stderr
    assert len(runs(repo)) == 1
    assert repo.planfence("advance", **CODEX).returncode == 0
    assert repo.planfence("advance", **CLAUDE).returncode == 1
    assert not reviewed(repo).refused
    done = repo.planfence("finish", **CLAUDE)
    assert done.returncode == 0, done.stderr
    assert "stage done" in done.stdout
    assert f"{TASK},end," in (repo.root / ".ai-run.log").read_text()
    assert repo.planfence("status").returncode == 2


def test_one_more_byte_closes_the_gate_again(repo):
    gated(repo)
    work(repo)
    repo.planfence("test", TASK, **CODEX)
    work(repo, "auth = 2\n")
    assert "GAT001" in repo.planfence("advance", TASK, **CODEX).stderr


def test_two_models_in_turn(repo):
    gated(repo)
    repo.planfence("start", TASK)
    work(repo)
    repo.planfence("test", TASK)
    wrong = repo.planfence("advance", TASK, CLAUDECODE="1")
    assert wrong.returncode == 1
    assert "ROL001" in wrong.stderr
    assert repo.planfence("advance", TASK, CODEX_THREAD_ID="x").returncode == 0
    own = repo.planfence("advance", TASK, CODEX_THREAD_ID="x")
    assert "ROL001" in own.stderr
    assert "PLANFENCE_MODEL" not in wrong.stderr + own.stderr  # a model is not told how to be another
    assert "ROL002" in own.stderr
    assert not reviewed(repo).refused
    assert repo.planfence("advance", TASK, CLAUDECODE="1").returncode == 0


def test_a_person_takes_a_role_over_by_saying_so(repo):
    gated(repo)
    repo.planfence("start", TASK)
    repo.write("src/auth.py", "a = 1\n")
    repo.git("add", "-A")
    refused = repo.planfence("check")
    assert "ROL001" in refused.stdout
    assert repo.planfence("start", TASK, "--take-over", "codex is down").returncode == 0
    assert repo.planfence("check").returncode == 0
    assert any(move.why == "codex is down" and move.holder == "human" for move in read_book(repo.open()).moves)


def test_after_the_last_round_the_role_changes_hands(repo):
    gated(repo)
    repo.planfence("start", TASK, **CODEX)
    for number in range(3):
        work(repo, f"auth = {number}\n")
        assert repo.planfence("test", **CODEX).returncode == 0
        assert repo.planfence("advance", **CODEX).returncode == 0
        back = repo.planfence("rework", "--why", "still wrong", **CLAUDE)
        assert back.returncode == (1 if number == 2 else 0), back.stderr
    assert "ROL003" in back.stderr
    assert "--to MODEL" in back.stderr
    assert repo.planfence("rework", "--why", "still wrong", "--to", "gemini", **CLAUDE).returncode == 0
    repo.write("src/auth.py", "auth = 9\n")
    repo.git("add", "-A")
    assert "ROL001" in repo.planfence("check", **CODEX).stdout
    assert repo.planfence("check", PLANFENCE_MODEL="gemini").returncode == 0


def test_a_task_waits_for_those_it_depends_on(repo):
    gated(repo, plan=lambda text: text.replace('id = "guide"', 'id = "guide"\ndepends_on = ["middleware"]'))
    refused = repo.planfence("start", "auth/guide", **CODEX)
    assert refused.returncode == 1
    assert "GAT003" in refused.stderr


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("sh suite.sh {junit} 0 0", "no-tests"),
        ("sh suite.sh {junit} 3 1", "failed"),
        ("true {junit}", "no-report"),
        ("echo '<testsuites/>' > {junit}", "no-tests"),
        ("echo '<!DOCTYPE x><testsuites><testcase/></testsuites>' > {junit}", "no-report"),
        ("printf '<testsuites><testcase' > {junit}", "no-report"),
        ("no-such-tool --junit {junit}", "not-found"),
        ("kill -SEGV $$", "failed"),
        ("exit 3", "failed"),
        ("sh suite.sh {junit} 2 0; exit 1", "failed"),
    ],
)
def test_what_is_no_pass(repo, command, outcome):
    gated(repo, command)
    work(repo)
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 1, done.stdout + done.stderr
    assert outcome in done.stdout
    assert "  hint: " in done.stderr
    assert "GAT001" in repo.planfence("advance", TASK, **CODEX).stderr


def test_a_shell_command_without_a_report_counts_by_its_exit_status(repo):
    gated(repo, "test -f src/auth.py")
    work(repo)
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 0
    assert "no report" in done.stdout
    assert runs(repo)[-1].results[0].counts is None


def test_a_hanging_run_is_ended_with_everything_it_started(repo, tmp_path):
    mark = tmp_path / "alive"
    gated(repo, f"(while :; do date > {mark}; sleep 0.1; done) & sleep 600")
    policy = (repo.root / "planfence.toml").read_text() + "timeout_s = 1\n"
    repo.write("planfence.toml", policy)
    repo.commit("chore: timeout")
    work(repo)
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 1
    assert "timeout" in done.stdout
    time.sleep(0.3)
    mark.unlink(missing_ok=True)
    time.sleep(0.4)
    assert not mark.exists()


def test_variables_that_change_what_is_collected_do_not_reach_the_tests(repo):
    gated(repo, 'test -z "$PYTEST_ADDOPTS$NODE_OPTIONS$GIT_DIR$GIT_INDEX_FILE$PLANFENCE_TASK"')
    work(repo)
    extra = {"PYTEST_ADDOPTS": "--co", "NODE_OPTIONS": "--x", "GIT_INDEX_FILE": str(repo.root / ".git/index")}
    assert repo.planfence("test", TASK, PLANFENCE_TASK=TASK, **CODEX, **extra).returncode == 0


@pytest.mark.parametrize(
    "deed",
    [
        "git commit --allow-empty -qm evil",
        "git rm -q --cached README.md",
        "git config core.bare true",
        "echo evil >> README.md",
        "git update-ref refs/heads/main HEAD~1; git init -q; git commit --allow-empty -qm x",
        "rm -rf .git/planfence; git update-index --assume-unchanged README.md",
    ],
)
def test_a_test_that_changes_its_repository_is_no_pass_and_in_an_export_finds_none(repo, deed):
    gated(repo, f"{deed}; exit 0")
    work(repo)
    before = repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), repo.git("config", "--list", "--local")
    done = repo.planfence("test", TASK, **CODEX)
    assert "(worktree, run" in done.stdout
    assert "disturbed" in done.stdout
    assert done.returncode == 1
    if "core.bare" in deed:
        repo.git("config", "core.bare", "false")
    repo.git("reset", "-q", "--hard", before[0])
    repo.git("update-index", "--no-assume-unchanged", "README.md")
    repo.write("stray.txt")
    repo.planfence("test", TASK, "--again", **CODEX)
    (repo.root / "stray.txt").unlink()
    assert (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s")) == before[:2]


def test_why_it_runs_in_an_export_is_said(repo):
    gated(repo, "test ! -e stray.py")
    work(repo)
    repo.write("stray.py")
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 0
    assert "stray.py is not in the tree" in done.stderr
    assert "(export, run" in done.stdout
    (repo.root / "stray.py").unlink()
    done = repo.planfence("test", TASK, "--again", **CODEX)
    assert "planfence's own log, .ai-benchmark.csv, is in the worktree" in done.stderr


def test_links_and_setup_in_the_export(repo):
    gated(repo, "cat node_modules/x made", more="")
    more = 'where = "export"\nlinks = ["node_modules"]\nsetup = "echo > made"\n'
    policy = (repo.root / "planfence.toml").read_text() + more
    repo.write("planfence.toml", policy)
    repo.write(".gitignore", "node_modules\n.ai-*\n")
    repo.commit("chore: links")
    repo.write("node_modules/x", "x")
    work(repo)
    assert repo.planfence("test", TASK, **CODEX).returncode == 0
    repo.write("planfence.toml", policy.replace("echo > made", "false"))
    repo.commit("chore: bad setup")
    work(repo, "auth = 2\n")
    assert "setup-failed" in repo.planfence("test", TASK, **CODEX).stdout


def test_where_worktree_refuses_a_worktree_that_is_not_the_tree(repo):
    gated(repo, "true")
    repo.write("planfence.toml", (repo.root / "planfence.toml").read_text() + 'where = "worktree"\n')
    repo.commit("chore: here")
    work(repo)
    repo.write("README.md", "changed")
    done = repo.planfence("test", TASK, **CODEX)
    assert done.returncode == 3
    assert "README.md is not what the tree has" in done.stderr


def test_no_command_opens_nothing(repo):
    gated(repo, "")
    work(repo)
    assert repo.planfence("test", TASK, **CODEX).returncode == 2
    assert "names no test command" in repo.planfence("advance", TASK, **CODEX).stderr


def test_a_criterion_has_a_command_of_its_own(repo):
    own = 'acceptance = [{ id = "tests", text = "it is there", run = "test -f src/other.py" }]'
    old = 'acceptance = [{ id = "A1", text = "No token gives 401", review = true }]'
    gated(repo, plan=lambda text: text.replace(old, own, 1))
    work(repo)
    assert repo.planfence("test", TASK, **CODEX).returncode == 1
    assert "tests is not met" in repo.planfence("advance", TASK, **CODEX).stderr
    work(repo, path="tests/auth/a.py")
    assert repo.planfence("advance", TASK, **CODEX).returncode == 1


def test_the_staged_tree_before_the_commit(repo):
    gated(repo)
    policy = (repo.root / "planfence.toml").read_text() + 'required = ["commit"]\n'
    repo.write("planfence.toml", policy)
    repo.commit("chore: at the commit")
    repo.planfence("start", TASK, **CODEX)
    repo.write("src/auth.py", "a = 1\n")
    repo.git("add", "-A")
    refused = repo.planfence("check", **CODEX)
    assert "GAT001" in refused.stdout
    assert "planfence test --staged" in refused.stdout
    assert repo.planfence("test", "--staged", **CODEX).returncode == 0
    assert repo.planfence("check", **CODEX).returncode == 0
    repo.write("src/auth.py", "a = 2\n")
    repo.git("add", "-A")
    assert repo.planfence("check", **CODEX).returncode == 1


def test_code_stays_as_it_is_under_review(repo):
    gated(repo)
    repo.planfence("start", TASK, **CODEX)
    work(repo)
    repo.planfence("test", **CODEX)
    assert repo.planfence("advance", **CODEX).returncode == 0
    repo.write("src/auth.py", "a = 2\n")
    repo.git("add", "-A")
    refused = repo.planfence("check", **CODEX)
    assert "GAT002" in refused.stdout
    assert "rework" in refused.stdout


def test_reworks_are_remembered_without_the_ledger(repo):
    gated(repo)
    repo.write("src/auth.py", "a = 2\n")
    repo.commit(f"feat: x\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex\nPlan-Rework: 2")
    assert "sent back 2 times" in repo.planfence("status", TASK).stdout


def test_the_clock_goes_back(repo):
    gated(repo)
    work(repo)
    repo.planfence("start", TASK, **CODEX)
    repo.planfence("test", TASK, **CODEX)
    past = {"GIT_COMMITTER_DATE": "1999-01-01T00:00:00Z", "GIT_AUTHOR_DATE": "1999-01-01T00:00:00Z"}
    assert repo.planfence("advance", TASK, **CODEX, **past).returncode == 0
    assert repo.planfence("rework", TASK, "--why", "x", **CLAUDE, **past).returncode == 0
    assert "implement, sent back 1 times" in repo.planfence("status", TASK).stdout


def test_signed_evidence(repo, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text()
    repo.write("signers", f'ci@example.org namespaces="planfence" {public}')
    gated(repo, more='[trust]\nevidence = "signed"\nsigners = "signers"')
    repo.git("branch", "-f", "main")
    work(repo, "auth = 0\n")
    none = repo.planfence("test", TASK, **CODEX)
    assert none.returncode == 3
    assert "planfence.signingKey" in none.stderr
    repo.git("config", "planfence.signingKey", str(key))
    assert repo.planfence("start", TASK, **CODEX).returncode == 0
    work(repo)
    assert repo.planfence("test", **CODEX).returncode == 0
    moved = repo.planfence("advance", **CODEX)
    assert moved.returncode == 0, moved.stderr
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    repo.git("config", "planfence.signingKey", str(stranger))
    repo.planfence("rework", "--why", "x", **CLAUDE)
    work(repo, "auth = 3\n")
    unbelieved = repo.planfence("test", **CODEX)
    assert unbelieved.returncode == 1
    assert "not believed" in unbelieved.stdout
    assert "GAT001" in repo.planfence("advance", **CODEX).stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_nodes_own_runner(repo):
    gated(repo, "node --test --test-reporter=junit --test-reporter-destination={junit}")
    repo.write(
        "tests/auth/a.test.js", "const {test} = require('node:test'); test('a', () => {}); test('b', () => {});\n"
    )
    repo.commit(f"test: js\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex")
    done = repo.planfence("test", TASK, NODE_TEST_CONTEXT="child-v8", **CODEX)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 tests" in done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_nodes_own_runner_without_a_report(repo):
    gated(repo, "node --test tests/auth/a.test.js")
    body = "const {test} = require('node:test'); test('a', () => { if (BAD) throw Error('x'); });\n"
    for number, bad in enumerate(("true", "false")):
        repo.write("tests/auth/a.test.js", body.replace("BAD", bad))
        repo.commit(f"test: js\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex")
        assert repo.planfence("test", TASK, **CODEX).returncode == 1 - number
        assert runs(repo)[0].results[0].counts is None


def test_a_commit_that_fixes_the_test_command_can_leave(repo):
    gated(repo, "false")
    work(repo)
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\n')
    repo.commit("chore: other tests")
    done = repo.planfence("test", **CODEX)
    assert done.returncode == 1
    command = done.stderr.rpartition("on: ")[2].strip()
    subprocess.run(command, shell=True, cwd=repo.root, env=repo.variables, check=True, capture_output=True)
    again = repo.planfence("test", **CODEX)
    assert again.returncode == 0
    assert "already passed" in again.stderr


def test_pytest_for_real(repo):
    gated(repo, "python -m pytest -q -p no:cacheprovider --junit-xml={junit} tests")
    work(repo, "def test_a():\n    assert True\n", path="tests/auth/test_a.py")
    done = repo.planfence("test", TASK, PYTEST_ADDOPTS="-k nothing", **CODEX)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 tests, 0 failed" in done.stdout


def test_a_task_is_worked_on_in_one_worktree(repo, tmp_path):
    gated(repo)
    repo.planfence("start", TASK, **CODEX)
    repo.git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    second = repo.planfence("start", TASK, cwd=tmp_path / "second", **CODEX)
    assert second.returncode == 2
    assert str(repo.root) in second.stderr
    assert repo.planfence("start", "auth/guide", cwd=tmp_path / "second", **CODEX).returncode == 0


def test_prompt_and_replay(repo):
    gated(repo, "sh suite.sh {junit} 2 0")
    asked = repo.planfence("start", TASK, "--prompt", "-", stdin=b"Do it well.", **CODEX)
    assert asked.returncode == 0, asked.stderr
    work(repo)
    repo.planfence("test", **CODEX)
    identity = runs(repo)[0].id
    shown = repo.planfence("replay", identity[:10], "--tests", "--into", str(repo.root.parent / "out"))
    assert shown.returncode == 0, shown.stderr
    assert "Do it well." in shown.stdout
    assert "+auth = 1" in shown.stdout
    assert "the outcome is same" in shown.stdout
    assert (repo.root.parent / "out/result/src/auth.py").exists()
    assert not (repo.root.parent / "out/base/src/auth.py").exists()
    assert repo.planfence("replay", "ffffff").returncode == 2


def test_replay_tells_flaky_from_different(repo, tmp_path):
    seen = tmp_path / "seen"
    gated(repo, f"echo >> {seen}; test $(wc -l < {seen}) -ne 2")
    work(repo)
    assert repo.planfence("test", TASK, **CODEX).returncode == 0
    flaky = repo.planfence("replay", "last", "--tests")
    assert flaky.returncode == 1
    assert "the outcome is flaky" in flaky.stdout
    seen.write_text("1\n")
    gone = tmp_path / "gone"
    repo.write("planfence.toml", f'schema = 1\n[tests]\ncommand = "test ! -e {gone}"\n')
    repo.commit("chore: other tests")
    repo.planfence("test", TASK, **CODEX)
    gone.touch()
    different = repo.planfence("replay", "last", "--tests")
    assert "the outcome is different" in different.stdout


def test_a_vague_plan_does_not_start(repo):
    gated(repo, plan=lambda text: text.replace('out_of_scope = ["token format"]\n', "out_of_scope = []\n"))
    for ref in repo.git("for-each-ref", "--format=%(refname)", "refs/planfence").splitlines():
        repo.git("update-ref", "-d", ref)
    (repo.root / ".git/planfence/ledger-tip").unlink()
    refused = repo.planfence("start", TASK, **CODEX)
    assert refused.returncode == 1
    assert "LNT" in refused.stderr


def test_a_full_disk_records_nothing_and_says_so(repo):
    gated(repo, "true")
    work(repo)
    command = f"ulimit -f 0; exec {sys.executable} -m planfence test {TASK}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=repo.root,
        env=repo.variables | CODEX,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr.startswith("planfence: ")
    assert not runs(repo)
