"""`status`: what a task has touched, counted from where it was started."""

from __future__ import annotations

from planfence.gate.status import status

TASK = "auth/middleware"


def seen(repo):
    found = status(repo.open(), TASK)
    return found.touched, found.outside


def test_what_the_task_does_not_list_is_outside(repo):
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("docs: before", **{"README.md": "# Before\n"})
    assert repo.planfence("start", TASK).returncode == 0
    repo.commit("feat: auth", **{"src/auth.py": "auth = 1\n"})
    repo.write("docs/new.md", "# New\n")
    assert seen(repo) == (("src/auth.py",), ("README.md", "docs/new.md"))


def test_a_task_first_started_here_counts_from_here(repo):
    plan = (repo.root / "plans/auth.toml").read_text().replace('id = "middleware"', 'id = "second"')
    repo.commit("chore: another task", **{"plans/auth.toml": plan.replace("version = 1", "version = 2")})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("docs: before", **{"README.md": "# Before\n"})
    assert repo.planfence("start", "auth/second").returncode == 0
    repo.commit("feat: auth", **{"src/auth.py": "auth = 1\n"})
    found = status(repo.open(), "auth/second")
    assert (found.touched, found.outside) == (("src/auth.py",), ())


def test_a_start_that_a_rebase_left_behind_counts_from_the_base(repo):
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("chore: more", **{"docs/more.md": "# More\n"})
    repo.begin("auth/guide")
    repo.git("commit", "-q", "--amend", "--no-verify", "-m", "docs: more, said better")
    assert "docs/more.md" in status(repo.open(), "auth/guide").touched
