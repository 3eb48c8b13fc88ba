"""Every kind of clone: what git leaves out, where it keeps its folders, and the log that nothing takes away."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from planfence.log.writer import ignored_by, log_path

CODE = "def user():\n    return 2\n"


@pytest.fixture
def far(repo, tmp_path):
    """A remote that serves filters, with the policy, the plan, some history and a ledger."""
    repo.write("planfence.toml", "schema = 1\ntests.required = []\n")
    repo.write(".gitignore", "nothing\n")
    repo.commit("chore: no gate")
    for number in range(3):
        repo.write("docs/index.md", f"{number}\n")
        repo.commit("docs: x\n\nPlan-Task: auth/guide\nPlan-Stage: implement\nPlan-Model: human")
    bare = tmp_path / "far.git"
    repo.git("clone", "-q", "--bare", str(repo.root), str(bare))
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        repo.git("-C", str(bare), "config", key, "true")
    repo.git("push", "-q", "--no-verify", str(bare), "refs/planfence/*:refs/planfence/*")
    return f"file://{bare}"


def clone(repo, far: str, place: Path, *options: str):
    repo.git("clone", "-q", *options, far, str(place))
    return type(repo)(place, repo.variables)


def works(found) -> None:
    """Everyday work in a clone: sync, commits of a task that are accepted and refused, verify, the log."""
    base = found.git("rev-parse", "HEAD")
    done = found.planfence("sync")
    assert done.returncode == 0, done.stderr
    assert found.install().returncode == 0
    done = found.planfence("start", "auth/middleware")
    assert (done.returncode, "leads outside" in done.stderr) == (0, False), done.stderr
    for number in range(2):
        found.write("src/user.py", CODE + f"# {number}\n")
        found.git("commit", "-q", "-a", "-m", "feat: two")
    found.write("README.md", "more\n")
    found.git("commit", "-q", "-a", "-m", "docs: no", ok=False)
    found.git("checkout", "-q", "README.md")
    assert found.git("rev-list", "--count", f"{base}..HEAD") == "2"
    done = found.planfence("verify", f"{base}..HEAD")
    assert done.returncode == 0, done.stdout + done.stderr
    log = log_path(found.open(), ".ai-benchmark.csv")
    assert log is not None
    assert log.read_text().count("event=post-commit") == 2
    assert "1 tasks, 1 open" in found.planfence("report").stdout
    assert found.planfence("log", "add", "task=auth/middleware", "cost=1").returncode == 0
    assert found.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--filter=blob:none"],
        ["--filter=tree:0"],
        ["--filter=blob:none", "--no-checkout"],
        ["--single-branch"],
        ["--depth=1"],
        ["--separate-git-dir=apart.git"],
    ],
    ids=" ".join,
)
def test_a_clone_of_any_kind_works(repo, far: str, tmp_path, options: list[str]) -> None:
    options = [each.replace("apart.git", str(tmp_path / "apart.git")) for each in options]
    found = clone(repo, far, tmp_path / "clone", *options)
    if "--no-checkout" in options:
        found.git("checkout", "-q")
    works(found)


@pytest.mark.parametrize("kind", ["--filter=blob:none", "--filter=tree:0"])
def test_the_history_of_a_partial_clone_is_judged(repo, far: str, tmp_path, kind: str) -> None:
    found = clone(repo, far, tmp_path / "clone", kind)
    found.git("fetch", "-q", "origin", "refs/planfence/*:refs/planfence/*")
    found.planfence("sync")
    done = found.planfence("verify", "HEAD~3..HEAD")
    assert (done.returncode, "3 changes judged" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("name", [".bare", ".git"])
def test_a_bare_repository_with_worktrees(repo, far: str, tmp_path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    repo.git("clone", "-q", "--bare", far, str(home / name))
    if name == ".bare":
        (home / ".git").write_text("gitdir: ./.bare\n")
    repo.git("-C", str(home), "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repo.git("-C", str(home), "worktree", "add", "-q", str(home / "main"), "main")
    found = type(repo)(home / "main", repo.variables)
    works(found)
    assert (home / name / "planfence/.ai-benchmark.csv").is_file()
    assert not (home / ".ai-benchmark.csv").exists()
    assert "1 tasks, 1 open" in found.planfence("report", cwd=home).stdout


@pytest.mark.parametrize("kind", ["--bare", "--mirror"])
def test_a_push_from_a_clone_that_keeps_no_branches_of_the_remote_says_what_to_fetch(
    repo, far: str, tmp_path, kind: str
) -> None:
    repo.git("clone", "-q", kind, far, str(tmp_path / "b.git"))
    repo.git("-C", str(tmp_path / "b.git"), "worktree", "add", "-q", "-b", "mine", str(tmp_path / "w"), "main")
    found = type(repo)(tmp_path / "w", repo.variables)
    assert found.install().returncode == 0
    found.write("README.md", "one small change\n")
    found.commit("docs: small")
    zero, head = "0" * 40, found.git("rev-parse", "HEAD")
    line = f"refs/heads/mine {head} refs/heads/mine {zero}\n".encode()
    done = found.planfence("hook", "pre-push", "origin", far, stdin=line)
    assert done.returncode == 1  # a commit of the past that has been on the remote for long
    told = re.search("all commits are judged: `(.*)`", done.stderr)
    assert told, done.stderr
    subprocess.run(["sh", "-c", told[1]], cwd=found.root, env=found.variables, check=True, capture_output=True)
    done = found.planfence("hook", "pre-push", "origin", far, stdin=line)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "fetched", ["+refs/heads/*:refs/remotes/origin/*", "+refs/heads/main:refs/remotes/origin/main"]
)
def test_a_push_to_a_remote_without_branches_does_not_say_to_fetch_them(repo, tmp_path, fetched: str) -> None:
    repo.git("init", "-q", "--bare", str(tmp_path / "empty.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "empty.git"))
    repo.git("config", "remote.origin.fetch", fetched)
    repo.write("src/outside.py", CODE)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "feat: outside of any task")
    line = f"refs/heads/main {repo.git('rev-parse', 'HEAD')} refs/heads/main {'0' * 40}\n".encode()
    done = repo.planfence("hook", "pre-push", "origin", str(tmp_path / "empty.git"), stdin=line)
    assert (done.returncode, "all commits are judged" in done.stderr) == (1, False), done.stderr


def test_a_submodule_and_its_worktree(repo, far: str, tmp_path) -> None:
    super_ = type(repo)(tmp_path / "super", repo.variables)
    super_.root.mkdir()
    super_.git("init", "-q")
    super_.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", far, "lib")
    inner = type(repo)(super_.root / "lib", repo.variables)
    inner.git("checkout", "-q", "-B", "main")
    works(inner)
    inner.git("worktree", "add", "-q", "-b", "beside", str(tmp_path / "beside"))
    beside = type(repo)(tmp_path / "beside", repo.variables)
    assert log_path(beside.open(), ".ai-benchmark.csv") == super_.root / "lib/.ai-benchmark.csv"


def test_nothing_takes_the_log_away(repo) -> None:
    repo.git("rm", "-q", "--cached", ".gitignore")
    (repo.root / ".gitignore").unlink()
    repo.commit("chore: no ignore file")
    assert repo.install().returncode == 0
    exclude = repo.root / ".git/info/exclude"
    exclude.write_text("mine\n*.tmp")
    repo.start("auth/middleware")
    repo.write("src/user.py", CODE)
    repo.git("commit", "-q", "-a", "-m", "feat: two")
    log = repo.root / ".ai-benchmark.csv"
    before = log.read_text()
    assert exclude.read_text().startswith("mine\n*.tmp\n#")
    assert exclude.read_text().count("/.ai-benchmark.csv*") == 1
    repo.git("switch", "-q", "--orphan", "other")
    repo.write("x")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "x")
    assert repo.git("ls-files") == "x"
    repo.git("switch", "-q", "main")
    repo.git("clean", "-qfd")
    repo.write("src/user.py", CODE + "\n")
    repo.git("stash", "-q", "-u")
    repo.git("worktree", "add", "-q", "-b", "side", "../side")
    repo.git("worktree", "remove", "../side")
    assert log.read_text() == before
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["my log.csv", "a[b].csv", "logs/x*.csv", "#log", "!log"])
def test_any_name_of_a_log_is_ignored_and_no_other(repo, name: str) -> None:
    (repo.root / ".git/info/exclude").write_text(f"{ignored_by(name)}\n")
    for path, ignored in ((name, True), (f"{name}.lock", True), (f"x/{name}", False), ("axb.csv", False)):
        repo.write(path)
        listed = repo.git("status", "--porcelain", "-uall", "-z", "--", f":(literal){path}")
        assert (listed == "") == ignored, path


def test_a_sparse_clone_has_the_plans_that_it_leaves_out(repo, far: str, tmp_path) -> None:
    found = clone(repo, far, tmp_path / "sparse", "--sparse")
    assert not (found.root / "plans").exists()
    assert found.planfence("plan", "show", "auth").stdout == repo.planfence("plan", "show", "auth").stdout
    found.start("auth/middleware")
    said = found.planfence("doctor").stdout
    assert "ok     task " in said
    assert "plan new" not in said
    found.git("rm", "-q", "--sparse", "--cached", "plans/auth.toml")
    assert found.planfence("plan", "show", "auth").returncode == 2
