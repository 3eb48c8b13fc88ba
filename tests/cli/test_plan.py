"""`planfence plan` as a user types it: new, show, lint, schema."""

from __future__ import annotations

import json
import shlex

import pytest

FILLED = {
    'goal = "TODO: what is true when the plan is done"': 'goal = "Auth checks live in middleware"',
    "TODO: what this plan leaves alone": "token format",
    "TODO: what could go wrong": "codes differ",
    "TODO: what is done about it": "a contract test",
    "TODO: how to take it back": "revert the merge commit",
    "themes.TODO-name": "themes.auth",
    '"TODO/**"': '"src/auth/**", "tests/**"',
    'id = "TODO-name"': 'id = "extract"',
    "TODO: what the task does": "Extract the check",
    'theme = "TODO-name"': 'theme = "auth"',
    "TODO/new-file": "src/auth/middleware.py",
    "TODO: why it is needed": "the new home",
    "TODO/old-file": "src/user.py",
    "TODO/tests/**": "tests/auth/**",
    "TODO: what must be true": "No token gives 401",
    "TODO: the command that shows it": "pytest -q tests/auth",
}


def test_a_new_plan_lints_clean_once_it_is_filled_in(repo):
    done = repo.planfence("plan", "new", "auth-mw")
    assert (done.returncode, done.stdout) == (0, "plans/auth-mw.toml\n")
    assert "planfence plan lint auth-mw" in done.stderr
    done = repo.planfence("plan", "lint", "auth-mw")
    assert done.returncode == 1
    assert "placeholder-left" in done.stdout

    place = repo.root / "plans/auth-mw.toml"
    text = place.read_text("utf-8")
    for old, new in FILLED.items():
        assert old in text
        text = text.replace(old, new)
    place.write_text(text, "utf-8")
    done = repo.planfence("plan", "lint", "auth-mw")
    assert (done.returncode, done.stdout, done.stderr) == (0, "planfence: 1 plan, nothing to fix\n", "")


def test_new_never_overwrites(repo):
    before = (repo.root / "plans/auth.toml").read_bytes()
    done = repo.planfence("plan", "new", "auth")
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert (repo.root / "plans/auth.toml").read_bytes() == before


@pytest.mark.parametrize("plan_id", ["../x", "a b", ".hidden", "", "a/b", "x\n"])
def test_new_refuses_what_is_no_name(repo, plan_id):
    done = repo.planfence("plan", "new", plan_id)
    assert done.returncode == 2
    assert "can't be a plan's id" in done.stderr
    assert repo.git("status", "--porcelain") == ""


def test_new_follows_a_policy_that_is_not_committed_yet(empty_repo):
    done = empty_repo.planfence("plan", "new", "first")
    assert done.returncode == 2
    assert "planfence init" in done.stderr
    empty_repo.write("planfence.toml", 'schema = 1\nplans = "docs/plans"\n')
    assert empty_repo.planfence("plan", "new", "first").stdout == "docs/plans/first.toml\n"


def test_show(repo):
    done = repo.planfence("plan", "show", "auth")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in ("auth, version 1", "auth/middleware", "src/keys/**", "No token gives 401 (review)", "token format"):
        assert words in done.stdout
    assert repo.planfence("plan", "show").stdout == done.stdout
    repo.write("plans/b.toml", (repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "b"'))
    listed = repo.planfence("plan", "show").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["auth", "b"]
    repo.start("b/guide")
    assert repo.planfence("plan", "show").stdout.startswith("b, version 1")


def test_show_names_the_nearest_plan(repo):
    done = repo.planfence("plan", "show", "auht")
    assert done.returncode == 2
    assert "did you mean `auth`?" in done.stderr


def test_lint_takes_ids_files_and_nothing(repo):
    repo.git("mv", "README.md", "README")
    for names in ((), ("auth",), ("plans/auth.toml",), ("auth", "plans/auth.toml")):
        done = repo.planfence("plan", "lint", *names)
        assert (done.returncode, done.stdout) == (0, "planfence: 1 plan, nothing to fix\n"), done.stdout + done.stderr
    done = repo.planfence("plan", "lint", "auth.toml", cwd=repo.root / "plans")
    assert done.returncode == 0, done.stderr


def test_lint_findings_and_severities(repo):
    text = (repo.root / "plans/auth.toml").read_text()
    repo.write("plans/auth.toml", text.replace('out_of_scope = ["token format"]\n', ""))
    done = repo.planfence("plan", "lint")
    assert done.returncode == 1
    assert "plans/auth.toml:1:1: LNT005 nothing is out of scope [out-of-scope-missing]" in done.stdout
    assert "fix: name what this plan leaves alone" in done.stdout
    done = repo.planfence("plan", "lint", "--format", "json")
    assert [finding["code"] for finding in json.loads(done.stdout)["findings"]] == ["LNT005"]
    for output in ("github", "sarif", "junit"):
        assert "LNT005" in repo.planfence("plan", "lint", "--format", output).stdout
    repo.commit("chore: weigh", **{"planfence.toml": 'schema = 1\n[rules]\nLNT005 = "warn"\n'})
    done = repo.planfence("plan", "lint")
    assert done.returncode == 0
    assert "1 warning" in done.stdout


def test_lint_shows_all_faults_of_all_plans(repo):
    repo.write("plans/x.toml", "schema = 1\nid = 3\n")
    repo.write("plans/y.toml", b"\xff")
    done = repo.planfence("plan", "lint")
    assert done.returncode == 2
    for words in (
        "plans/x.toml:2:6: `id` is a whole number, not a string",
        "plans/x.toml:1:1: the file has no `goal`",
        "plans/y.toml:1:1: the byte 0xff is not UTF-8",
    ):
        assert words in done.stderr
    assert done.stderr.count("fix:") == 4
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["nothing", "plans/nothing.toml", "/etc/passwd.toml", "../x.toml"])
def test_lint_of_no_plan(repo, name):
    done = repo.planfence("plan", "lint", name)
    assert done.returncode == 2
    assert "hint:" in done.stderr


@pytest.mark.parametrize("kind", ["file", "folder", "dangling", "parent"])
def test_a_plan_behind_a_link_is_refused(repo, tmp_path, kind):
    good = repo.root / "plans/auth.toml"
    outside = tmp_path / "auth.toml"
    outside.write_bytes(good.read_bytes())
    if kind == "parent":
        (repo.root / "plans").rename(tmp_path / "plans")
        (repo.root / "plans").symlink_to(tmp_path / "plans")
    else:
        good.unlink()
        if kind == "folder":
            good.mkdir()
        else:
            good.symlink_to(outside if kind == "file" else tmp_path / "none")
    done = repo.planfence("plan", "lint", "auth")
    assert done.returncode == 2
    assert "plans/auth.toml: is not a regular file" in done.stderr


def test_outside_a_repository_and_in_a_bare_one(repo, tmp_path):
    done = repo.planfence("plan", "lint", cwd=tmp_path)
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    for words in (["lint"], ["show"], ["new", "x"], ["amend", "auth/guide", "--add", "x", "--why", "y"]):
        done = repo.planfence("plan", *words, cwd=tmp_path / "bare.git")
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("which", ["plan", "policy"])
def test_schema(repo, which):
    done = repo.planfence("plan", "schema", which)
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    if which == "plan":
        assert repo.planfence("plan", "schema").stdout == done.stdout


@pytest.mark.parametrize("kind", ["file", "link"])
def test_new_where_the_folder_is_none(repo, tmp_path, kind):
    repo.git("mv", "plans", "old")
    if kind == "file":
        repo.write("plans", "x")
    else:
        (tmp_path / "elsewhere").mkdir()
        (repo.root / "plans").symlink_to(tmp_path / "elsewhere")
    done = repo.planfence("plan", "new", "x")
    assert done.returncode == 2
    assert "plans is not a folder" in done.stderr


def test_start_wants_a_plan_that_lints_clean(repo):
    good = (repo.root / "plans/auth.toml").read_text().replace('id = "auth"', 'id = "new"')
    vague = good.replace('rollback = "Revert the merge commit"\n', "")
    repo.commit("chore: vague", **{"plans/new.toml": vague})
    done = repo.planfence("start", "new/middleware")
    assert done.returncode == 1
    assert "rollback-missing" in done.stdout + done.stderr
    repo.commit("chore: clear", **{"plans/new.toml": good.replace("version = 1", "version = 2")})
    assert repo.planfence("start", "new/middleware").returncode == 0


def test_nothing_starts_or_is_written_before_the_policy_is_committed(empty_repo):
    empty_repo.write("src/a.py")
    empty_repo.commit("feat: begin")
    assert empty_repo.planfence("init").returncode == 0
    words = ("plan", "new", "x", "--goal", "A", *(f"--files={each}" for each in ("src/*.py", "b/**", "c/*")), "--start")
    done = empty_repo.planfence(*words)
    assert done.returncode == 2
    assert not (empty_repo.root / "plans/x.toml").exists()
    command = shlex.split(done.stderr.partition("hint: ")[2].splitlines()[0])
    for line in (command[: command.index("&&")], command[command.index("&&") + 1 :]):
        empty_repo.git(*line[1:])
    assert empty_repo.planfence(*words).returncode == 0
    assert empty_repo.git("log", "-1", "--format=%s") == "docs: plan x"
