"""docs/trust.md word for word: its policy, its signers' file and its commands, from a new key to a server's verdict."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.forge import ROOT
from support.gate import JUNIT

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"
DOC = (ROOT / "docs/trust.md").read_text("utf-8")

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no OpenSSH here")


def block(language: str, holds: str) -> str:
    """The page's block of this language that holds these words."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL) if holds in text]
    assert len(found) == 1, holds
    return found[0]


@dataclass
class Team:
    """A bare repository with the hook, the planner's clone with a key, and another's with a key that is not listed."""

    planner: Any
    other: Any
    server: Any

    def push(self, clone: Any) -> subprocess.CompletedProcess[str]:
        clone.planfence("sync")
        command = ["git", "push", "--no-verify", "origin", "HEAD:refs/heads/topic"]
        return subprocess.run(command, cwd=clone.root, env=clone.variables, capture_output=True, text=True, check=False)


def _key(home: Path) -> str:
    place = home / ".ssh/id_ed25519"
    place.parent.mkdir(parents=True, mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(place)], check=True)
    return place.with_suffix(".pub").read_text().strip()


def _sh(clone: Any, script: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=clone.root,
        env=clone.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def team(repo, tmp_path: Path) -> Any:
    """What the page's policy block says, on main, with the keys of two people."""

    def make(trust: str) -> Team:
        homes = {name: tmp_path / name for name in ("ada", "eve")}
        ada, _ = (_key(home) for home in homes.values())
        listed = block("", "ada@example.org").splitlines()[0]
        repo.write(".planfence-signers", listed.replace("ssh-ed25519 AAAA…", ada) + "\n")
        repo.write("planfence.toml", f'schema = 1\n{trust}\n[tests]\ncommand = "sh suite.sh {{junit}} 2 0"\n')
        repo.write("suite.sh", JUNIT)
        repo.commit("chore: whom to trust")
        bare = tmp_path / "server.git"
        repo.git("clone", "-q", "--bare", str(repo.root), str(bare))
        server = type(repo)(bare, repo.variables)
        assert server.install("--server").returncode == 0
        clones = {}
        for name, home in homes.items():
            root = tmp_path / f"{name}-clone"
            repo.git("clone", "-q", str(bare), str(root))
            clones[name] = type(repo)(root, repo.variables | {"HOME": str(home)})
            clones[name].git("checkout", "-q", "-b", "topic")
        return Team(clones["ada"], clones["eve"], server)

    return make


def widen(clone: Any) -> None:
    """Add a file to the plan, in the worktree."""
    path = clone.root / "plans/auth.toml"
    text = path.read_text().replace("version = 1", "version = 2")
    path.write_text(text.replace('{ path = "src/keys/**" },', '{ path = "src/more.py", change = "add" },'))


def commands() -> list[str]:
    return [line for line in block("sh", "gpg.format ssh").splitlines() if line.strip()]


def plan_and_work(clone: Any, *, signed: bool) -> None:
    widen(clone)
    setup, key, commit, records = commands()
    if signed:
        _sh(clone, f"{setup}\n{key}\n{commit}\n{records}")
    else:
        _sh(clone, commit.replace(" -S ", " "))
    assert clone.planfence("start", "auth/middleware", PLANFENCE_MODEL="human").returncode == 0
    clone.write("src/more.py")
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", f"feat: more{TRAILERS}")


def test_signed_from_the_first_key_to_the_servers_verdict(team) -> None:
    all_ = team(block("toml", 'plan = "signed"'))
    plan_and_work(all_.planner, signed=True)
    assert "GAT001" in all_.push(all_.planner).stderr, "the tests have not run"
    done = all_.planner.planfence("test")
    assert done.returncode == 0, done.stdout + done.stderr
    pushed = all_.push(all_.planner)
    assert pushed.returncode == 0, pushed.stderr
    verified = all_.planner.planfence("verify", "origin/main..HEAD")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_signed_by_nobody_and_by_somebody_who_is_not_listed(team) -> None:
    all_ = team(block("toml", 'plan = "signed"'))
    for signed in (False, True):
        clone = all_.other
        clone.git("reset", "-q", "--hard", "origin/main")
        plan_and_work(clone, signed=True) if signed else _unsigned(clone)
        clone.planfence("test")
        said = all_.push(clone)
        assert said.returncode != 0
        assert "PLN004" in said.stderr
        assert "GAT001" in said.stderr
        assert clone.planfence("verify", "origin/main..HEAD").returncode == 1


def _unsigned(clone: Any) -> None:
    """Without a key nothing starts or is recorded here, so the trailers are typed."""
    widen(clone)
    _sh(clone, commands()[2].replace(" -S ", " "))
    clone.write("src/more.py")
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", f"feat: more{TRAILERS}")


def test_base_takes_only_a_plan_that_was_merged(team) -> None:
    all_ = team('[trust]\nplan = "base"')
    plan_and_work(all_.other, signed=False)
    assert all_.other.planfence("test").returncode == 0
    refused = all_.push(all_.other)
    assert refused.returncode != 0
    assert "src/more.py" in refused.stderr
    # The plan's own commit may be merged; then the same work passes.
    assert all_.other.planfence("test", "--rev", "HEAD^").returncode == 0
    all_.other.planfence("sync")
    all_.other.git("push", "-q", "--no-verify", "origin", "HEAD^:main")
    accepted = all_.push(all_.other)
    assert accepted.returncode == 0, accepted.stderr


def test_rerun_believes_no_record(team) -> None:
    all_ = team('[trust]\nevidence = "rerun"')
    clone = all_.other
    assert clone.planfence("start", "auth/middleware", PLANFENCE_MODEL="human").returncode == 0
    clone.write("src/auth.py")
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", f"feat: work{TRAILERS}")
    refused = all_.push(clone)
    assert refused.returncode != 0
    assert "PLANFENCE_RUN_TESTS=1" in refused.stderr
    # CI runs the tests, where nobody has recorded a pass.
    verified = clone.planfence("verify", "origin/main..HEAD")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    # A pass on record, and tests that fail: the record was forged, and the run says so.
    assert clone.planfence("test").returncode == 0
    clone.write("tests/auth/fail.py")
    clone.write("suite.sh", "exit 1\n")
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", f"feat: break{TRAILERS}")
    _forge(clone)
    local = clone.planfence("verify", "origin/main..HEAD")
    assert local.returncode == 1
    assert "GAT001" in local.stdout + local.stderr


def _forge(clone: Any) -> None:
    """Write a pass by hand for HEAD's tree."""
    from planfence.ledger.evidence import Counts, GateRun, Outcome, Result
    from planfence.ledger.records import new_id, write_run
    from planfence.manifest.policy import Policy

    head, tree = clone.git("rev-parse", "HEAD", "HEAD^{tree}").split()
    result = Result("tests", "sh suite.sh {junit} 2 0", 0, Outcome.PASSED, Counts(2, 0, 0))
    run = GateRun(
        new_id(), tree, head, "", "auth/middleware", 1, "implement", "human", "", (result,), "export", "1", ""
    )
    write_run(clone.open(), Policy(), run)
