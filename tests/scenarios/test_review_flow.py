"""A review as it goes: held back, answered with evidence, sent back, answered again, done."""

from __future__ import annotations

import json

import pytest

POINTS = ("architecture", "edge-cases", "risks", "scope", "A1")


def answers(**changed):
    given = [{"id": name, "met": True, "evidence": f"read src/user.py:1 for {name}"} for name in POINTS]
    return json.dumps(
        {"answers": [each | changed.get(each["id"], {}) for each in given], "notes": "read twice"}
    ).encode()


@pytest.fixture
def reviewed(repo):
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: tests", "--no-verify")
    repo.git("checkout", "-q", "-b", "work")
    assert repo.planfence("start", "auth/middleware").returncode == 0
    repo.write("src/user.py", "def user():\n    return 2\n")
    repo.git("add", "-A")
    trailers = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"
    repo.git("commit", "-q", "--no-verify", "-m", f"fix: user\n\n{trailers}")
    assert repo.planfence("test").returncode == 0
    done = repo.planfence("advance")
    assert done.returncode == 0, done.stderr
    return repo


def test_a_review_is_a_record(reviewed):
    claude = {"PLANFENCE_MODEL": "claude"}
    assert reviewed.planfence("finish", **claude).returncode == 1
    thin = reviewed.planfence("review", "--json", "-", stdin=answers(A1={"evidence": "LGTM"}), **claude)
    assert thin.returncode == 2
    assert "is not evidence" in thin.stderr
    unmet = reviewed.planfence("review", "--json", "-", stdin=answers(A1={"met": False}), **claude)
    assert unmet.returncode == 0, unmet.stderr
    assert "not met: A1" in unmet.stdout
    assert reviewed.planfence("finish", **claude).returncode == 1
    met = reviewed.planfence("review", "--json", "-", stdin=answers(), **claude)
    assert "all met" in met.stdout
    done = reviewed.planfence("finish", **claude)
    assert done.returncode == 0, done.stderr
    ref = reviewed.git("for-each-ref", "--format=%(refname)", "refs/planfence/kept")
    log = reviewed.git("log", "--format=%H", ref).splitlines()
    notes = [reviewed.git("show", f"{commit}:review.md", ok=False) for commit in log]
    assert any("read twice" in note for note in notes)


def test_a_checklist_by_file_and_rework_out_of_it(reviewed):
    claude = {"PLANFENCE_MODEL": "claude"}
    empty = reviewed.planfence("review", "--checklist", **claude).stdout
    filled = "\n".join(f"{line}src/user.py:2" if line.startswith("- [ ]") else line for line in empty.splitlines())
    given = reviewed.planfence("review", "--file", "-", stdin=filled.encode(), **claude)
    assert given.returncode == 0, given.stderr
    assert "planfence rework --why" in given.stdout
    back = reviewed.planfence("rework", "--why", "A1: 401 is missing", **claude)
    assert back.returncode == 0, back.stderr
    assert "## It was sent back\n\nA1: 401 is missing" in reviewed.planfence("prompt", "implement").stdout


@pytest.mark.parametrize("point", POINTS)
def test_whatever_a_reviewer_found_wanting_holds(reviewed, point):
    claude = {"PLANFENCE_MODEL": "claude"}
    unmet = reviewed.planfence("review", "--json", "-", stdin=answers(**{point: {"met": False}}), **claude)
    assert unmet.returncode == 0, unmet.stderr
    held = reviewed.planfence("advance", **claude)
    assert held.returncode == 1
    assert f"found {point} not met" in held.stderr
    # Another tree forgets nothing.
    reviewed.write(
        "plans/auth.toml", (reviewed.root / "plans/auth.toml").read_text().replace("version = 1", "version = 2")
    )
    reviewed.git("commit", "-qam", "docs: the plan", "--no-verify")
    assert reviewed.planfence("test").returncode == 0
    assert f"found {point} not met" in reviewed.planfence("advance", **claude).stderr
    assert reviewed.planfence("review", "--json", "-", stdin=answers(), **claude).returncode == 0
    done = reviewed.planfence("advance", **claude)
    assert done.returncode == 0, done.stderr


def test_a_task_is_closed_only_where_its_work_is(reviewed, tmp_path):
    claude = {"PLANFENCE_MODEL": "claude"}
    other = tmp_path / "other"
    reviewed.git("worktree", "add", "-q", "-b", "elsewhere", str(other), "main")

    def there(*words, **more):
        return reviewed.planfence(*words, cwd=other, **claude, **more)

    assert there("test", "auth/middleware").returncode == 0
    refused = there("review", "auth/middleware", "--json", "-", stdin=answers())
    assert refused.returncode == 1
    assert "does not hold" in refused.stderr
    assert "GAT002" in there("advance", "auth/middleware").stderr
    assert there("finish", "auth/middleware").returncode == 1
    # What a rebase or a squash made of it is the same work.
    reviewed.git("-C", str(other), "merge", "-q", "--squash", "work")
    trailers = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"
    reviewed.git("-C", str(other), "commit", "-q", "--no-verify", "-m", f"fix: user\n\n{trailers}")
    assert there("test", "auth/middleware").returncode == 0
    done = there("review", "auth/middleware", "--json", "-", stdin=answers())
    assert done.returncode == 0, done.stderr
    assert there("advance", "auth/middleware").returncode == 0


def test_a_task_goes_to_review_only_where_its_work_is(repo, tmp_path):
    repo.write("planfence.toml", 'schema = 1\n[tests]\ncommand = "true"\nmin_tests = 0\n')
    repo.git("commit", "-qam", "chore: tests", "--no-verify")
    repo.git("checkout", "-q", "-b", "work")
    other = tmp_path / "other"
    repo.git("worktree", "add", "-q", "-b", "elsewhere", str(other), "main")
    assert repo.planfence("start", "auth/middleware").returncode == 0
    repo.write("src/user.py", "def user():\n    return 2\n")
    repo.git("add", "-A")
    trailers = "Plan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human"
    repo.git("commit", "-q", "--no-verify", "-m", f"fix: user\n\n{trailers}")
    assert repo.planfence("test", "auth/middleware", cwd=other).returncode == 0
    held = repo.planfence("advance", "auth/middleware", cwd=other)
    assert held.returncode == 1
    assert "another worktree has work on auth/middleware" in held.stderr
    repo.git("-C", str(other), "cherry-pick", "work")
    assert repo.planfence("test", "auth/middleware", cwd=other).returncode == 0
    done = repo.planfence("advance", "auth/middleware", cwd=other)
    assert done.returncode == 0, done.stderr
