"""The push: every ref, every new commit, the evidence at the tip; and the exchange of ledgers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from support.gate import CLAUDE, CODEX, bare_remote, gated, pre_push, push_line, reviewed, work
from support.program import stand_in
from support.repository import Repo, copy_tree, environment

from planfence.ledger.records import read_book
from planfence.ledger.refs import PREFIX

TASK = "auth/middleware"
ZERO = "0" * 40
PUSHPATH = Path(__file__).parents[2] / "src/planfence/hooks/pushpath.py"


@pytest.fixture(scope="module")
def made(templates, tmp_path_factory):
    """What `pushed` is a copy of; for each framework another one, with its hook."""

    @cache
    def make(framework=""):
        folder = tmp_path_factory.mktemp("pushed")
        copy_tree(templates / "planned", folder / "repo")
        repo = Repo(folder / "repo", environment(folder))
        if framework:
            config = "repos:\n- repo: local\n  hooks:\n"
            config += "  - {id: p, name: p, entry: planfence hook pre-push, language: system, stages: [pre-push],"
            config += " always_run: true, pass_filenames: false}\n"
            repo.write(".pre-commit-config.yaml", config)
        gated(repo)
        repo.git("branch", "-f", "main")
        bare_remote(repo, folder / "remote.git")
        work(repo)
        if framework:
            command = [str(Path(sys.executable).with_name(framework)), "install", "-t", "pre-push"]
            variables = repo.variables | homes(folder)
            done = subprocess.run(command, cwd=repo.root, env=variables, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
        return folder

    return make


def homes(folder):
    return {"PRE_COMMIT_HOME": str(folder / "cache"), "PREK_HOME": str(folder / "prek")}


def copied(folder, place):
    for each in folder.iterdir():
        if each.is_dir():
            copy_tree(each, place / each.name)
    repo = Repo(place / "repo", environment(place))
    repo.write(".git/config", (repo.root / ".git/config").read_text().replace(str(folder), str(place)))
    return repo


@pytest.fixture
def pushed(made, tmp_path):
    """A gated repository with a remote that has `main`, and one commit of work on `work`."""
    return copied(made(), tmp_path)


def test_no_evidence_no_push_and_the_command_is_offered(pushed):
    refused = pre_push(pushed, push_line(pushed))
    assert refused.returncode == 1
    assert "GAT001" in refused.stderr
    assert f"planfence test --rev {pushed.git('rev-parse', 'HEAD')[:12]}" in refused.stderr
    assert pushed.planfence("test", **CODEX).returncode == 0
    assert pre_push(pushed, push_line(pushed)).returncode == 0


def test_the_gate_is_run_then_and_there_where_asked(pushed):
    asked = pre_push(pushed, push_line(pushed), PLANFENCE_RUN_TESTS="1", **CODEX)
    assert asked.returncode == 0, asked.stderr
    assert pre_push(pushed, push_line(pushed)).returncode == 0


def test_a_failing_gate_refuses_the_push(pushed):
    pushed.write("suite.sh", "exit 1\n")
    pushed.commit("chore: broken suite")
    assert pre_push(pushed, push_line(pushed), PLANFENCE_RUN_TESTS="1").returncode == 1


def test_rerun_believes_no_record(pushed):
    pushed.write("planfence.toml", (pushed.root / "planfence.toml").read_text() + '[trust]\nevidence = "rerun"\n')
    pushed.commit("chore: rerun")
    counter = pushed.root.parent / "count"
    pushed.write("src/user.py", "x = 1\n")
    pushed.write("suite.sh", f"printf x >>'{counter}'\n" + (pushed.root / "suite.sh").read_text())
    pushed.commit(f"feat: x\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex")
    pushed.planfence("test", **CODEX)
    seen = len(counter.read_text())
    pre_push(pushed, push_line(pushed))
    assert len(counter.read_text()) == seen + 1


def test_other_commits_need_scope_and_not_evidence(pushed):
    pushed.write("other.py")
    pushed.write("third.py")
    pushed.write("fourth.py")
    pushed.commit("feat: elsewhere", "--no-verify")
    bad = pushed.git("rev-parse", "HEAD")
    work(pushed, "auth = 2\n")
    pushed.planfence("test", **CODEX)
    refused = pre_push(pushed, push_line(pushed))
    assert refused.returncode == 1
    assert "MSG001" in refused.stderr
    assert bad[:12] in refused.stderr


def test_every_ref_of_the_push_counts(pushed):
    pushed.planfence("test", **CODEX)
    good = pushed.git("rev-parse", "HEAD")
    work(pushed, "auth = 2\n")
    bad = pushed.git("rev-parse", "HEAD")
    lines = push_line(pushed, "a", good) + push_line(pushed, "b", bad)
    assert pre_push(pushed, lines).returncode == 1
    assert pre_push(pushed, push_line(pushed, "a", good) + push_line(pushed, "c", good)).returncode == 0


@pytest.mark.parametrize(
    "ref",
    ["refs/tags/v1", "refs/heads/new", "refs/custom/x", "refs/stash", "refs/for/main", "refs/heads/a\u2028b\x85c"],
)
def test_tags_new_branches_and_custom_refs(pushed, ref):
    assert pre_push(pushed, push_line(pushed, new=pushed.git("rev-parse", "HEAD"), remote=ref)).returncode == 1


def test_an_annotated_tag_is_peeled(pushed):
    pushed.git("tag", "-a", "-m", "v1", "v1")
    line = f"refs/tags/v1 {pushed.git('rev-parse', 'v1')} refs/tags/v1 {ZERO}\n".encode()
    assert pre_push(pushed, line).returncode == 1
    pushed.planfence("test", **CODEX)
    assert pre_push(pushed, line).returncode == 0


def test_a_tag_of_a_tree_can_not_be_judged(pushed):
    tree = pushed.git("rev-parse", "HEAD^{tree}")
    line = f"refs/tags/t {tree} refs/tags/t {ZERO}\n".encode()
    refused = pre_push(pushed, line)
    assert refused.returncode == 2
    assert "leads to no commit" in refused.stderr


def test_deletions_force_pushes_and_nothing_new(pushed):
    line = f"(delete) {ZERO} refs/heads/old {pushed.git('rev-parse', 'main')}\n".encode()
    deleted = pre_push(pushed, line)
    assert deleted.returncode == 0
    assert "is deleted" in deleted.stderr
    assert pre_push(pushed, b"").returncode == 0
    assert pre_push(pushed, push_line(pushed, "x", pushed.git("rev-parse", "main"))).returncode == 0
    pushed.planfence("test", **CODEX)
    old = pushed.git("rev-parse", "HEAD")
    pushed.git(
        "commit", "-q", "--amend", "-m", f"feat: y\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex"
    )
    forced = pre_push(pushed, push_line(pushed, old=old))
    assert forced.returncode == 0
    assert "is forced" in forced.stderr


@pytest.mark.parametrize("line", [b"rubbish\n", b"a b c\n", b"refs/heads/x zzzz refs/heads/x 0000\n", b"a\n"])
def test_lines_that_git_would_not_write(pushed, line):
    assert pre_push(pushed, line).returncode == 3


def test_a_ledger_on_the_remote_only_grows(pushed):
    ref = pushed.git("for-each-ref", "--format=%(refname)", PREFIX).splitlines()[0]
    tip = pushed.git("rev-parse", ref)
    grown = f"{ref} {tip} {ref} {pushed.git('rev-parse', ref + '~1')}\n".encode()
    assert pre_push(pushed, grown).returncode == 0
    back = f"{ref} {pushed.git('rev-parse', ref + '~1')} {ref} {tip}\n".encode()
    assert pre_push(pushed, back).returncode == 2
    assert pre_push(pushed, f"(delete) {ZERO} {ref} {tip}\n".encode()).returncode == 2


def test_what_another_branch_already_has_is_judged_all_the_same(pushed):
    pushed.git("push", "-q", "--no-verify", "origin", "work:refs/heads/unguarded")
    assert pre_push(pushed, push_line(pushed)).returncode == 1


def test_commits_from_after_the_review_began(pushed):
    pushed.planfence("start", TASK, **CODEX)
    pushed.planfence("test", **CODEX)
    assert pushed.planfence("advance", **CODEX).returncode == 0
    assert pre_push(pushed, push_line(pushed)).returncode == 0
    work(pushed, "auth = 5\n")
    pushed.planfence("test", **CODEX)
    refused = pre_push(pushed, push_line(pushed))
    assert refused.returncode == 1
    assert "GAT002" in refused.stderr


def test_the_frameworks_id_looks_at_every_branch_that_the_remote_lacks(pushed):
    pushed.git("branch", "side")
    pushed.planfence("test", **CODEX)
    tip = pushed.git("rev-parse", "HEAD")
    told = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_TO_REF": tip}
    assert pushed.planfence("hook", "pre-push", **told).returncode == 0
    pushed.git("checkout", "-q", "side")
    for name in "abc":
        pushed.write(f"{name}.py")
    pushed.commit("feat: elsewhere")
    assert pushed.planfence("hook", "pre-push", **told).returncode == 1


def light(repo, stdin: bytes, **extra: str):
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(PUSHPATH), "origin", "url"]
    variables = repo.variables | extra
    return subprocess.run(command, cwd=repo.root, env=variables, input=stdin, capture_output=True, check=False)


def test_the_light_entry_knows_what_was_judged_and_nothing_else(pushed):
    assert b"planfence.hooks.main" in light(pushed, push_line(pushed)).stderr
    assert light(pushed, push_line(pushed)).returncode == 1
    pushed.planfence("test", **CODEX)
    quick = light(pushed, push_line(pushed))
    assert quick.returncode == 0
    assert b"planfence.hooks.main" not in quick.stderr
    assert b"subprocess" not in quick.stderr
    assert "event=pre-push,result=accepted" in (pushed.root / ".ai-benchmark.csv").read_text()
    head, base = pushed.git("rev-parse", "HEAD"), pushed.git("rev-parse", "main")
    slow = [
        push_line(pushed) + push_line(pushed, "b", head),
        push_line(pushed, new=base),
        push_line(pushed, remote="refs/heads/main"),
        push_line(pushed, new=head, remote="refs/tags/x"),
    ]
    for line in slow:
        assert b"planfence.hooks.main" in light(pushed, line).stderr
    assert b"planfence.hooks.main" in light(pushed, push_line(pushed), PLANFENCE_RUN_TESTS="1").stderr


@pytest.mark.parametrize("harm", ["ledger", "base", "note"])
def test_the_light_entry_steps_aside_once_anything_changed(pushed, harm):
    pushed.planfence("test", **CODEX)
    if harm == "ledger":
        ref = pushed.git("for-each-ref", "--format=%(refname)", PREFIX).splitlines()[0]
        pushed.git("update-ref", "-d", ref)
        (pushed.root / ".git/planfence/ledger-tip").unlink()
    elif harm == "base":
        pushed.git("update-ref", "refs/remotes/origin/main", "HEAD")
    else:
        for note in (pushed.root / ".git/planfence/cache").glob("push-*"):
            note.write_text(note.read_text().replace("end\n", ""))
    done = light(pushed, push_line(pushed))
    assert b"planfence.hooks.main" in done.stderr
    assert done.returncode == (1 if harm == "ledger" else 0)


def clone(repo, where: Path, source: str | Path):
    repo.git("clone", "-q", str(source), str(where))
    return Repo(where, repo.variables)


def test_ledgers_are_exchanged_and_a_run_replays_in_a_fresh_clone(pushed, tmp_path):
    pushed.planfence("test", **CODEX)
    synced = pushed.planfence("sync")
    assert synced.returncode == 0, synced.stderr
    other = clone(pushed, tmp_path / "other", tmp_path / "remote.git")
    assert not read_book(other.open()).runs
    assert other.planfence("sync").returncode == 0
    (run,) = read_book(other.open()).runs
    assert other.git("cat-file", "-t", run.commit, ok=False) == ""
    shown = other.planfence("replay", run.id, "--tests")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "the outcome is same" in shown.stdout
    assert other.planfence("rework", "--why", "x", TASK, **CLAUDE).returncode == 2
    other.git("fetch", "-q", str(pushed.root), "work:work")
    other.git("checkout", "-q", "work")
    assert other.planfence("advance", TASK, **CODEX).returncode == 0
    other.planfence("sync")
    pushed.planfence("sync")
    assert "stage    review" in pushed.planfence("status", TASK).stdout
    assert not reviewed(pushed).refused


def test_offline_is_no_error(pushed):
    pushed.git("remote", "set-url", "origin", "https://127.0.0.1:1/none.git")
    done = pushed.planfence("sync")
    assert done.returncode == 0
    assert "was not reached" in done.stderr


def test_no_remote_is_said(repo):
    assert "there is no remote" in repo.planfence("sync").stderr


def test_a_copied_folder_takes_a_name_of_its_own(pushed, tmp_path):
    shutil.copytree(pushed.root, tmp_path / "copy", symlinks=True)
    copy = Repo(tmp_path / "copy", pushed.variables)
    pushed.planfence("start", "auth/guide", "--prompt", "-", stdin=b"x", **CODEX)
    copy.planfence("test", **CODEX)
    assert pushed.planfence("sync").returncode == 0
    said = copy.planfence("sync")
    assert "new name" in said.stderr
    pushed.planfence("sync")
    here, there = read_book(pushed.open()), read_book(copy.open())
    assert {move.id for move in here.moves} == {move.id for move in there.moves}
    assert len(here.runs) == len(there.runs) == 1


def test_a_symbolic_ledger_is_not_synced(pushed):
    pushed.git("symbolic-ref", PREFIX + "0" * 16, "refs/heads/main")
    done = pushed.planfence("sync")
    assert done.returncode == 2
    assert "symbolic-ref --delete" in done.stderr


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_remote_that_git_daemon_serves(pushed, tmp_path):
    port = free_port()
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--enable=receive-pack", "--export-all"]
    daemon = subprocess.Popen([*command, f"--base-path={tmp_path}", str(tmp_path)], env=pushed.variables)
    try:
        pushed.git("remote", "set-url", "origin", f"git://127.0.0.1:{port}/remote.git")
        for _ in range(100):
            if "was not reached" not in pushed.planfence("sync").stderr:
                break
            time.sleep(0.05)
        listed = pushed.git("ls-remote", "origin", f"{PREFIX}*")
        assert listed
    finally:
        # git starts the daemon proper as a child, which goes when its listener's parent is ended.
        subprocess.run(["kill", "--", *_family(daemon.pid)], check=False)
        daemon.wait()


def _family(pid: int) -> list[str]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [*(children.read_text().split() if children.exists() else []), str(pid)]


@pytest.fixture(params=["pre-commit", "prek"])
def framed(made, tmp_path, request):
    """As `pushed`, with the plugin's id installed by a framework."""
    repo = copied(made(request.param), tmp_path)
    repo.extra = homes(tmp_path) | {"PATH": f"{stand_in('planfence').parent}{os.pathsep}{repo.variables['PATH']}"}
    return repo


def test_a_push_under_a_framework(framed):
    assert "GAT001" in push_output(framed)
    assert framed.planfence("test", **CODEX).returncode == 0
    said = push_output(framed)
    assert framed.git("ls-remote", "origin", "refs/heads/work"), said


def unfinished(repo) -> None:
    """Beside the finished `work`: a branch, and a tag of a commit of it, that must not leave."""
    assert repo.planfence("test", **CODEX).returncode == 0
    repo.git("checkout", "-q", "-b", "side")
    for name in "abc":
        repo.write(f"{name}.py")
    repo.commit("feat: elsewhere", "--no-verify")
    repo.git("tag", "v1")
    repo.git("checkout", "-q", "work")


@pytest.mark.parametrize(
    "words",
    [
        ("-q", "-u", "origin", "work"),
        ("--force-with-lease", "origin", "HEAD:refs/heads/topic"),
        ("origin", "+work", "main"),
        ("--follow-tags", "origin", "work"),
    ],
    ids=" ".join,
)
def test_under_a_framework_another_branch_may_be_unfinished(framed, words):
    unfinished(framed)
    said = push_output(framed, *words)
    assert framed.git("ls-remote", "--heads", "origin", "work", "topic"), said


@pytest.mark.parametrize(
    "words",
    [
        ("origin", "work", "side"),
        ("origin", "work", "side~0:refs/heads/other"),
        ("origin", "work", "v1"),
        ("--all", "origin"),
        ("--mirror", "origin"),
        ("--tags", "origin", "work"),
        ("origin", "refs/heads/*:refs/heads/*"),
        ("origin", ":"),
        ("-c", "push.default=matching"),
    ],
    ids=" ".join,
)
def test_under_a_framework_no_ref_hides_behind_the_first(framed, words):
    unfinished(framed)
    framed.git("push", "-q", "--no-verify", "origin", "main:side", "main:work")
    before = framed.git("ls-remote", "origin")
    said = push_output(framed, *words)
    assert "MSG001" in said
    assert framed.git("ls-remote", "origin") == before


@pytest.mark.parametrize(
    ("words", "configured"),
    [
        (("origin", "work", "refs/custom/*:refs/custom/*"), ()),
        (("origin", "work", "refs/notes/*"), ()),
        (("origin",), ("refs/heads/work", "refs/custom/*:refs/custom/*")),
        (("origin",), ("refs/heads/work", "refs/notes/*:refs/notes/*")),
        (("origin",), ("refs/*:refs/*",)),
    ],
    ids=str,
)
def test_under_a_framework_no_ref_is_of_a_kind_that_nobody_looks_at(framed, words, configured):
    """What is pushed may be configured by variables, and be neither a branch nor a tag."""
    unfinished(framed)
    for ref in ("refs/custom/x", "refs/notes/x"):
        framed.git("update-ref", ref, "side")
    framed.git("branch", "-q", "-D", "side")
    framed.git("tag", "-d", "v1")
    told = {"GIT_CONFIG_COUNT": str(len(configured))} if configured else {}
    for number, refspec in enumerate(configured):
        told |= {f"GIT_CONFIG_KEY_{number}": "remote.origin.push", f"GIT_CONFIG_VALUE_{number}": refspec}
    before = framed.git("ls-remote", "origin")
    framed.extra |= told
    said = push_output(framed, *words)
    assert "MSG001" in said
    assert framed.git("ls-remote", "origin") == before


def push_output(repo, *words: str) -> str:
    words = words or ("origin", "work")
    command = ["git", *words, "push", "origin"] if words[0] == "-c" else ["git", "push", *words]
    done = subprocess.run(
        command,
        cwd=repo.root,
        env=repo.variables | repo.extra,
        capture_output=True,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


def test_a_rebase_after_the_review_began_keeps_what_was_moved_on(pushed, tmp_path):
    pushed.planfence("start", TASK, **CODEX)
    pushed.planfence("test", **CODEX)
    assert pushed.planfence("advance", **CODEX).returncode == 0
    pushed.git("checkout", "-q", "main")
    pushed.write("docs/other.md")
    pushed.commit("docs: elsewhere")
    pushed.git("push", "-q", "--no-verify", "origin", "main")
    pushed.git("checkout", "-q", "work")
    pushed.git("rebase", "-q", "main")
    pushed.git("reflog", "expire", "--expire=now", "--all")
    pushed.git("gc", "-q", "--prune=now")
    assert pushed.planfence("test", **CODEX).returncode == 0
    assert pre_push(pushed, push_line(pushed)).returncode == 0
    work(pushed, "auth = 7\n")
    pushed.planfence("test", **CODEX)
    assert "GAT002" in pre_push(pushed, push_line(pushed)).stderr
