"""Real pushes over the network: `git daemon` on loopback, a bare repository with the hook, clients without any."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"


def _has_daemon() -> bool:
    done = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return (Path(done.stdout.strip()) / "git-daemon").exists()


pytestmark = pytest.mark.skipif(not _has_daemon(), reason="this git has no daemon")


@pytest.fixture
def remote(repo, tmp_path: Path) -> Iterator[str]:
    """The URL of a served bare repository that holds `repo`'s main and ledger, with the hook installed."""
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    repo.commit("chore: no gate")
    served = tmp_path / "served"
    repo.git("clone", "-q", "--bare", str(repo.root), str(served / "project.git"))
    bare = type(repo)(served / "project.git", repo.variables)
    bare.git("fetch", "-q", str(repo.root), "refs/planfence/*:refs/planfence/*")
    bare.git("config", "receive.fsckObjects", "true")
    assert bare.planfence("install", "--server").returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={served}", "--export-all"]
    command += ["--enable=receive-pack", "--reuseaddr", str(served)]
    with subprocess.Popen(command, env=repo.variables, stderr=subprocess.DEVNULL) as daemon:
        url = f"git://127.0.0.1:{port}/project.git"
        for _ in range(200):
            if not subprocess.run(
                ["git", "ls-remote", url], env=repo.variables, capture_output=True, check=False
            ).returncode:
                break
            time.sleep(0.05)
        yield url
        daemon.terminate()


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
