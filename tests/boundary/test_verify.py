"""What `verify` judges when nobody says, and what it says besides."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support import program

from planfence.boundary import verify
from planfence.errors import PlanfenceError

TRAILERS = "\n\nPlan-Task: auth/middleware\nPlan-Stage: implement\nPlan-Model: human\n"


@pytest.fixture
def branch(repo):
    """`main` as the remote has it, a bad commit on `work`, and the remote as `origin`."""
    repo.write("planfence.toml", "schema = 1\n[tests]\nrequired = []\n")
    base = repo.commit("chore: no gate")
    repo.git("update-ref", "refs/remotes/origin/main", base)
    repo.git("checkout", "-q", "-b", "work")
    repo.write("evil.py")
    head = repo.commit(f"feat: x{TRAILERS}")
    return repo, base, head


def _event(repo, event: dict) -> str:
    return str(repo.write("../event.json", json.dumps(event)))


def _range(repo, **extra: str):
    return verify.default_range(repo.open(**extra))


def test_plain_git_starts_at_the_policys_base(branch) -> None:
    repo, base, head = branch
    assert (_range(repo).base, _range(repo).head) == (base, head)


def test_plain_git_prefers_the_remotes_head(branch) -> None:
    repo, _, head = branch
    first = repo.git("rev-parse", "main^")
    repo.git("update-ref", "refs/remotes/origin/trunk", first)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert (_range(repo).base, _range(repo).head) == (first, head)


def test_a_pull_request_on_github(branch) -> None:
    repo, base, head = branch
    repo.git("checkout", "-q", "--detach", base)
    event = _event(repo, {"pull_request": {"head": {"sha": head}}})
    found = _range(repo, GITHUB_ACTIONS="true", GITHUB_BASE_REF="main", GITHUB_EVENT_PATH=event)
    assert (found.base, found.head) == (base, head)


def test_a_push_to_the_protected_branch_is_judged_by_what_that_was(branch) -> None:
    repo, base, head = branch
    repo.git("update-ref", "refs/remotes/origin/main", head)
    event = _event(repo, {"before": base, "repository": {"default_branch": "main"}})
    found = _range(repo, GITHUB_ACTIONS="true", GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=event)
    assert (found.base, found.head) == (base, head)


def test_a_push_to_another_branch_is_judged_by_the_protected_one(branch) -> None:
    repo, base, head = branch
    event = _event(repo, {"before": head, "repository": {"default_branch": "main"}})
    found = _range(repo, GITHUB_ACTIONS="true", GITHUB_REF="refs/heads/work", GITHUB_EVENT_PATH=event)
    assert (found.base, found.head) == (base, head)


def test_a_merge_group(branch) -> None:
    repo, base, head = branch
    event = _event(repo, {"merge_group": {"base_sha": base}})
    found = _range(repo, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=event)
    assert (found.base, found.head) == (base, head)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"merge_group": {"base_sha": "1" * 40}},
        {"merge_group": {"base_sha": "--exec=x"}},
        {"before": "0" * 40, "repository": {"default_branch": "main"}},
        {"before": 7, "repository": []},
    ],
)
def test_an_event_that_does_not_say(branch, event: dict) -> None:
    repo, _, _ = branch
    with pytest.raises(PlanfenceError):
        _range(repo, GITHUB_ACTIONS="true", GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=_event(repo, event))


@pytest.mark.parametrize("text", ["", "[", "[]", "7"])
def test_an_event_file_that_can_not_be_read(branch, text: str) -> None:
    repo, _, _ = branch
    path = str(repo.write("../event.json", text))
    with pytest.raises(PlanfenceError):
        _range(repo, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=path)


def test_gitlab(branch) -> None:
    repo, base, head = branch
    found = _range(repo, GITLAB_CI="true", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert (found.base, found.head) == (base, head)
    found = _range(repo, GITLAB_CI="true", CI_COMMIT_BEFORE_SHA=base, CI_COMMIT_BRANCH="main", CI_DEFAULT_BRANCH="main")
    assert (found.base, found.head) == (base, head)
    found = _range(repo, GITLAB_CI="true", CI_COMMIT_BEFORE_SHA=head, CI_COMMIT_BRANCH="work", CI_DEFAULT_BRANCH="main")
    assert (found.base, found.head) == (base, head)
    with pytest.raises(PlanfenceError):
        _range(repo, GITLAB_CI="true", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="no-such")


@pytest.mark.parametrize("span", ["main", "..work", "main..", "main..no-such", "--all..work", "main..--exec=x"])
def test_a_span_that_is_none(branch, span: str) -> None:
    with pytest.raises(PlanfenceError):
        verify.verify(branch[0].open(), span)


def test_the_command_in_every_format(branch) -> None:
    repo, base, head = branch
    span = f"{base}..{head}"
    done = repo.planfence("verify", span)
    assert done.returncode == 1
    assert "evil.py" in done.stdout
    assert repo.planfence("verify", span, "--exit-zero").returncode == 0
    assert json.loads(repo.planfence("verify", span, "--format", "json").stdout)["refused"]
    assert json.loads(repo.planfence("verify", span, "--format", "sarif").stdout)["runs"][0]["results"]
    assert repo.planfence("verify", span, "--format", "github").stdout.startswith("::error ")
    assert ET.fromstring(repo.planfence("verify", span, "--format", "junit").stdout).get("failures") == "1"
    for output in ("sarif", "github", "junit", "gitlab"):  # a job's log has what the format has no place for
        said = repo.planfence("verify", span, "--format", output).stderr
        assert "note: as asked" in said
        assert "1 error" in said
        # An annotation is a line of the log itself, and says there what it is about.
        assert ("SCP001 evil.py" in said) is (output != "github")
    assert "::SCP001 evil.py: not in the files" in repo.planfence("verify", span, "--format", "github").stdout
    assert repo.planfence("verify", span, "--format", "json").stderr == ""


def test_exit_zero_never_hides_that_nothing_could_be_checked(branch) -> None:
    repo, base, _ = branch
    assert repo.planfence("verify", f"{base}..nowhere", "--exit-zero").returncode == 2


def test_it_says_that_hooks_were_passed_by_and_refuses_nothing_for_it(branch) -> None:
    repo, base, head = branch
    assert any("past the local hooks" in note for note in verify.verify(repo.open(), f"{base}..{head}").report.notes)
    repo.git("reset", "-q", "--hard", base)
    repo.write("src/auth.py")
    good = repo.commit("feat: x\n\nPlan-Task: auth/middleware\n")
    report = verify.verify(repo.open(), f"{base}..{good}").report
    assert not report.refused
    assert any(good[:12] in note for note in report.notes)
    repo.git("reset", "-q", "--hard", base)
    repo.write("src/auth.py")
    report = verify.verify(repo.open(), f"{base}..{repo.commit(f'feat: x{TRAILERS}')}").report
    assert not any("past the local hooks" in note for note in report.notes)


def test_the_action_and_the_recipes_name_what_there_is() -> None:
    root = Path(verify.__file__).resolve().parents[3]
    for name in ("action.yml", "docs/ci.md"):
        words = (root / name).read_text("utf-8")
        assert "planfence" in words
        assert "refs/planfence/*:refs/planfence/*" in words


def test_a_long_range_shows_how_far_it_is_at_a_terminal_and_nowhere_else(branch) -> None:
    """Progress goes to a terminal's standard error and is wiped; a pipe gets none of it."""
    repo, base, _ = branch
    parent = base
    for number in range(120):
        parent = repo.git("commit-tree", f"{base}^{{tree}}", "-p", parent, "-m", f"docs: {number}")
    words = ["verify", f"{base}..{parent}"]
    status, shown = program.run_at_terminal(words, repo.root, repo.variables, only_errors=True)
    assert status == 0
    assert b"100 commits" in shown
    assert shown.endswith(b"\r" + b" " * len("100 commits") + b"\r")
    piped = repo.planfence(*words)
    assert "\x1b" not in piped.stdout
    assert piped.stderr == ""
