"""A task's own worktree: made in one command, and taken away only if nothing is lost with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import program
from support.gate import CLAUDE, reviewed
from support.repository import Repo

from planfence.files.state import read_active_task
from planfence.gate import stage, taskworktree
from planfence.judge.situation import look

TASK = "auth/middleware"
TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"


@pytest.fixture
def linking(repo):
    """A repository whose tests need folders that are expensive to make; git ignores one of them as a folder only."""
    repo.commit(
        "chore: links",
        **{
            "planfence.toml": 'schema = 1\n[tests]\nlinks = [".venv", "node_modules"]\nrequired = ["push"]\n',
            ".gitignore": ".ai-benchmark.csv*\n.ai-run.log*\nnode_modules/\n.venv\n*.pyc\n",
        },
    )
    repo.write("node_modules/left/pad.js")
    repo.write(".venv/pyvenv.cfg")
    return repo


def test_one_command_makes_branch_and_worktree_and_starts_the_task(linking):
    done = linking.planfence("start", TASK, "--worktree")
    assert done.returncode == 0, done.stderr
    top = linking.root.parent / "repo-middleware"
    assert done.stdout.splitlines()[-1] == f"cd {top}"
    place = Repo(top, linking.variables)
    assert place.git("symbolic-ref", "--short", "HEAD") == TASK
    assert place.planfence("status").returncode == 0
    assert (top / "node_modules/left/pad.js").exists()
    assert os.readlink(top / ".venv") == str(linking.root / ".venv")
    assert place.git("status", "--porcelain") == ""  # the links are not new files
    assert "protected" not in done.stderr
    again = linking.planfence("start", TASK, "--worktree", "../other")
    assert (again.returncode, (linking.root.parent / "other").exists()) == (2, False)
    assert linking.git("status", "--porcelain") == ""


def test_what_is_refused_leaves_nothing_behind(repo):
    refused = repo.planfence("start", TASK, "--worktree", PLANFENCE_MODEL="codex")
    assert refused.returncode == 1
    assert repo.git("worktree", "list").count("\n") == 0
    assert repo.git("branch", "--list", TASK) == ""
    full = repo.root.parent / "full"
    full.mkdir()
    (full / "mine").write_text("x")
    for place in (full, full / "mine/in-a-file"):
        assert repo.planfence("start", TASK, "--worktree", str(place)).returncode == 2
    assert repo.git("branch", "--list", TASK) == ""
    assert (full / "mine").read_text() == "x"


def test_who_starts_second_takes_nothing_of_the_first(repo):
    """The first one's branch and worktree come up just before the second makes its own."""
    first = repo.root.parent / "first"
    between = (
        "from planfence.gitio.run import Git; told = Git.status\n"
        "def status(git, *words, **more):\n"
        "    found = told(git, *words, **more)\n"
        "    if words[0] == 'show-ref': told(git, 'worktree', 'add', '-q', '-b', words[-1][11:], FIRST, ok=(0,))\n"
        "    return found\n"
        "Git.status = status\n"
    ).replace("FIRST", repr(str(first)))
    done = program.run(["start", TASK, "--worktree", "../second"], repo.root, repo.variables, prepare=between)
    assert done.returncode == 2
    assert "made no branch auth/middleware" in done.stderr
    assert Repo(first, repo.variables).git("rev-parse", TASK) == repo.git("rev-parse", "HEAD")
    assert not (repo.root.parent / "second").exists()


def test_start_on_the_protected_branch_says_so(repo):
    assert "main is protected" in repo.planfence("start", TASK).stderr


@pytest.fixture
def merged(linking):
    """A finished task whose branch is merged, in its own worktree."""
    linking.planfence("start", TASK, "--worktree")
    place = Repo(linking.root.parent / "repo-middleware", linking.variables)
    place.commit("feat: auth" + TRAILERS, **{"src/auth.py": "auth = 1\n"})
    assert not stage.advance(look(place.open())).refused
    assert not reviewed(place).refused
    assert place.planfence("finish", **CLAUDE).returncode == 0
    linking.git("merge", "-q", "--no-verify", "--no-ff", "--no-edit", TASK)
    return place


def test_a_merged_and_clean_worktree_is_taken_away(linking, merged):
    (linking.root / "node_modules/left/pad.js").write_text("kept")
    done = linking.planfence("finish", TASK, "--remove")
    assert done.returncode == 0, done.stderr
    assert not merged.root.exists()
    assert linking.git("branch", "--list", TASK) == ""
    assert (linking.root / "node_modules/left/pad.js").read_text() == "kept"
    assert (linking.root / ".ai-benchmark.csv").read_text().count("event=finish") == 1


def test_from_inside_and_after_a_squash_the_branch_stays(linking, merged):
    linking.git("reset", "-q", "--hard", "HEAD~1")
    linking.git("merge", "-q", "--squash", TASK)
    linking.git("commit", "-q", "--no-verify", "-m", "feat: auth")
    done = merged.planfence("finish", "--remove")
    assert (done.returncode, merged.root.exists()) == (0, False), done.stderr
    assert linking.git("branch", "--list", TASK).strip() == TASK


@pytest.mark.parametrize("rebasing", [False, True])
def test_a_branch_that_another_worktree_stands_on_is_kept(linking, merged, rebasing):
    linking.git("worktree", "add", "-q", "--force", "../second", TASK)
    if rebasing:
        second = Repo(linking.root.parent / "second", linking.variables)
        second.git("-c", "sequence.editor=sed -i 1ibreak", "rebase", "-q", "-i", "HEAD~1")
    done = linking.planfence("finish", TASK, "--remove")
    assert (done.returncode, merged.root.exists()) == (0, False), done.stderr
    assert linking.git("branch", "--list", TASK)[2:] == TASK


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("BISECT_START", b"mine\n", True),
        ("BISECT_START", b"other\n", False),
        ("rebase-apply/head-name", b"refs/heads/mine\n", True),
        ("rebase-merge/head-name", b"refs/heads/caf\xe9\n", False),
    ],
)
def test_a_branch_that_another_worktree_comes_back_to_is_kept_as_by_git(repo, name, said, kept):
    repo.git("branch", "mine")
    repo.git("worktree", "add", "-q", "--detach", "../second")
    place = repo.root / ".git/worktrees/second" / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(said)
    (repo.root / ".git/worktrees/second/BISECT_LOG").touch()  # by which git knows a bisect
    opened = repo.open()
    assert taskworktree._delete(opened, "mine", repo.git("rev-parse", "HEAD")) is not kept
    if kept:
        assert opened.git.status("branch", "-D", "mine", ok=range(256))[0] != 0


def _write(path: str, text: str = "mine\n"):
    return lambda place: place.write(path, text)


def test_a_commit_that_comes_while_the_worktree_is_taken_away_is_kept(linking, merged):
    """The worktree is clean again, and its branch is past what was looked at."""
    between = (
        "from planfence.gate import taskworktree as here; own = here._remove\n"
        "def remove(repository, *more):\n"
        "    repository.git.run('commit', '-q', '--no-verify', '--allow-empty', '-m', 'feat: late')\n"
        "    return own(repository, *more)\n"
        "here._remove = remove\n"
    )
    done = program.run(["finish", TASK, "--remove"], linking.root, linking.variables, prepare=between)
    assert (done.returncode, merged.root.exists()) == (0, False), done.stderr
    assert linking.git("log", "-1", "--format=%s", TASK) == "feat: late"


WORK = {
    "modified": _write("src/auth.py"),
    "staged": lambda place: (place.write("src/auth.py", "mine\n"), place.git("add", "src/auth.py")),
    "untracked": _write("src/new.py"),
    "ignored": _write("src/auth.pyc"),
    "ignored folder": lambda place: ((place.root / "node_modules").unlink(), place.write("node_modules/a")),
    "hidden": lambda place: (place.git("update-index", "--skip-worktree", "src/auth.py"), place.write("src/auth.py")),
    "assumed": lambda place: (place.git("update-index", "--assume-unchanged", "README.md"), place.write("README.md")),
    "unmerged": lambda place: place.commit("feat: more" + TRAILERS, **{"src/auth.py": "auth = 2\n"}),
    "detached": lambda place: (place.git("checkout", "-q", "--detach"), place.commit("feat: x", **{"src/auth.py": ""})),
    "locked": lambda place: place.git("worktree", "lock", str(place.root)),
    "other task": lambda place: place.start("auth/guide"),
    "own ref": lambda place: place.git("update-ref", "refs/worktree/mine", "HEAD"),
    "submodules": lambda place: (Path(place.git("rev-parse", "--absolute-git-dir")) / "modules").mkdir(),
    "in a merge": lambda place: (Path(place.git("rev-parse", "--git-dir")) / "MERGE_HEAD").write_text("0" * 40),
}  # fmt: skip


@pytest.mark.parametrize("kind", WORK)
def test_work_is_never_taken_away(linking, merged, kind):
    WORK[kind](merged)
    before = {path: path.read_bytes() for path in merged.root.rglob("*") if path.is_file()}
    head = merged.git("rev-parse", "HEAD")
    done = merged.planfence("finish", TASK, "--remove")
    assert (done.returncode, "stays:" in done.stderr) == (1, True), done.stdout
    assert {path: path.read_bytes() for path in merged.root.rglob("*") if path.is_file()} == before
    assert (merged.git("rev-parse", "HEAD"), linking.git("branch", "--list", TASK)[2:]) == (head, TASK)


def test_the_main_worktree_stays(repo):
    repo.planfence("start", TASK)
    done = repo.planfence("finish", "--remove")
    assert (done.returncode, read_active_task(repo.root / ".git/planfence")) == (2, TASK)
