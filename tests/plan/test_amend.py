"""`plan amend` on real repositories: one plan-only commit, index and worktree as they were."""

from __future__ import annotations

import os
import subprocess

import pytest
from support.program import stand_in

from tests.conftest import PLAN, Repo, environment

TASK = "auth/middleware"


def amend(repo, *adds, task=TASK, why="The session needs it", cwd=None, **extra):
    words = [word for path in adds for word in ("--add", path)]
    return repo.planfence("plan", "amend", task, *words, "--why", why, cwd=cwd, **extra)


def snapshot(repo):
    return repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), repo.git("status", "--porcelain", "-uno")


def state(repo):
    """Everything but the plan: index entries, staged and unstaged changes, untracked files."""
    listed = [line for line in repo.git("ls-files", "-s").splitlines() if not line.endswith("plans/auth.toml")]
    status = repo.git("status", "--porcelain", "-uall").replace("?? .ai-benchmark.csv\n", "")
    return listed, status, {p: p.read_bytes() for p in (repo.root / "src").rglob("*") if p.is_file()}


def test_a_plan_only_commit_that_leaves_everything_else(repo):
    repo.write("src/user.py", "staged\n")
    repo.write("src/extra.py", "new\n")
    repo.git("add", "src")
    repo.write("src/user.py", "edited after\n")
    repo.write("notes.txt", "untracked\n")
    before, head = state(repo), repo.git("rev-parse", "HEAD")

    done = amend(repo, "src/session.py")
    assert done.returncode == 0, done.stderr
    assert "plans/auth.toml is version 2" in done.stdout
    assert state(repo) == before
    assert repo.git("rev-parse", "HEAD^") == head
    assert repo.git("diff-tree", "--name-only", "-r", "HEAD^", "HEAD").splitlines()[-1:] == ["plans/auth.toml"]
    changed = repo.git("diff-tree", "-p", "-U0", "HEAD^", "HEAD").splitlines()
    lines = [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == [
        "-version = 1",
        "+version = 2",
        '+  { path = "src/session.py", why = "The session needs it" },',
    ]
    assert repo.git("diff", "--name-only", "HEAD", "--", "plans") == ""
    assert repo.git("diff", "--cached", "--name-only", "--", "plans") == ""
    assert repo.git("diff-files", "--name-only", "--", "plans") == ""
    assert repo.git("fsck", "--strict") == ""


def test_message_and_trailers(repo):
    amend(repo, "src/session.py", "src/x/**", why="  it\n\nfix: needs  it ", PLANFENCE_MODEL="claude")
    assert repo.git("cat-file", "commit", "HEAD").partition("\n\n")[2].splitlines() == [
        "chore: amend the plan auth",
        "",
        "Why: it fix: needs it",
        "",
        "The task's files now include:",
        "",
        "    src/session.py",
        "    src/x/**",
        "",
        "Plan-Task: auth/middleware",
        "Plan-Model: claude",
    ]
    trailers = repo.git("log", "-1", "--format=%(trailers:only,unfold)")
    assert trailers.split("\n")[:2] == ["Plan-Task: auth/middleware", "Plan-Model: claude"]


def test_the_check_accepts_it_and_what_it_allows(repo):
    assert amend(repo, "src/session.py").returncode == 0
    done = repo.planfence("check", "--commit", "HEAD")
    assert done.returncode == 0, done.stdout
    repo.start(TASK)
    repo.write("src/session.py")
    repo.git("add", "src/session.py")
    done = repo.planfence("check", "--staged")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("how", ["staged", "worktree", "deleted", "removed"])
def test_own_changes_of_the_plan_stop_it_before_anything(repo, how):
    place = repo.root / "plans/auth.toml"
    text = place.read_text()
    if how == "deleted":
        place.unlink()
    elif how == "removed":
        repo.git("rm", "-q", "--cached", "plans/auth.toml")
    else:
        place.write_text(text + "# mine\n")
    if how == "staged":
        repo.git("add", "plans")
        place.write_text(text)
    before = repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), repo.git("status", "--porcelain")
    done = amend(repo, "src/session.py")
    assert done.returncode == 2
    assert "changes of your own" in done.stderr
    assert "git restore" in done.stderr
    assert before == (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), repo.git("status", "--porcelain"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("auth/none", "x"), "the plan auth has no task none"),
        (("auht/guide", "x"), "there is no plan plans/auht.toml at HEAD"),
        (("guide", "x"), "guide names no task"),
        (("auth/middleware", "src/user.py"), "already allows src/user.py"),
        (("auth/middleware", "../x"), "`.` or `..` in a pattern"),
        (("auth/middleware", "src/keys/new"), "denies src/keys/new"),
    ],
)
def test_refusals_change_nothing(repo, words, message):
    before = repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s")
    change = ("--change", "modify") if "user" in words[1] else ()
    done = repo.planfence("plan", "amend", words[0], "--add", words[1], "--why", "w", *change)
    assert done.returncode == 2
    assert message in done.stderr
    assert "hint:" in done.stderr
    assert before == (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"))


def test_a_reason_is_needed(repo):
    done = amend(repo, "src/x", why=" \n")
    assert done.returncode == 2
    assert "needs a reason" in done.stderr


def test_unborn(empty_repo):
    empty_repo.write("planfence.toml", "schema = 1\n")
    empty_repo.write("plans/auth.toml", PLAN)
    done = amend(empty_repo, "src/session.py")
    assert done.returncode == 2
    assert "there is no commit yet" in done.stderr


def test_a_plan_that_is_not_committed(repo):
    repo.write("plans/new.toml", PLAN.replace('id = "auth"', 'id = "new"'))
    done = amend(repo, "src/session.py", task="new/guide")
    assert done.returncode == 2
    assert "it is not committed yet" in done.stderr


def test_detached(repo):
    repo.git("checkout", "-q", "--detach")
    main = repo.git("rev-parse", "main")
    done = amend(repo, "src/session.py")
    assert done.returncode == 0
    assert "HEAD is detached" in done.stderr
    assert repo.git("rev-parse", "main") == main == repo.git("rev-parse", "HEAD^")


def test_in_a_linked_worktree(repo, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "work", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked", repo.variables)
    linked.write("src/user.py", "staged\n")
    linked.git("add", "src")
    before, main = state(linked), state(repo)
    done = amend(linked, "src/session.py", cwd=linked.root / "src")
    assert done.returncode == 0, done.stderr
    assert state(linked) == before
    assert state(repo) == main
    assert repo.git("rev-parse", "main") == linked.git("rev-parse", "HEAD^")


def test_sha256(tmp_path):
    repo = Repo(tmp_path / "r", environment(tmp_path))
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.write("planfence.toml", "schema = 1\n")
    repo.write("plans/auth.toml", PLAN)
    repo.commit("chore: begin")
    assert amend(repo, "src/session.py").returncode == 0
    assert repo.git("status", "--porcelain", "-uno") == ""
    assert repo.git("fsck", "--strict") == ""


def test_a_plan_deep_down_and_odd_neighbours(repo):
    repo.write("planfence.toml", 'schema = 1\nplans = "docs/ä b/plans"\n')
    repo.write("docs/ä b/plans/auth.toml", PLAN)
    repo.write("docs/ä b/new\nline", "x")
    os.symlink("nowhere", repo.root / "docs/link")
    repo.git("rm", "-q", "-r", "plans")
    repo.commit("chore: move")
    before = repo.git("ls-tree", "-r", "-z", "HEAD")
    done = amend(repo, "src/session.py")
    assert done.returncode == 0, done.stderr
    after = repo.git("ls-tree", "-r", "-z", "HEAD")
    assert len(set(before.split("\0")) ^ set(after.split("\0"))) == 2
    assert repo.git("status", "--porcelain", "-uno") == ""


def test_line_ends_of_the_worktree(repo):
    repo.git("config", "core.autocrlf", "true")
    (repo.root / "plans/auth.toml").unlink()
    repo.git("checkout", "--", "plans")
    assert b"\r\n" in (repo.root / "plans/auth.toml").read_bytes()
    done = amend(repo, "src/session.py")
    assert done.returncode == 0, done.stderr
    data = (repo.root / "plans/auth.toml").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    assert "\r" not in repo.git("cat-file", "-p", "HEAD:plans/auth.toml")
    assert repo.git("status", "--porcelain", "-uno") == ""


def test_sparse_worktree(repo):
    repo.git("status")  # the copied files have new inodes
    repo.git("sparse-checkout", "set", "--cone", "src")
    assert "exists already" in repo.planfence("plan", "new", "auth").stderr
    assert not (repo.root / "plans").exists()
    done = amend(repo, "src/session.py")
    assert done.returncode == 0, done.stderr
    assert not (repo.root / "plans").exists()
    assert repo.git("status", "--porcelain", "-uno") == ""
    assert repo.git("ls-files", "-t", "plans").startswith("S ")


def test_signs_where_commits_are_signed(repo, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    repo.git("config", "commit.gpgsign", "true")
    done = amend(repo, "src/session.py")
    assert done.returncode == 0, done.stderr
    assert "gpgsig -----BEGIN SSH SIGNATURE" in repo.git("cat-file", "commit", "HEAD")


def test_a_key_that_fails_changes_nothing(repo, tmp_path):
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(tmp_path / "none"))
    repo.git("config", "commit.gpgsign", "true")
    before = repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s")
    done = amend(repo, "src/session.py")
    assert done.returncode == 3
    assert before == (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"))


def test_in_the_middle_of_a_merge(repo):
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("feat: other", **{"src/other.py": "x\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("feat: main", **{"src/main.py": "x\n"})
    repo.git("merge", "-q", "--no-commit", "other")
    done = amend(repo, "src/session.py")
    assert done.returncode == 2
    assert "a merge is under way" in done.stderr


def test_a_locked_index_changes_nothing(repo):
    (repo.root / ".git/index.lock").touch()
    head, data = repo.git("rev-parse", "HEAD"), (repo.root / "plans/auth.toml").read_bytes()
    done = amend(repo, "src/session.py")
    assert done.returncode == 3
    assert (repo.git("rev-parse", "HEAD"), (repo.root / "plans/auth.toml").read_bytes()) == (head, data)


def test_a_branch_that_can_not_move_is_put_back(repo):
    (repo.root / ".git/refs/heads/main.lock").touch()
    before = snapshot(repo)
    done = amend(repo, "src/session.py")
    assert done.returncode == 3
    assert before == snapshot(repo)


def test_it_is_in_the_log(repo):
    amend(repo, "src/session.py", PLANFENCE_MODEL="claude")
    (line,) = (repo.root / ".ai-benchmark.csv").read_text().splitlines()
    for words in ("task=auth/middleware", "model=claude", "event=amend", "result=accepted"):
        assert words in line


def test_several_in_a_row(repo):
    for number in range(3):
        assert amend(repo, f"src/s{number}.py").returncode == 0
    assert "version = 4" in (repo.root / "plans/auth.toml").read_text()
    assert repo.planfence("check", "--range", "HEAD~3..HEAD").returncode == 0


@pytest.mark.parametrize("same", [True, False], ids=["one path", "several"])
def test_several_at_once(repo, same):
    """Whoever comes second sees what the first one did, and takes nothing of it back."""
    running = [
        subprocess.Popen(
            [stand_in("planfence"), "plan", "amend", TASK, "--add", f"src/s{each}.py", "--why", "x"],
            cwd=repo.root, env=repo.variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for each in ([0] * 4 if same else range(4))
    ]  # fmt: skip
    done = [process.wait() for process in running]
    assert sorted(done) == ([0, 2, 2, 2] if same else [0, 0, 0, 0])
    assert f"version = {2 if same else 5}" in (repo.root / "plans/auth.toml").read_text()
    assert not repo.git("status", "--porcelain", "-uno")


def test_a_model_without_the_role_changes_nothing(repo):
    before = snapshot(repo)
    done = amend(repo, "src/session.py", PLANFENCE_MODEL="codex")
    assert done.returncode == 1
    assert "model-not-assigned" in done.stderr
    assert "nothing was committed" in done.stderr
    assert before == snapshot(repo)


def test_bytes_that_toml_can_not_name(repo):
    before = snapshot(repo)
    done = amend(repo, "src/\udcff.py")
    assert done.returncode == 2
    assert "not UTF-8" in done.stderr
    assert before == snapshot(repo)
    done = amend(repo, "src/a.py", why="\x1b[31m\udcff ok")
    assert done.returncode == 0
    assert "Why: [31m ok" in repo.git("log", "-1", "--format=%B")


@pytest.mark.parametrize("kind", ["symlink", "gitlink"])
def test_a_plan_that_is_no_file_at_head(repo, kind):
    repo.git("rm", "-q", "plans/auth.toml")
    if kind == "symlink":
        repo.write("elsewhere.toml", PLAN)
        (repo.root / "plans").mkdir(exist_ok=True)
        (repo.root / "plans/auth.toml").symlink_to("../elsewhere.toml")
        repo.git("add", "-A")
    else:
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},plans/auth.toml")
    repo.git("commit", "-q", "-m", "chore: no file")
    before = snapshot(repo)
    done = amend(repo, "src/session.py")
    assert done.returncode == 2
    assert "is not a regular file" in done.stderr
    assert before == snapshot(repo)
