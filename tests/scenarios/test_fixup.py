"""`fixup!` and its kin: free at home, folded before they leave, by the very command that the refusal names."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from support.gate import CODEX, bare_remote, gated, pre_push, push_line, work

TASK = "auth/middleware"
TRAILERS = f"\n\nPlan-Task: {TASK}\nPlan-Stage: implement\nPlan-Model: codex"


@pytest.fixture
def fixed(repo, tmp_path):
    """A gated branch with a commit and its `fixup!`, tested; the remote has `main`."""
    gated(repo)
    repo.git("branch", "-f", "main")
    bare_remote(repo, tmp_path / "remote.git")
    repo.planfence("start", TASK, **CODEX)
    work(repo)
    fix(repo, "fixup! feat: work")
    assert repo.planfence("test", **CODEX).returncode == 0
    return repo


def fix(repo, subject: str, text: str = "auth = 2\n") -> None:
    repo.write("src/auth.py", text)
    repo.commit(subject + TRAILERS)


def typed(said: str) -> str:
    """The command that a refusal offers."""
    return re.search(r"^ +((?:GIT_\w+=\S+ )*git (?:rebase|commit -q --amend) .*)$", said, re.MULTILINE)[1]


def run(repo, command: str, **extra: str) -> None:
    """Type a command, in an editor that only saves."""
    variables = repo.variables | {"GIT_SEQUENCE_EDITOR": ":", "GIT_EDITOR": ":"} | extra
    subprocess.run(command, shell=True, cwd=repo.root, env=variables, check=True, capture_output=True)


@pytest.mark.parametrize("word", ["fixup", "squash", "amend"])
def test_refused_at_the_push_until_the_offered_command_was_typed(fixed, word):
    if word != "fixup":
        fix(fixed, f"{word}! feat: work", "auth = 3\n")
        assert fixed.planfence("test", **CODEX).returncode == 0
    assert fixed.planfence("check", "--range", "main..HEAD").returncode == 0
    refused = pre_push(fixed, push_line(fixed))
    assert refused.returncode == 1
    assert f"MSG002 a {word}! commit is not folded yet" in refused.stderr
    tree = fixed.git("rev-parse", "HEAD^{tree}")
    run(fixed, typed(refused.stderr))
    assert fixed.git("rev-parse", "HEAD^{tree}") == tree
    assert fixed.git("rev-list", "--count", "main..HEAD") == "1"
    allowed = pre_push(fixed, push_line(fixed))
    assert allowed.returncode == 0, allowed.stderr


def test_the_same_verdict_in_ci_on_a_server_and_before_a_review(fixed, tmp_path):
    verified = fixed.planfence("verify", "main..HEAD")
    assert verified.returncode == 1
    assert "MSG002" in verified.stdout
    assert "past the local hooks" not in verified.stdout
    server = type(fixed)(tmp_path / "remote.git", fixed.variables)
    fixed.planfence("sync")
    server.git("fetch", "-q", str(fixed.root), "work:refs/kept/work")
    line = f"{'0' * 40} {fixed.git('rev-parse', 'work')} refs/heads/work\n".encode()
    received = server.planfence("receive", stdin=line)
    assert received.returncode == 1
    assert "MSG002" in received.stderr + received.stdout
    refused = fixed.planfence("advance", **CODEX)
    assert refused.returncode == 1
    assert "MSG002" in refused.stderr
    run(fixed, typed(refused.stderr))
    assert fixed.planfence("advance", **CODEX).returncode == 0
    assert pre_push(fixed, push_line(fixed)).returncode == 0


def test_another_branch_than_the_current_one_is_named(fixed):
    fixed.git("checkout", "-q", "main")
    refused = pre_push(fixed, push_line(fixed))
    command = typed(refused.stderr)
    assert shlex.split(command)[-1] == "work"
    run(fixed, command)
    assert fixed.git("rev-list", "--count", "main..work") == "1"


def test_what_is_merged_already_can_not_be_folded_into(fixed):
    run(fixed, typed(pre_push(fixed, push_line(fixed)).stderr))
    fixed.git("push", "-q", "--no-verify", "origin", "work:main")
    fixed.git("fetch", "-q", "origin")
    fix(fixed, "fixup! feat: work", "auth = 5\n")
    assert fixed.planfence("test", **CODEX).returncode == 0
    refused = pre_push(fixed, push_line(fixed))
    assert "fixes nothing that goes out with it" in refused.stderr
    run(
        fixed, typed(refused.stderr), GIT_SEQUENCE_EDITOR="sed -i s/^pick/reword/",
        GIT_EDITOR="sed -i '1s/.*/fix: what was wrong/'",
    )  # fmt: skip
    allowed = pre_push(fixed, push_line(fixed))
    assert allowed.returncode == 0, allowed.stderr


def test_the_policy_may_let_them_out(fixed):
    policy = (fixed.root / "planfence.toml").read_text()
    fixed.git("checkout", "-q", "main")
    fixed.write("planfence.toml", policy + '[rules]\nunfolded-fixup = "warn"\n')
    fixed.commit("chore: fixups may leave")
    fixed.git("push", "-q", "--no-verify", "origin", "main")
    fixed.git("rebase", "-q", "main", "work")
    assert fixed.planfence("test", **CODEX).returncode == 0
    allowed = pre_push(fixed, push_line(fixed))
    assert allowed.returncode == 0, allowed.stderr
    assert "MSG002" in allowed.stderr


def test_the_light_entry_finds_no_note_of_such_a_push(fixed):
    notes = list((fixed.root / ".git/planfence/cache").glob("push-*"))
    assert not [note for note in notes if fixed.git("rev-parse", "HEAD") in note.name]
