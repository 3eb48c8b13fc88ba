"""A repository that the 0.1.0 wheel made goes on under this version: hooks, notes, caches, ledger, trial."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from support.repository import Repo, environment

RECORDED = Path(__file__).parent / "recorded" / "planfence-0.1.0.tar.gz"
HOOKS = ("pre-commit", "pre-merge-commit", "commit-msg", "post-commit", "pre-push")


@pytest.fixture
def old(tmp_path) -> Repo:
    with tarfile.open(RECORDED) as archive:
        archive.extractall(tmp_path, filter="data")
    for name in HOOKS:
        (tmp_path / "project/.git/hooks" / name).chmod(0o755)
    return Repo(tmp_path / "project", environment(tmp_path), {"PLANFENCE_MODEL": "codex"})


def commit(repo: Repo, text: str, path: str = "src/logout.py") -> int:
    import subprocess

    repo.write(path, text)
    repo.git("add", "-A")
    words = ["git", "commit", "-q", "-m", "fix: log out"]
    done = subprocess.run(words, cwd=repo.root, env=repo.variables | repo.extra, capture_output=True, check=False)
    return done.returncode


def judged(repo: Repo) -> None:
    """Its hooks accept what the task lists and refuse what it does not."""
    assert commit(repo, f"def logout(): return {repo.git('rev-list', '--count', 'HEAD')}\n") == 0
    assert "Plan-Task: auth/logout" in repo.git("log", "-1", "--format=%B")
    for name in ("a", "b", "c"):
        repo.write(f"src/{name}.py")
    assert commit(repo, "x\n", "src/d.py") == 1
    repo.git("reset", "-q", "--hard")
    assert repo.planfence("check", "--range", "HEAD~2..HEAD").returncode == 0


def test_its_old_hooks_start_this_version(old) -> None:
    judged(old)
    rows = {row["subject"]: row for row in json.loads(old.planfence("doctor", "--json").stdout)}
    assert {rows[name]["health"] for name in HOOKS} == {"note"}
    assert {rows[name]["mend"] for name in HOOKS} == {"planfence install"}


def test_its_hooks_are_renewed_and_taken_out(old) -> None:
    assert old.planfence("install").stdout.count("updated") == len(HOOKS)
    judged(old)
    rows = {row["subject"]: row["health"] for row in json.loads(old.planfence("doctor", "--json").stdout)}
    assert {rows[name] for name in HOOKS} == {"ok"}
    assert old.planfence("uninstall", PLANFENCE_MODEL="human").returncode == 0
    assert not list((old.root / ".git/hooks").iterdir())


def test_its_records_are_read(old) -> None:
    assert json.loads(old.planfence("status", "auth/token", "--json").stdout)["stage"] == "done"
    state = json.loads(old.planfence("status", "--json").stdout)
    assert (state["task"], state["stage"], state["holder"]) == ("auth/logout", "implement", "codex")
    assert "planfence 0.1.0" in old.planfence("replay", "last").stdout
    found = json.loads(old.planfence("report", "--json").stdout)
    assert [task["task"] for task in found["tasks"]] == ["auth/token", "auth/logout"]
    assert "looks     at 20 and 40" in old.planfence("trial", "status").stdout
    assert old.planfence("test").returncode == 0
    assert old.planfence("advance").returncode == 0
    assert json.loads(old.planfence("status", "--json").stdout)["stage"] == "review"


def test_doctor_says_what_is_old_and_what_to_type_makes_it_new(old) -> None:
    def told() -> dict[str, str]:
        rows = json.loads(old.planfence("doctor", "--json").stdout)
        return {row["subject"]: row["mend"] for row in rows if row["subject"] in ("claim", "ledger")}

    assert told() == {"claim": "planfence start auth/logout"}
    assert old.planfence("start", "auth/logout").returncode == 0
    assert told() == {}
    policy = (old.root / "planfence.toml").read_text()
    old.write("planfence.toml", policy + '\n[trust]\nevidence = "signed"\nsigners = "signers"\n')
    old.write("signers", "")
    old.git("add", "-A")
    old.git("commit", "-q", "--no-verify", "-m", "chore: only what is signed counts")
    assert told() == {"ledger": "planfence status"}
    assert "written before records said where they belong (0.1.0)" in old.planfence("status").stderr


def test_its_policy_is_read_as_it_was_meant(old) -> None:
    shown = old.planfence("policy", "show", "--origin").stdout
    assert 'unplanned.urgent = "human"  # planfence.toml:7' in shown  # `true` of 0.1.0
    assert 'protected = ["ci/**"]  # planfence.toml:3' in shown


def test_its_ledger_is_exchanged_and_keeps_its_attachments(old, tmp_path) -> None:
    old.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    old.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    assert "own ledger pushed" in old.planfence("sync").stdout
    tips = old.git("for-each-ref", "refs/planfence/ledger")
    pruned = old.planfence("ledger", "prune", "--older-than", "1")
    assert pruned.returncode == 0
    assert "2 entries of an older version hold their attachments themselves" in pruned.stderr
    assert old.git("for-each-ref", "refs/planfence/ledger") == tips
    assert "planfence 0.1.0" in old.planfence("replay", "last").stdout
