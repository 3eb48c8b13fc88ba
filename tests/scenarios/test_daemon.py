"""Real pushes over the network, on loopback: a bare repository with the hook, clients without any.

By `git daemon`, and by `git http-backend` behind a server that says who pushes.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.serving import daemon, git_has, http

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"
SERVERS = {"git-daemon": daemon, "git-http-backend": http}


@pytest.fixture(params=SERVERS)
def remote(repo, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a served bare repository that holds `repo`'s main and ledger, with the hook installed."""
    if not git_has(request.param):
        pytest.skip(f"this git has no {request.param}")
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    repo.commit("chore: no gate")
    served = tmp_path / "served"
    repo.git("clone", "-q", "--bare", str(repo.root), str(served / "project.git"))
    bare = type(repo)(served / "project.git", repo.variables)
    bare.git("fetch", "-q", str(repo.root), "refs/planfence/*:refs/planfence/*")
    for setting in ("receive.fsckObjects", "receive.advertisePushOptions", "http.receivepack"):
        bare.git("config", setting, "true")
    assert bare.install("--server").returncode == 0
    with SERVERS[request.param](served, repo.variables) as url:
        yield f"{url}/project.git"


def _clone(repo, url: str, name: str):
    root = repo.root.parent / name
    repo.git("clone", "-q", url, str(root))
    return type(repo)(root, repo.variables)


def _push(repo, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "push", *arguments]
    return subprocess.run(command, cwd=repo.root, env=repo.variables, capture_output=True, text=True, check=False)


def test_pushes_from_a_clone_without_hooks(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    assert not (clone.root / ".git/hooks/pre-commit").exists()
    clone.write("evil.py")
    clone.commit(f"feat: x{TRAILERS}")
    refused = _push(clone, "origin", "HEAD:main")
    assert refused.returncode != 0
    assert "remote:   SCP001 evil.py" in refused.stderr
    assert "past the local hooks" in refused.stderr
    clone.git("reset", "-q", "--hard", "origin/main")
    clone.write("src/auth.py")
    good = clone.commit(f"feat: x{TRAILERS}")
    accepted = _push(clone, "origin", "HEAD:main")
    assert accepted.returncode == 0, accepted.stderr
    assert clone.git("ls-remote", "origin", "main").split()[0] == good


def test_force_delete_tags_and_the_ledger(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    clone.git("fetch", "-q", "origin", "refs/planfence/*:refs/planfence/*")
    ledger = clone.git("for-each-ref", "--format=%(refname)", "refs/planfence/").split()[0]
    for arguments in (("origin", ":main"), ("origin", f":{ledger}"), ("--force", "origin", f"main:{ledger}")):
        done = _push(clone, *arguments)
        assert done.returncode != 0, arguments
        assert "REF00" in done.stderr, arguments
    clone.write("evil.py")
    clone.commit(f"feat: x{TRAILERS}")
    clone.git("tag", "-a", "-m", "x", "v1")
    assert "SCP001" in _push(clone, "origin", "v1").stderr
    clone.git("reset", "-q", "--hard", "origin/main")
    clone.write("docs/a.md")
    clone.commit("docs: a")
    assert _push(clone, "origin", "HEAD:refs/heads/topic").returncode == 0
    assert _push(clone, "origin", ":topic").returncode == 0


def test_a_server_whose_interpreter_is_gone_refuses(repo, remote: str, tmp_path: Path) -> None:
    hook = tmp_path / "served/project.git/hooks/pre-receive"
    shutil.copy(hook, tmp_path / "kept")
    hook.write_text(hook.read_text().replace("exec ", "exec /nowhere"))
    clone = _clone(repo, remote, "clone")
    clone.write("src/auth.py")
    clone.commit(f"feat: x{TRAILERS}")
    assert _push(clone, "origin", "HEAD:main").returncode != 0


def _ids(repo) -> tuple[str, str]:
    """A good and a bad commit, side by side on main."""
    repo.write("evil.py")
    bad = repo.commit(f"feat: evil{TRAILERS}")
    repo.git("reset", "-q", "--hard", "origin/main")
    repo.write("src/auth.py")
    return repo.commit(f"feat: good{TRAILERS}"), bad


def test_one_bad_ref_of_several_stops_the_push_and_is_named(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    good, bad = _ids(clone)
    before = clone.git("ls-remote", "origin")
    done = _push(clone, "origin", f"{bad}:refs/heads/bad", f"{good}:refs/heads/good")
    assert done.returncode != 0
    assert "of 2 refs, refs/heads/bad brought what is refused" in done.stderr
    assert "remote:   planfence explain SCP001" in done.stderr
    assert clone.git("ls-remote", "origin") == before
    assert _push(clone, "origin", f"{good}:refs/heads/good", f"{good}:refs/tags/v1").returncode == 0


def test_what_happens_to_a_ref_is_said_of_the_push(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    said = _push(clone, "origin", ":main").stderr
    assert "remote: planfence: the push refused" in said
    assert "REF001 refs/heads/main would be deleted" in said


def test_push_options_open_nothing(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    _, bad = _ids(clone)
    done = _push(clone, "-o", "ci.skip", "-o", "planfence.skip=1", "origin", f"{bad}:refs/heads/bad")
    assert done.returncode != 0
    assert "SCP001" in done.stderr


def test_a_tag_of_a_tree_and_a_branch_that_is_forced(repo, remote: str) -> None:
    clone = _clone(repo, remote, "clone")
    good, bad = _ids(clone)
    clone.git("tag", "of-a-tree", "HEAD^{tree}")
    assert "refs/tags/of-a-tree leads to no commit, so it can't be judged" in _push(clone, "origin", "of-a-tree").stderr
    assert _push(clone, "origin", f"{good}:refs/heads/topic").returncode == 0
    assert "SCP001" in _push(clone, "--force", "origin", f"{bad}:refs/heads/topic").stderr
    clone.git("commit", "-q", "--amend", "-m", f"feat: other words{TRAILERS}")
    assert _push(clone, "--force", "origin", "HEAD:refs/heads/topic").returncode == 0


def test_a_ledger_that_grows_and_one_that_is_put_back(repo, remote: str) -> None:
    """The own ledger goes up as `sync` sends it; back, or to another history, it does not."""
    clone = _clone(repo, remote, "clone")
    clone.begin("auth/guide")
    mine = clone.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger")
    first = clone.git("rev-parse", mine)
    assert _push(clone, "origin", mine).returncode == 0
    clone.begin("auth/guide")
    assert _push(clone, "origin", mine).returncode == 0
    done = _push(clone, "--force", "origin", f"{first}:{mine}")
    assert done.returncode != 0
    assert f"REF002 {mine} would lose entries that it has" in done.stderr
    assert clone.git("ls-remote", "origin", mine).split()[0] == clone.git("rev-parse", mine)


def test_a_ledger_stays_with_who_pushed_it_first(repo, remote: str) -> None:
    """Only a server that says who pushes can tell: `git daemon` never does."""
    if not remote.startswith("http"):
        pytest.skip("git daemon knows no users")
    clone = _clone(repo, remote, "clone")
    clone.begin("auth/guide")
    mine = clone.git("for-each-ref", "--format=%(refname)", "refs/planfence/ledger")
    for user, taken in (("ada", True), ("eve", False), ("", False), ("ada", True)):
        word = base64.b64encode(f"{user}:x".encode()).decode()
        clone.git("config", "http.extraHeader", f"Authorization: Basic {word}")
        done = _push(clone, "origin", mine)
        clone.begin("auth/guide")
        assert (done.returncode == 0) is taken, done.stderr
        assert ("belongs to another writer" in done.stderr) is not taken
